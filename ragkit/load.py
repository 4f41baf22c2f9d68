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
from dataclasses import dataclass
from pathlib import Path

import charset_normalizer
import yaml
from markdown_it import MarkdownIt
from pydantic import BaseModel, ConfigDict, ValidationError

from ragkit.errors import CorpusError
from ragkit.types import Document, Hint
from ragkit.words import reading_form

logger = logging.getLogger(__name__)

REGISTER_NAME = "sources.toml"
MAX_BYTES = 50_000_000
_NOT_SOURCES = frozenset({"readme.md"})
_FRONT_MATTER = re.compile(r"\A---\n(.*?\n)---\n", re.DOTALL)


class SourceEntry(BaseModel):
    """One ``[[source]]`` of a register, or the front matter of a note."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    id: str
    title: str
    file: str = ""
    publisher: str = ""
    date: str = ""
    kind: str = "report"
    note: str = ""  # a remark for people
    sections: str = ""  # the part of the report that a note covers: "5.3"


class _Register(BaseModel):
    model_config = ConfigDict(extra="forbid")

    source: list[SourceEntry] = []


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file found for ingestion, read but not yet parsed."""

    path: Path
    data: bytes
    entry: SourceEntry | None

    @property
    def content_hash(self) -> str:
        """SHA-256 of the bytes and the register entry: equal hash, nothing to do."""
        entry = self.entry.model_dump_json() if self.entry else ""
        return hashlib.sha256(self.data + b"\0" + entry.encode()).hexdigest()


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
    """Read a file's bytes and find its register entry in the ``sources.toml`` beside it.

    Raises:
        CorpusError: the file cannot be read, is empty, too large or of an unknown format.
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
    return SourceFile(path, data, _register_entry(path))


def load(source: SourceFile) -> Document:
    """Turn a file that was read into a document.

    Raises:
        CorpusError: the bytes are no text, or the front matter cannot be read.
    """
    text, warnings = _decode(source)
    return LOADERS[source.path.suffix.lower()](source, text, warnings)


def _register_entry(path: Path) -> SourceEntry | None:
    register = path.parent / REGISTER_NAME
    if not register.is_file():
        return None
    try:
        with register.open("rb") as file:
            entries = _Register.model_validate(tomllib.load(file)).source
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        line = str(error).replace("\n", " ")
        raise CorpusError(f"cannot read the register '{register}': {line}") from error
    return next((e for e in entries if e.file == path.name), None)


def _decode(source: SourceFile) -> tuple[str, tuple[str, ...]]:
    data, name = source.data, source.path.name
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


def _load_text(source: SourceFile, text: str, warnings: tuple[str, ...]) -> Document:
    return _document(source, source.entry, text, (), warnings)


def _load_markdown(source: SourceFile, text: str, warnings: tuple[str, ...]) -> Document:
    entry, match = source.entry, _FRONT_MATTER.match(text)
    if match:
        entry, text = _front_matter(source.path.name, match.group(1)), text[match.end() :]
    return _document(source, entry, text, tuple(_markdown_headings(text)), warnings)


def _front_matter(name: str, block: str) -> SourceEntry:
    try:
        values = yaml.safe_load(block)
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
    source: SourceFile,
    entry: SourceEntry | None,
    text: str,
    hints: tuple[Hint, ...],
    warnings: tuple[str, ...],
) -> Document:
    name = source.path.name
    if not text.strip():
        raise CorpusError(f"'{name}' holds no text: replace the file or leave it out")
    if entry is None:
        slug = re.sub(r"[^a-z0-9]+", "-", source.path.stem.lower()).strip("-")
        entry = SourceEntry(id=slug or "document", title=_guess_title(text, hints, source.path))
    return Document(
        id=entry.id,
        title=entry.title,
        source_file=name,
        content_hash=source.content_hash,
        text=text,
        publisher=entry.publisher,
        date=entry.date,
        kind=entry.kind,
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


LOADERS: dict[str, Callable[[SourceFile, str, tuple[str, ...]], Document]] = {
    ".md": _load_markdown,
    ".txt": _load_text,
}
