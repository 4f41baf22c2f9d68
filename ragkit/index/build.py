"""Fill the next generation: start from the current one, change only what changed."""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ragkit.embed import PassageEmbedder, Passages
from ragkit.gazetteer import find_abbreviations
from ragkit.index import schema
from ragkit.index.publish import (
    Manifest,
    current_generation,
    digest_of,
    publish,
    read_manifest,
)
from ragkit.index.vectors import FaissStore
from ragkit.types import Chunk, Document, ParsedDocument
from ragkit.words import reading_form, terms

logger = logging.getLogger(__name__)

CHUNK_VECTORS = "chunks.faiss"
SENTENCE_VECTORS = "sentences.faiss"


Known = dict[str, tuple[Document, tuple[Path, ...]]]  # by id: a document and its files


def read_known(index: Path, key: "IndexKey") -> Known:
    """The documents that the next generation starts from; none when it is made anew."""
    folder = _reusable(index, key)
    if folder is None:
        return {}
    with closing(schema.connect(folder / schema.DATABASE, read_only=True)) as db:
        return {d.id: (d, paths) for d, paths in schema.read_documents(db)}


@dataclass(frozen=True, slots=True)
class IndexKey:
    """What must be equal for two indexes to share vectors."""

    embedder: str
    config: str  # digest of the settings of chunking


@dataclass(frozen=True, slots=True)
class BuildResult:
    """A published generation."""

    folder: Path
    digest: str


class Builder:
    """One ingestion: opened on a staged folder, published once at the end."""

    def __init__(self, index: Path, staging: Path, key: IndexKey) -> None:
        self._index, self._staging, self._key = index, staging, key
        path = staging / schema.DATABASE
        previous = _reusable(index, key)
        self._db = schema.connect(path)
        if previous is None:
            schema.create(self._db)
        else:
            with closing(schema.connect(previous / schema.DATABASE, read_only=True)) as old:
                old.backup(self._db)

    def known(self) -> Known:
        """The documents carried over from the current generation."""
        return {d.id: (d, paths) for d, paths in schema.read_documents(self._db)}

    def remove(self, document_id: str) -> None:
        """Take a document out."""
        schema.remove_document(self._db, document_id)

    def add(self, parsed: ParsedDocument, chunks: Sequence[Chunk], paths: Sequence[Path]) -> None:
        """Put a document in; one of the same id is replaced. Vectors follow in `embed`."""
        self.remove(parsed.document.id)
        schema.insert_document(self._db, parsed, paths)
        pairs = find_abbreviations(reading_form(parsed.document.text))
        self._db.executemany(
            "INSERT INTO abbreviations VALUES (?, ?, ?)",
            [(parsed.document.id, short, long) for short, long in pairs],
        )
        spans = {s.id: (s.start, s.end) for s in parsed.sentences}
        for chunk in chunks:
            passage = passage_of(chunk, [spans[i] for i in chunk.sentence_ids])
            schema.insert_chunk(
                self._db,
                chunk,
                vector_key=passage.key,
                context=" ".join(terms(chunk.context)),
                body=" ".join(terms(chunk.text)),
            )

    def without_vectors(self) -> tuple["Passage", ...]:
        """What has to be embedded; read it once, it goes through the whole library."""
        return tuple(self._unembedded())

    def embed(
        self, todo: Sequence["Passage"], embedder: PassageEmbedder, *, batch: int = 128
    ) -> Iterator[int]:
        """Embed passages and keep their vectors; yields the number done so far."""
        for first in range(0, len(todo), batch):
            some = todo[first : first + batch]
            vectors = embedder.embed_passages(
                Passages(tuple(p.text for p in some), tuple(p.parts for p in some))
            )
            self._db.executemany(
                "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)",
                [
                    (p.key, v.tobytes(), parts.tobytes())
                    for p, v, parts in zip(some, vectors.texts, vectors.parts, strict=True)
                ],
            )
            yield min(first + batch, len(todo))

    def publish(self, dimension: int) -> BuildResult:
        """Write the vector files and the manifest, and make this the current generation."""
        self._db.execute("DELETE FROM vectors WHERE key NOT IN (SELECT vector_key FROM chunks)")
        self._db.execute("INSERT INTO words (words) VALUES ('optimize')")
        self._db.commit()
        self._db.execute("VACUUM")
        self._write_vectors(dimension)
        documents = tuple((d.id, d.content_hash) for d, _ in schema.read_documents(self._db))
        self._db.close()
        digest = digest_of(
            format=schema.FORMAT,
            config=self._key.config,
            embedder=self._key.embedder,
            documents=documents,
        )
        manifest = Manifest(
            format=schema.FORMAT,
            digest=digest,
            config=self._key.config,
            embedder=self._key.embedder,
            dimension=dimension,
            documents=documents,
            files=(),
        )
        return BuildResult(publish(self._index, self._staging, manifest), digest)

    def _unembedded(self) -> Iterator["Passage"]:
        texts = {d.id: d.text for d, _ in schema.read_documents(self._db)}
        spans = {s.id: (s.start, s.end) for s in schema.read_sentences(self._db, texts)}
        have = {key for (key,) in self._db.execute("SELECT key FROM vectors")}
        for chunk, _, key in schema.read_chunks(self._db, texts):
            if key not in have:
                have.add(key)
                yield passage_of(chunk, [spans[i] for i in chunk.sentence_ids])

    def _write_vectors(self, dimension: int) -> None:
        texts = {d.id: d.text for d, _ in schema.read_documents(self._db)}
        stored = {k: (t, p) for k, t, p in self._db.execute("SELECT * FROM vectors")}
        chunk_ids, rows = [], []
        sentence_rows: dict[str, NDArray[np.float32]] = {}
        for chunk, _, key in schema.read_chunks(self._db, texts):
            text, parts = stored[key]
            chunk_ids.append(chunk.id)
            rows.append(np.frombuffer(text, dtype=np.float32))
            pooled = np.frombuffer(parts, dtype=np.float32).reshape(-1, dimension)
            for sentence_id, vector in zip(chunk.sentence_ids, pooled, strict=True):
                sentence_rows.setdefault(sentence_id, vector)
        for name, ids, vectors in (
            (CHUNK_VECTORS, chunk_ids, rows),
            (SENTENCE_VECTORS, list(sentence_rows), list(sentence_rows.values())),
        ):
            matrix = np.stack(vectors) if vectors else np.zeros((0, dimension), dtype=np.float32)
            FaissStore.build(matrix, ids).save(self._staging / name)


