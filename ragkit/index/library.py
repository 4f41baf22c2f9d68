"""Read the current generation: documents in memory, words in SQLite, vectors in FAISS."""

import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ragkit.errors import IndexFileError
from ragkit.index import schema
from ragkit.index.build import CHUNK_VECTORS, SENTENCE_VECTORS
from ragkit.index.publish import current_generation, read_manifest
from ragkit.index.vectors import FaissStore
from ragkit.types import Chunk, Document, Hit, Section, Sentence, VectorStore


@dataclass(frozen=True, slots=True)
class Library:
    """One generation, open for reading; safe to share between threads."""

    folder: Path
    digest: str
    documents: dict[str, Document]
    sections: dict[str, Section]
    sentences: dict[str, Sentence]
    chunks: dict[str, Chunk]
    abbreviations: tuple[tuple[str, str], ...]
    chunk_store: VectorStore
    sentence_store: VectorStore
    _numbers: dict[int, str]  # row number of the word index -> chunk id
    _db: sqlite3.Connection
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _by_section: dict[str, tuple[Sentence, ...]] = field(init=False)
    _vector_rows: dict[str, NDArray[np.float32]] = field(init=False)
    _rarity: dict[str, float] = field(init=False)

    def __post_init__(self) -> None:
        ordered = sorted(self.sentences.values(), key=lambda s: (s.section_id, s.ordinal))
        by_section = {k: tuple(g) for k, g in groupby(ordered, key=lambda s: s.section_id)}
        object.__setattr__(self, "_by_section", by_section)
        vectors = self.sentence_store.vectors()
        rows = dict(zip(self.sentence_store.keys, vectors, strict=True))
        object.__setattr__(self, "_vector_rows", rows)
        object.__setattr__(self, "_rarity", self._read_rarity())

    def section_sentences(self, section_id: str) -> tuple[Sentence, ...]:
        """The sentences of a section in text order."""
        return self._by_section.get(section_id, ())

    def sentence_vector(self, sentence_id: str) -> NDArray[np.float32] | None:
        """The vector of a sentence in its context; None for headings."""
        return self._vector_rows.get(sentence_id)

    def rarity(self, term: str) -> float:
        """Inverse document frequency of a term over chunks, 0 for a term in all of them."""
        return self._rarity.get(term, self._rarity[""])

    def knows(self, term: str) -> bool:
        """Whether a term occurs anywhere in the library."""
        return term in self._rarity

    @property
    def vocabulary(self) -> frozenset[str]:
        """Every stem that occurs."""
        return frozenset(self._rarity)

    def search_words(self, terms: Sequence[str], *, k: int) -> tuple[Hit, ...]:
        """The chunks that hold any of the terms, by BM25, best first; scores are positive."""
        if not terms:
            return ()
        with self._lock:
            rows = self._db.execute(
                "SELECT rowid, bm25(words, 0.6, 1.0) AS score FROM words WHERE words MATCH ? "
                "ORDER BY score, rowid LIMIT ?",
                (schema.match_expression(terms), k),
            ).fetchall()
        return tuple(Hit(self._numbers[number], -score) for number, score in rows)

    def _read_rarity(self) -> dict[str, float]:
        total = max(1, len(self.chunks))
        with self._lock:
            counts = self._db.execute("SELECT term, doc FROM vocabulary").fetchall()
        rarity = {term: float(np.log((total + 1) / (n + 0.5))) for term, n in counts}
        rarity[""] = float(np.log((total + 1) / 0.5))
        return rarity


def open_library(index: Path, *, embedder: str) -> Library:
    """Open the current generation after checking every file of it.

    Raises:
        IndexFileError: no index, a damaged one, or one made with another embedder.
    """
    folder = current_generation(index)
    if folder is None:
        raise IndexFileError(f"no index in '{index}': run 'ragkit ingest' first")
    manifest = read_manifest(folder, check_files=True)
    if manifest.format != schema.FORMAT:
        raise IndexFileError(
            f"the index '{index}' has format {manifest.format}, this ragkit reads "
            f"{schema.FORMAT}: run 'ragkit ingest' again"
        )
    if manifest.embedder != embedder:
        raise IndexFileError(
            f"the index '{index}' was built with embedder '{manifest.embedder}', the "
            f"configuration names '{embedder}': run 'ragkit ingest' again"
        )
    try:
        return _read(folder, manifest.digest)
    except sqlite3.Error as error:
        raise IndexFileError(
            f"the index '{index}' is damaged ({error}): remove the folder and run 'ragkit ingest'"
        ) from error


def _read(folder: Path, digest: str) -> Library:
    db = schema.connect(folder / schema.DATABASE, read_only=True)
    documents = {d.id: d for d, _ in schema.read_documents(db)}
    texts = {d.id: d.text for d in documents.values()}
    sentences = {s.id: s for s in schema.read_sentences(db, texts)}
    chunks = list(schema.read_chunks(db, texts))
    embedded: dict[str, None] = {i: None for c, _, _ in chunks for i in c.sentence_ids}
    pairs = db.execute("SELECT DISTINCT short, long FROM abbreviations ORDER BY short, long")
    return Library(
        folder=folder,
        digest=digest,
        documents=documents,
        sections={s.id: s for s in schema.read_sections(db)},
        sentences=sentences,
        chunks={c.id: c for c, _, _ in chunks},
        abbreviations=tuple((short, long) for short, long in pairs),
        chunk_store=FaissStore.load(folder / CHUNK_VECTORS, [c.id for c, _, _ in chunks]),
        sentence_store=FaissStore.load(folder / SENTENCE_VECTORS, list(embedded)),
        _numbers={number: c.id for c, number, _ in chunks},
        _db=db,
    )
