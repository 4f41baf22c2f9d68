"""Ingestion: only what changed is done again, and nothing is lost."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ragkit.config import Config
from ragkit.embed import Passages, PassageVectors, SentenceTransformerEmbedder
from ragkit.errors import CorpusError
from ragkit.index import Library, open_library
from ragkit.ingest import IngestResult, ingest


class CountingEmbedder:
    """The real embedder, counting the passages that it is given."""

    def __init__(self, inner: SentenceTransformerEmbedder) -> None:
        self._inner, self.count = inner, 0
        self.model_id, self.dimension = inner.model_id, inner.dimension

    def embed(self, texts: list[str]) -> np.ndarray:
        return self._inner.embed(texts)

    def embed_passages(self, passages: Passages) -> PassageVectors:
        self.count += len(passages.texts)
        return self._inner.embed_passages(passages)


class Place:
    """A corpus and an index of a test's own."""

    def __init__(self, folder: Path, corpus: Path, embedder: SentenceTransformerEmbedder) -> None:
        self.corpus = Path(shutil.copytree(corpus, folder / "corpus"))
        self.config = Config(index=str(folder / "index"))
        self.embedder = CountingEmbedder(embedder)

    def ingest(self, *paths: Path) -> IngestResult:
        self.embedder.count = 0
        return ingest(paths or [self.corpus], self.config, embedder=self.embedder)  # type: ignore[arg-type]

    def open(self) -> Library:
        return open_library(self.config.index_dir, embedder=self.embedder.model_id)

    def outcomes(self, result: IngestResult) -> dict[str, str]:
        return {r.source_file: r.outcome for r in result.reports}


@pytest.fixture
def place(tmp_path: Path, small_corpus: Path, embedder: SentenceTransformerEmbedder) -> Place:
    return Place(tmp_path, small_corpus, embedder)


def test_a_second_run_embeds_nothing_and_keeps_the_digest(place: Place) -> None:
    first = place.ingest()
    assert set(place.outcomes(first).values()) == {"added"}
    second = place.ingest()
    assert place.embedder.count == 0
    assert second.digest == first.digest
    assert set(place.outcomes(second).values()) == {"unchanged"}


def test_the_same_corpus_gives_the_same_index(place: Place, tmp_path: Path) -> None:
    place.ingest()
    one = place.open()
    place.config = Config(index=str(tmp_path / "other"))
    place.ingest()
    other = place.open()
    assert (one.digest, list(one.chunks)) == (other.digest, list(other.chunks))


def test_a_changed_file_embeds_only_its_changed_chunks(place: Place) -> None:
    place.ingest()
    file = place.corpus / "harbour-review.txt"
    file.write_text(file.read_text().replace("£9,400", "£9,500"))
    result = place.ingest()
    assert place.outcomes(result)["harbour-review.txt"] == "updated"
    assert place.embedder.count == 1
    assert any("£9,500" in s.text for s in place.open().sentences.values())


def test_a_file_that_left_its_folder_leaves_no_trace(place: Place) -> None:
    place.ingest()
    (place.corpus / "fenwick-committee.txt").unlink()
    result = place.ingest()
    assert place.outcomes(result)["fenwick-committee.txt"] == "removed"
    assert "fenwick-2019" not in place.open().documents
    current = place.config.index_dir / (place.config.index_dir / "CURRENT").read_text().strip()
    for file in current.iterdir():
        assert b"volunteer driver" not in file.read_bytes()


def test_an_original_takes_the_place_of_its_note_and_keeps_it(place: Place) -> None:
    place.ingest()
    original = place.corpus / "garden.txt"
    original.write_text("Gardens for Recovery\n\nThe garden at Mill Court has 41 visits a week.\n")
    with (place.corpus / "sources.toml").open("a") as register:
        register.write('[[source]]\nfile="garden.txt"\nid="garden-2020"\ntitle="Gardens"\n')
    result = place.ingest(original)
    assert "takes the place of the evidence note" in result.reports[0].warnings[0]
    assert not place.open().documents["garden-2020"].is_note
    again = place.ingest(place.corpus / "garden-note.md")
    assert place.outcomes(again) == {"garden-note.md": "skipped"}
    assert not place.open().documents["garden-2020"].is_note


_FRONT = """---
id: lantern-2021
title: Lantern Review
kind: evidence note
source_file: lantern.pdf
sections: "{}"
---

"""


def _write_parts(folder: Path) -> tuple[Path, Path]:
    """A note in two parts, of which the second comes first by name."""
    one, two = folder / "z-chapter-9.md", folder / "a-chapter-10.md"
    one.write_text(_FRONT.format("9") + "# 9 Boats\n\nThe boat costs £12 a trip.\n")
    two.write_text(_FRONT.format("10") + "# 10 Trains\n\nThe train costs £7 a trip.")
    return one, two