@dataclass(frozen=True, slots=True)
class Passage:
    """What is embedded for a chunk: its context line, its text, and where its sentences lie."""

    key: str
    text: str
    parts: tuple[tuple[int, int], ...]


def passage_of(chunk: Chunk, spans: Sequence[tuple[int, int]]) -> Passage:
    """A chunk as it is embedded; `spans` are those of its sentences in the document."""
    text, parts = _short_context(chunk) + "\n", []
    for start, end in spans:
        piece = reading_form(chunk.text[start - chunk.start : end - chunk.start])
        parts.append((len(text), len(text) + len(piece)))
        text += piece + " "
    key = hashlib.sha256(repr((text, parts)).encode()).hexdigest()[:32]
    return Passage(key, text.rstrip(), tuple(parts))


def _short_context(chunk: Chunk) -> str:
    """The context without its outermost parts where the inner ones say enough: tokens cost time."""
    parts = chunk.context.split(" > ")
    return " > ".join(parts[2:] if len(parts) > 3 else parts[1:] if len(parts) > 2 else parts)


def _reusable(index: Path, key: IndexKey) -> Path | None:
    """The current generation, if it was made the same way; otherwise everything is made anew."""
    folder = current_generation(index)
    if folder is None:
        return None
    manifest = read_manifest(folder, check_files=True)
    same = (manifest.format, manifest.embedder, manifest.config)
    if same != (schema.FORMAT, key.embedder, key.config):
        logger.info("index: made with other settings, everything is read again")
        return None
    return folder
