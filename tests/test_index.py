"""The index: exact search, durable publication, and damage told in one line."""

import shutil
import sqlite3
from pathlib import Path

import faiss
import numpy as np
import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

from ragkit.config import Config
from ragkit.embed import SentenceTransformerEmbedder
from ragkit.errors import IndexFileError
from ragkit.index import Library, open_library
from ragkit.index.publish import staged
from ragkit.index.schema import DATABASE, match_expression
from ragkit.index.vectors import FaissStore
from ragkit.ingest import ingest


def _unit_rows(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    rows = rng.normal(size=(n, d)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def test_search_finds_what_brute_force_finds(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    vectors, queries = _unit_rows(rng, 300, 24), _unit_rows(rng, 9, 24)
    keys = [f"k{i}" for i in range(300)]
    store = FaissStore.build(vectors, keys)
    store.save(tmp_path / "v.faiss")
    scores = queries @ vectors.T
    for hits, row in zip(
        FaissStore.load(tmp_path / "v.faiss", keys).search(queries, k=12), scores, strict=True
    ):
        expected = np.argsort(-row)[:12]
        assert [h.key for h in hits] == [keys[i] for i in expected]
        np.testing.assert_allclose([h.score for h in hits], row[expected], atol=1e-5)


def test_a_query_of_another_dimension_is_refused() -> None:
    store = FaissStore.build(np.eye(4, dtype=np.float32), list("abcd"))
    with pytest.raises(IndexFileError, match="4 numbers"):
        store.search(np.ones((1, 3), dtype=np.float32), k=1)


def test_a_vector_file_of_other_texts_is_refused(tmp_path: Path) -> None:
    faiss.write_index(faiss.IndexFlatIP(4), str(tmp_path / "v.faiss"))
    with pytest.raises(IndexFileError, match="0 vectors for 2 texts"):
        FaissStore.load(tmp_path / "v.faiss", ["a", "b"])


def test_what_was_saved_is_read_again(
    small_library: Library, small_index: Path, embedder: SentenceTransformerEmbedder
) -> None:
    again = open_library(small_index, embedder=embedder.model_id)
    assert again.documents == small_library.documents
    assert again.sections == small_library.sections
    assert again.sentences == small_library.sentences
    assert again.chunks == small_library.chunks
    np.testing.assert_array_equal(again.chunk_store.vectors(), small_library.chunk_store.vectors())


def test_spans_of_the_library_give_their_text(small_library: Library) -> None:
    for sentence in small_library.sentences.values():
        text = small_library.documents[sentence.document_id].text
        assert text[sentence.start : sentence.end] == sentence.text


def test_words_are_found_by_their_stem(small_library: Library) -> None:
    best = small_library.search_words(["physiotherapist"], k=3)[0]
    assert "physiotherapist" in small_library.chunks[best.key].text
    assert small_library.search_words([], k=3) == ()


@given(st.lists(st.text(min_size=1, max_size=12), max_size=5))
def test_no_term_is_read_as_query_syntax(small_terms: list[str]) -> None:
    db = sqlite3.connect(":memory:")
    db.execute("CREATE VIRTUAL TABLE words USING fts5(body)")
    usable = [t for t in small_terms if "\0" not in t and t.isprintable()]
    if usable:
        db.execute("SELECT * FROM words WHERE words MATCH ?", (match_expression(usable),))
    db.close()


def test_rare_terms_weigh_more(small_library: Library) -> None:
    assert small_library.rarity("taxi") > small_library.rarity("clinic") > 0
    assert not small_library.knows("zzyzx")


@pytest.fixture
def own_index(tmp_path: Path, small_index: Path) -> Path:
    return Path(shutil.copytree(small_index, tmp_path / "index"))


def _generation(index: Path) -> Path:
    return index / (index / "CURRENT").read_text().strip()


@pytest.mark.parametrize("name", [DATABASE, "chunks.faiss", "sentences.faiss", "manifest.json"])
@pytest.mark.parametrize("damage", ["flip", "truncate", "delete", "zero"])
def test_damage_is_told_in_one_line(
    own_index: Path, embedder: SentenceTransformerEmbedder, name: str, damage: str
) -> None:
    path = _generation(own_index) / name
    data = bytearray(path.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 0xFF
    elif damage == "truncate":
        data = data[: len(data) // 3]
    elif damage == "zero":
        data = bytearray(len(data))
    path.unlink() if damage == "delete" else path.write_bytes(data)
    with pytest.raises(IndexFileError, match="damaged") as caught:
        open_library(own_index, embedder=embedder.model_id)
    assert "\n" not in str(caught.value)
    assert "run 'ragkit ingest'" in str(caught.value)


def test_a_folder_without_an_index_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(IndexFileError, match="run 'ragkit ingest' first"):
        open_library(tmp_path, embedder="any")


def test_another_embedder_is_refused(own_index: Path) -> None:
    with pytest.raises(IndexFileError, match="built with embedder"):
        open_library(own_index, embedder="other@1")


def test_a_pointer_to_nowhere_is_refused(own_index: Path) -> None:
    (own_index / "CURRENT").write_text("../elsewhere\n")
    with pytest.raises(IndexFileError, match="names no generation"):
        open_library(own_index, embedder="any")


def test_a_second_writer_is_told_to_wait(own_index: Path) -> None:
    busy = pytest.raises(IndexFileError, match="another")
    with FileLock(own_index / ".lock"), busy, staged(own_index):
        pass


def test_an_ingestion_that_fails_leaves_the_old_index_and_no_litter(
    own_index: Path, embedder: SentenceTransformerEmbedder, small_corpus: Path, tmp_path: Path
) -> None:
    class Failing:
        model_id, dimension = embedder.model_id, embedder.dimension

        def embed(self, texts: object) -> np.ndarray:
            raise MemoryError

        def embed_passages(self, passages: object) -> object:
            raise MemoryError

    extra = tmp_path / "extra.txt"
    extra.write_text("A new report about swimming lessons.\n")
    before = (own_index / "CURRENT").read_text()
    with pytest.raises(MemoryError):
        ingest([extra], Config(index=str(own_index)), embedder=Failing())  # type: ignore[arg-type]
    assert (own_index / "CURRENT").read_text() == before
    assert not list(own_index.glob(".staging-*"))
    assert len(open_library(own_index, embedder=embedder.model_id).documents) == 3


def test_what_a_killed_ingestion_left_is_cleared_by_the_next(own_index: Path) -> None:
    (own_index / ".staging-1").mkdir()
    (own_index / "gen-000009").mkdir()  # renamed, but CURRENT never followed
    with staged(own_index):
        assert not (own_index / ".staging-1").exists()
        assert not (own_index / "gen-000009").exists()


def test_an_index_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("x")
    with pytest.raises(IndexFileError, match="cannot write"), staged(blocked):
        pass