def test_the_parts_of_a_note_are_one_document_in_section_order(place: Place) -> None:
    _write_parts(place.corpus)
    place.ingest()
    library = place.open()
    document = library.documents["lantern-2021"]
    headings = [s for s in library.sections.values() if s.document_id == document.id]
    assert [s.number for s in headings] == ["9", "10"]
    assert [document.file_at(s.start) for s in headings] == ["z-chapter-9.md", "a-chapter-10.md"]
    assert place.outcomes(place.ingest())["z-chapter-9.md"] == "unchanged"


def test_one_part_is_read_again_without_losing_the_others(place: Place) -> None:
    one, _ = _write_parts(place.corpus)
    place.ingest()
    one.write_text(one.read_text().replace("£12", "£13"))
    assert place.outcomes(place.ingest(one)) == {"z-chapter-9.md": "updated"}
    text = place.open().documents["lantern-2021"].text
    assert "£13" in text
    assert "£7" in text
    one.unlink()
    place.ingest()
    assert "£13" not in place.open().documents["lantern-2021"].text


@pytest.mark.parametrize("names_all", [True, False])
def test_a_part_that_cannot_be_read_leaves_the_note_as_it_was(
    place: Place, names_all: bool
) -> None:
    one, two = _write_parts(place.corpus)
    place.ingest()
    one.write_text(one.read_text().replace("£12", "£13"))
    two.write_bytes(b"")
    result = place.ingest(*([] if names_all else [one]))
    assert place.outcomes(result)["z-chapter-9.md"] == "failed"
    text = place.open().documents["lantern-2021"].text
    assert "£12" in text
    assert "£7" in text


def test_an_original_takes_the_place_of_every_part(place: Place) -> None:
    _write_parts(place.corpus)
    place.ingest()
    (place.corpus / "lantern.txt").write_text("Lantern Review\n\nThe boat costs £12 a trip.\n")
    with (place.corpus / "sources.toml").open("a") as register:
        register.write('[[source]]\nfile="lantern.txt"\nid="lantern-2021"\ntitle="Lantern"\n')
    outcomes = place.outcomes(place.ingest())
    assert outcomes["lantern.txt"] == "updated"
    assert outcomes["z-chapter-9.md"] == outcomes["a-chapter-10.md"] == "skipped"
    (place.corpus / "lantern.txt").unlink()
    assert place.outcomes(place.ingest())["z-chapter-9.md"] == "added"
    assert place.open().documents["lantern-2021"].is_note


def test_two_files_of_one_id_are_told_apart_by_the_user(place: Place) -> None:
    (place.corpus / "sub").mkdir()
    for file in (place.corpus / "pool.txt", place.corpus / "sub" / "pool.txt"):
        file.write_text(f"Pools\n\nThe pool at {file.parent.name} opened in 2011.\n")
    result = place.ingest()
    assert [r.outcome for r in result.reports if r.document_id == "pool"] == ["failed", "added"]
    assert any("give one of them an id" in w for r in result.reports for w in r.warnings)


def test_a_file_that_cannot_be_read_is_reported_and_the_rest_goes_on(place: Place) -> None:
    (place.corpus / "empty.txt").write_bytes(b"")
    result = place.ingest()
    assert result.has_failures
    assert place.outcomes(result)["empty.txt"] == "failed"
    assert len(place.open().documents) == 3


def test_nothing_readable_is_an_error(place: Place, tmp_path: Path) -> None:
    bad = tmp_path / "bad.txt"
    bad.write_bytes(bytes(range(256)) * 9)
    with pytest.raises(CorpusError, match=r"bad\.txt"):
        place.ingest(bad)
    empty = tmp_path / "empty.txt"
    empty.write_bytes(b"")
    with pytest.raises(CorpusError, match="is empty"):
        place.ingest(empty)


def test_other_settings_build_the_index_anew(place: Place) -> None:
    first = place.ingest()
    place.config = Config(index=place.config.index, chunk=type(place.config.chunk)(max_chars=300))
    second = place.ingest()
    assert second.digest != first.digest
    assert set(place.outcomes(second).values()) == {"added"}


def test_a_killed_ingestion_loses_nothing(
    place: Place, embedder: SentenceTransformerEmbedder
) -> None:
    before = place.ingest().digest
    (place.corpus / "new.txt").write_text(
        "Swimming\n\nThe pool opened in 2011 and costs £4.\n" * 50
    )
    command = [sys.executable, "-m", "ragkit.cli", "ingest", str(place.corpus)]
    command += ["--index", place.config.index]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not list(place.config.index_dir.glob(".staging-*")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert place.open().digest == before
    place.ingest()
    assert len(place.open().documents) == 4
    assert not list(place.config.index_dir.glob(".staging-*"))
