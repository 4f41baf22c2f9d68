r"""Read source files: normalised text, what the register says of it, and the format's own hints.

Text is changed as little as possible, so that a quotation is found again in the file: a byte order
mark goes, line ends become ``\n``, and the front matter of a note is taken off. TXT and Markdown
for now; a loader a format, chosen by the file's ending.
"""

import hashlib
import logging
import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import charset_normalizer
import yaml
from markdown_it import MarkdownIt
from pydantic import BaseModel, ConfigDict, ValidationError

from ragkit.errors import CorpusError
from ragkit.types import NOTE_KIND, Document, DocumentStatus, Hint, Part
from ragkit.words import reading_form

logger = logging.getLogger(__name__)

REGISTER_NAME = "sources.toml"
MAX_BYTES = 50_000_000
_WITH_FRONT_MATTER = frozenset({".md"})
_NOT_SOURCES = frozenset({"readme.md"})
_FRONT_MATTER = re.compile(r"\A---\n(.*?\n)---\n+", re.DOTALL)


class SourceEntry(BaseModel):
    """One ``[[source]]`` of a register, or the front matter of a note."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    id: str
    title: str
    file: str = ""  # name of the file; for a note, of the report that it stands for
    publisher: str = ""
    date: str = ""  # of publication
    period: str = ""  # that the contents speak of, as an ISO 8601 interval: "2021-11/2022-02"
    kind: str = "report"
    status: DocumentStatus = DocumentStatus.CURRENT
    supersedes: tuple[str, ...] = ()  # ids of the documents that this one replaces
    areas: tuple[str, ...] = ()  # ids of the gazetteer that the document is about
    note: str = ""  # a remark for people
    sections: str = ""  # the part of the report that a note covers: "5.3" or "1-4"


class _Register(BaseModel):
    model_config = ConfigDict(extra="forbid")

    source: list[SourceEntry] = []


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file found for ingestion, read but not yet parsed."""

    path: Path
    data: bytes
    entry: SourceEntry | None  # from the front matter and the register; None without either

    @property
    def id(self) -> str:
        """The id of the document that the file belongs to; the file's name without an entry."""
        if self.entry:
            return self.entry.id
        return re.sub(r"[^a-z0-9]+", "-", self.path.stem.lower()).strip("-") or "document"

    @property
    def is_note(self) -> bool:
        """Whether the file is an evidence note, or a part of one."""
        return self.entry is not None and self.entry.kind == NOTE_KIND

    @property
    def part(self) -> str:
        """The sections that the file covers; "" when it is a document by itself."""
        return self.entry.sections if self.entry else ""

    @property
    def content_hash(self) -> str:
        """SHA-256 of the bytes and the entry: equal hash, nothing to do."""
        entry = self.entry.model_dump_json() if self.entry else ""
        return hashlib.sha256(self.data + b"\0" + entry.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Source:
    """The files of one document: a single one, or the parts of a note in section order."""

    files: tuple[SourceFile, ...]

    def __post_init__(self) -> None:
        if len({f.id for f in self.files}) != 1:
            raise ValueError("a source holds the files of one document")
        object.__setattr__(self, "files", tuple(sorted(self.files, key=_place)))

    @property
    def id(self) -> str:
        """The document's id."""
        return self.files[0].id

    @property
    def is_note(self) -> bool:
        """Whether the document is an evidence note."""
        return self.files[0].is_note

    @property
    def content_hash(self) -> str:
        """Of all files together: equal hash, nothing to do."""
        if len(self.files) == 1:
            return self.files[0].content_hash
        return hashlib.sha256("".join(f.content_hash for f in self.files).encode()).hexdigest()


def _place(file: SourceFile) -> tuple[tuple[int, ...], str]:
    """Where a part stands in its document: by the numbers that its sections begin with."""
    first = re.match(r"[\d.]*", file.part)
    numbers = first.group().strip(".") if first else ""
    return tuple(int(n) for n in numbers.split(".") if n), file.path.name


def find_files(paths: Sequence[Path]) -> tuple[Path, ...]:
    """The files to ingest, in a stable order; folders are searched, README files left out.

    Raises:
        CorpusError: a path does not exist, or nothing readable lies under the paths.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if not path.exists():
            raise CorpusError(f"'{path}' does not exist: name a file or a folder of reports")
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if not path.is_dir() or _is_source(file, path):
                found[file.resolve()] = None
    if not found:
        endings = ", ".join(sorted(LOADERS))
        raise CorpusError(f"no report found in '{paths[0]}': ragkit reads {endings}")
    return tuple(found)


def _is_source(file: Path, folder: Path) -> bool:
    return (
        file.is_file()
        and file.suffix.lower() in LOADERS
        and file.name.lower() not in _NOT_SOURCES
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    )


def read_source(path: Path) -> SourceFile:
    """Read a file's bytes and what its front matter and the ``sources.toml`` beside it say.

    Raises:
        CorpusError: the file cannot be read, is empty, too large or of an unknown format, or its
            front matter or the register cannot be understood.
    """
    if path.suffix.lower() not in LOADERS:
        endings = ", ".join(sorted(LOADERS))
        raise CorpusError(f"'{path.name}' has an unknown format: ragkit reads {endings}")
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise CorpusError(f"'{path.name}' has {size:,} bytes, the limit is {MAX_BYTES:,}")
        data = path.read_bytes()
    except OSError as error:
        raise CorpusError(f"cannot read '{path.name}': {error.strerror}") from error
    if not data.strip():
        raise CorpusError(f"'{path.name}' is empty: replace the file or leave it out")
    return SourceFile(path, data, _entry(path, data))


def load(*files: SourceFile) -> Document:
    """Turn the files of a document into one; the parts of a note are joined into one text.

    Raises:
        CorpusError: the bytes of a file are no text.
    """
    source = Source(files)
    parts = [LOADERS[f.path.suffix.lower()](f) for f in source.files]
    return replace(_joined(parts), content_hash=source.content_hash)


def _joined(documents: Sequence[Document]) -> Document:
    """One document: the texts one after the other, the hints where their text now stands."""
    text, parts, hints = "", [], []
    for document in documents:
        if text:
            text += "\n" if text.endswith("\n") else "\n\n"
        start = len(text)
        parts.append(Part(document.source_file, start))
        hints += [replace(h, start=h.start + start, end=h.end + start) for h in document.hints]
        text += document.text
    return replace(
        documents[0],
        text=text,
        parts=tuple(parts),
        hints=tuple(hints),
        warnings=tuple(w for d in documents for w in d.warnings),
    )


def _entry(path: Path, data: bytes) -> SourceEntry | None:
    """What is known of a file: its front matter first, the register for what that leaves out."""
    entries = _register(path.parent / REGISTER_NAME)
    front = _front_matter(path.name, data) if path.suffix.lower() in _WITH_FRONT_MATTER else None
    if front is None:
        return next((e for e in entries if e.file == path.name), None)
    said = front.model_dump(exclude_unset=True)
    about = next((e.model_dump(exclude_unset=True) for e in entries if e.id == front.id), {})
    return SourceEntry(**(about | said))


def _register(register: Path) -> Sequence[SourceEntry]:
    if not register.is_file():
        return ()
    try:
        with register.open("rb") as file:
            return _Register.model_validate(tomllib.load(file)).source
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        line = " ".join(str(error).split())
        raise CorpusError(f"cannot read the register '{register}': {line}") from error


def _decode(name: str, data: bytes) -> tuple[str, tuple[str, ...]]:
    boms = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
    encoding = next((e for bom, e in boms if data.startswith(bom)), "utf-8")
    warnings: tuple[str, ...] = ()
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        best = None if b"\0" in data else charset_normalizer.from_bytes(data).best()
        if best is None:
            raise CorpusError(f"'{name}' holds no readable text: save it as UTF-8 text") from None
        text, warnings = str(best), (f"read as {best.encoding}, not UTF-8",)
    if _is_binary(text):
        raise CorpusError(f"'{name}' is not a text file: save it as UTF-8 text")
    return text.replace("\r\n", "\n").replace("\r", "\n"), warnings


def _is_binary(text: str) -> bool:
    sample = text[:100_000]
    control = sum(1 for c in sample if ord(c) < 32 and c not in "\n\r\t\f\v")
    return "\0" in sample or control > len(sample) / 50


def _load_text(file: SourceFile) -> Document:
    text, warnings = _decode(file.path.name, file.data)
    return _document(file, text, (), warnings)


def _load_markdown(file: SourceFile) -> Document:
    text, warnings = _decode(file.path.name, file.data)
    text = _FRONT_MATTER.sub("", text)
    return _document(file, text, tuple(_markdown_headings(text)), warnings)


def _front_matter(name: str, data: bytes) -> SourceEntry | None:
    text, _ = _decode(name, data)
    match = _FRONT_MATTER.match(text)
    if match is None:
        return None
    try:
        values = yaml.safe_load(match.group(1))
        known = {k: v for k, v in values.items() if k != "source_file"}
        return SourceEntry(**known, file=str(values.get("source_file", "")))
    except (yaml.YAMLError, ValidationError, AttributeError, TypeError) as error:
        line = " ".join(str(error).split())
        raise CorpusError(f"cannot read the front matter of '{name}': {line}") from error


def _markdown_headings(text: str) -> Iterable[Hint]:
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for token in MarkdownIt().parse(text):
        if token.type == "heading_open" and token.map:
            first, last = token.map
            yield Hint(starts[first], starts[last], "heading", int(token.tag[1:]))


def _document(
    file: SourceFile, text: str, hints: tuple[Hint, ...], warnings: tuple[str, ...]
) -> Document:
    name = file.path.name
    if not text.strip():
        raise CorpusError(f"'{name}' holds no text: replace the file or leave it out")
    title = _guess_title(text, hints, file.path)
    entry = file.entry or SourceEntry(id=file.id, title=title)
    return Document(
        id=entry.id,
        title=entry.title,
        source_file=name,
        content_hash=file.content_hash,
        text=text,
        publisher=entry.publisher,
        date=entry.date,
        period=entry.period,
        kind=entry.kind,
        status=entry.status,
        supersedes=entry.supersedes,
        areas=entry.areas,
        hints=hints,
        warnings=warnings,
    )


def _guess_title(text: str, hints: tuple[Hint, ...], path: Path) -> str:
    if hints:
        line = text[hints[0].start : hints[0].end].split("\n")[0].lstrip("#")
        return reading_form(line)
    first = next(line for line in text.split("\n") if line.strip())
    short = reading_form(first)
    is_title = len(short) <= 100 and not short.endswith((".", ":"))
    return short if is_title else path.stem.replace("_", " ")


LOADERS: dict[str, Callable[[SourceFile], Document]] = {
    ".md": _load_markdown,
    ".txt": _load_text,
}
