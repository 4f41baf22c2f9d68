"""Reading source files: what comes through, and what is refused in one line."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ragkit.errors import CorpusError
from ragkit.load import MAX_BYTES, find_files, load, read_source
from ragkit.types import Document, DocumentStatus


def _load(folder: Path, name: str, data: bytes) -> Document:
    path = folder / name
    path.write_bytes(data)
    return load(read_source(path))


def test_text_is_kept_as_it_stands(tmp_path: Path) -> None:
    text = "A heading\n\n  Some **bold** text – with a dash.\n"
    assert _load(tmp_path, "a.txt", text.encode()).text == text


@pytest.mark.parametrize(
    ("encoding", "warned"),
    [("utf-8-sig", False), ("utf-16", False), ("cp1252", True)],
)
def test_other_encodings_are_read(tmp_path: Path, encoding: str, warned: bool) -> None:
    text = "The café in Orrin Bay costs £9 a visit, said the manager’s report.\n" * 20
    document = _load(tmp_path, "a.txt", text.encode(encoding))
    assert document.text == text
    assert bool(document.warnings) == warned


def test_line_ends_become_one_kind(tmp_path: Path) -> None:
    assert _load(tmp_path, "a.txt", b"one\r\ntwo\rthree").text == "one\ntwo\nthree"


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.txt", b"", "is empty"),
        ("a.txt", b" \n\t ", "is empty"),
        ("a.txt", bytes(range(256)) * 40, "text"),
        ("a.txt", b"PK\x03\x04\x00\x00\x08\x00" * 50, "text"),
        ("a.exe", b"MZ", "unknown format"),
        ("a.md", b"---\ntitle: [\n---\ntext\n", "front matter"),
        ("a.md", b"---\nid: x\ntitle: y\nlicence: z\n---\ntext\n", "licence"),
        ("a.md", b"---\nid: x\ntitle: y\n---\n \n", "holds no text"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(
    tmp_path: Path, name: str, data: bytes, says: str
) -> None:
    with pytest.raises(CorpusError, match=says) as caught:
        _load(tmp_path, name, data)
    assert "\n" not in str(caught.value)


def test_a_file_over_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "big.txt"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(CorpusError, match="limit"):
        read_source(path)


def test_the_register_gives_a_file_its_id_and_title(small_corpus: Path) -> None:
    document = load(read_source(small_corpus / "harbour-review.txt"))
    assert (document.id, document.publisher, document.date) == (
        "harbour-2021",
        "Harbour Trust",
        "2021-03",
    )


def test_a_register_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sources.toml").write_text('[[source]]\nfile="a.txt"\nid="a"\ntitle="A"\nx=1\n')
    with pytest.raises(CorpusError, match="register"):
        _load(tmp_path, "a.txt", b"text")


def test_front_matter_describes_a_note_and_is_not_its_text(small_corpus: Path) -> None:
    document = load(read_source(small_corpus / "garden-note.md"))
    assert document.is_note
    assert document.id == "garden-2020"
    assert "front" not in document.text
    assert "source_file" not in document.text


def test_the_register_fills_in_what_front_matter_leaves_out(small_corpus: Path) -> None:
    document = load(read_source(small_corpus / "garden-note.md"))
    assert document.title == "Gardens for Recovery"  # the front matter's
    assert (document.period, document.areas) == ("2016/2019", ("orrin",))  # the register's
    assert document.status is DocumentStatus.HISTORICAL


def test_an_entry_that_changes_changes_the_hash(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("text")
    before = read_source(path).content_hash
    (tmp_path / "sources.toml").write_text('[[source]]\nfile = "a.txt"\nid = "a"\ntitle = "A"\n')
    assert read_source(path).content_hash != before


def test_a_folder_is_searched_and_readme_files_are_left_out(tmp_path: Path) -> None:
    for name in ("b.md", "a.txt", "README.md", "c.pdf", ".hidden.txt"):
        (tmp_path / name).write_text("text")
    assert [p.name for p in find_files([tmp_path])] == ["a.txt", "b.md"]


def test_a_folder_may_be_named_from_below(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("text")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert [p.name for p in find_files([Path("..")])] == ["a.txt"]


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="does not exist"):
        find_files([tmp_path / "nowhere"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(data=st.binary(max_size=400), ending=st.sampled_from([".txt", ".md"]))
def test_any_bytes_load_or_are_refused(tmp_path: Path, data: bytes, ending: str) -> None:
    try:
        document = _load(tmp_path, f"any{ending}", data)
    except CorpusError:
        return
    assert document.text.strip()
