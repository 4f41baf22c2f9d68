"""The SQLite database of a generation: tables, and rows to values and back."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ragkit.types import (
    Chunk,
    Document,
    DocumentStatus,
    ParsedDocument,
    Part,
    Section,
    SectionKind,
    Sentence,
    SentenceKind,
)

FORMAT = 2  # raise it when tables change: an index of another format is refused
DATABASE = "library.sqlite"

_TABLES = """
CREATE TABLE documents (
    id TEXT PRIMARY KEY, title TEXT, source_file TEXT, content_hash TEXT, text TEXT,
    publisher TEXT, date TEXT, period TEXT, kind TEXT, status TEXT, supersedes TEXT, areas TEXT,
    warnings TEXT, parts TEXT, paths TEXT
);
CREATE TABLE sections (
    id TEXT PRIMARY KEY, document_id TEXT, ordinal INTEGER, kind TEXT, number TEXT, title TEXT,
    level INTEGER, path TEXT, cited_number TEXT, start INTEGER, body_start INTEGER, end INTEGER,
    parent_id TEXT
);
CREATE TABLE sentences (
    id TEXT PRIMARY KEY, document_id TEXT, section_id TEXT, ordinal INTEGER, kind TEXT,
    start INTEGER, end INTEGER, introduced_by TEXT, list TEXT
);
CREATE TABLE chunks (
    number INTEGER PRIMARY KEY, id TEXT UNIQUE, document_id TEXT, section_id TEXT, start INTEGER,
    end INTEGER, context TEXT, sentence_ids TEXT, vector_key TEXT
);
CREATE TABLE vectors (key TEXT PRIMARY KEY, text BLOB, parts BLOB);
CREATE TABLE abbreviations (document_id TEXT, short TEXT, long TEXT);
CREATE VIRTUAL TABLE words USING fts5(
    context, body, tokenize = "unicode61 remove_diacritics 0 tokenchars '&'"
);
CREATE VIRTUAL TABLE vocabulary USING fts5vocab(words, row);
"""
_BY_DOCUMENT = ("sections", "sentences", "abbreviations")


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open a database; a reader can serve several threads behind a lock."""
    mode = "ro" if read_only else "rwc"
    uri = f"{path.resolve().as_uri()}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
    connection.execute("PRAGMA foreign_keys = ON")
    if not read_only:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
    return connection


def create(connection: sqlite3.Connection) -> None:
    """Make the tables of an empty library."""
    connection.executescript(_TABLES)


def remove_document(connection: sqlite3.Connection, document_id: str) -> None:
    """Take out a document with everything that was made of it, vectors apart."""
    connection.execute(
        "DELETE FROM words WHERE rowid IN (SELECT number FROM chunks WHERE document_id = ?)",
        (document_id,),
    )
    for table in _BY_DOCUMENT:
        connection.execute(f"DELETE FROM {table} WHERE document_id = ?", (document_id,))
    connection.execute("DELETE FROM chunks WHERE document_id = ?", (document_id,))
    connection.execute("DELETE FROM documents WHERE id = ?", (document_id,))


def insert_document(
    connection: sqlite3.Connection, parsed: ParsedDocument, paths: Sequence[Path]
) -> None:
    """Write a document with its sections and sentences, and the paths of its files."""
    d = parsed.document
    parts = [(p.source_file, p.start) for p in d.parts]
    connection.execute(
        "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(d.id, d.title, d.source_file, d.content_hash, d.text),
            *(d.publisher, d.date, d.period, d.kind, d.status),
            *map(json.dumps, (d.supersedes, d.areas, d.warnings, parts, [*map(str, paths)])),
        ),
    )
    connection.executemany(
        "INSERT INTO sections VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                *(s.id, s.document_id, s.ordinal, s.kind, s.number, s.title, s.level),
                *(json.dumps(s.path), s.cited_number, s.start, s.body_start, s.end, s.parent_id),
            )
            for s in parsed.sections
        ),
    )
    connection.executemany(
        "INSERT INTO sentences VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                *(s.id, s.document_id, s.section_id, s.ordinal, s.kind),
                *(s.start, s.end, s.introduced_by, s.group),
            )
            for s in parsed.sentences
        ),
    )


def insert_chunk(
    connection: sqlite3.Connection, chunk: Chunk, *, vector_key: str, context: str, body: str
) -> None:
    """Write a chunk, and its terms into the word index."""
    cursor = connection.execute(
        "INSERT INTO chunks VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(chunk.id, chunk.document_id, chunk.section_id, chunk.start, chunk.end),
            *(chunk.context, json.dumps(chunk.sentence_ids), vector_key),
        ),
    )
    connection.execute(
        "INSERT INTO words (rowid, context, body) VALUES (?, ?, ?)",
        (cursor.lastrowid, context, body),
    )


def read_documents(connection: sqlite3.Connection) -> Iterator[tuple[Document, tuple[Path, ...]]]:
    """The documents by id, each with the paths of the files it was read from."""
    for row in connection.execute("SELECT * FROM documents ORDER BY id"):
        supersedes, areas, warnings, parts, paths = map(json.loads, row[10:])
        document = Document(
            id=row[0],
            title=row[1],
            source_file=row[2],
            content_hash=row[3],
            text=row[4],
            publisher=row[5],
            date=row[6],
            period=row[7],
            kind=row[8],
            status=DocumentStatus(row[9]),
            supersedes=tuple(supersedes),
            areas=tuple(areas),
            warnings=tuple(warnings),
            parts=tuple(Part(name, start) for name, start in parts),
        )
        yield document, tuple(map(Path, paths))


def read_sections(connection: sqlite3.Connection) -> Iterator[Section]:
    """The sections, by document and position."""
    for row in connection.execute("SELECT * FROM sections ORDER BY document_id, ordinal"):
        yield Section(
            id=row[0],
            document_id=row[1],
            ordinal=row[2],
            kind=SectionKind(row[3]),
            number=row[4],
            title=row[5],
            level=row[6],
            path=tuple(json.loads(row[7])),
            cited_number=row[8],
            start=row[9],
            body_start=row[10],
            end=row[11],
            parent_id=row[12],
        )


def read_sentences(connection: sqlite3.Connection, texts: dict[str, str]) -> Iterator[Sentence]:
    """The sentences, by document and position; `texts` gives each document's text."""
    for row in connection.execute("SELECT * FROM sentences ORDER BY document_id, ordinal"):
        yield Sentence(
            id=row[0],
            document_id=row[1],
            section_id=row[2],
            ordinal=row[3],
            kind=SentenceKind(row[4]),
            start=row[5],
            end=row[6],
            text=texts[row[1]][row[5] : row[6]],
            introduced_by=row[7],
            group=row[8],
        )


def read_chunks(
    connection: sqlite3.Connection, texts: dict[str, str]
) -> Iterator[tuple[Chunk, int, str]]:
    """The chunks in a fixed order, each with its row number and the key of its vectors."""
    rows = connection.execute("SELECT * FROM chunks ORDER BY document_id, start, end")
    for number, identity, document_id, section_id, start, end, context, ids, key in rows:
        chunk = Chunk(
            id=identity,
            document_id=document_id,
            section_id=section_id,
            start=start,
            end=end,
            text=texts[document_id][start:end],
            context=context,
            sentence_ids=tuple(json.loads(ids)),
        )
        yield chunk, number, key


def match_expression(terms: Iterable[str]) -> str:
    """An FTS5 query that finds any of the terms; each is quoted, so none is read as syntax."""
    return " OR ".join('"' + t.replace('"', '""') + '"' for t in terms)
