"""Make a generation durable and point to it: fsync files, rename the folder, rename CURRENT.

A crash at any point leaves the old pointer in place; what it left behind is cleared by the next
writer. One writer at a time; a lock held by a dead process is free.
"""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, ValidationError

from ragkit.errors import IndexFileError

_CURRENT = "CURRENT"
_MANIFEST = "manifest.json"
_STAGING = ".staging"
_KEEP = 2  # the current generation and the one before it


class _ManifestFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    format: int
    digest: str
    config: str
    embedder: str
    dimension: int
    documents: dict[str, str]
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation was made of, and the checksum of each of its files."""

    format: int
    digest: str  # of everything below but the files: equal corpus and settings, equal digest
    config: str  # digest of the settings of chunking and embedding
    embedder: str
    dimension: int
    documents: tuple[tuple[str, str], ...]  # (id, content hash)
    files: tuple[tuple[str, str], ...]  # (name, SHA-256)


def digest_of(
    *, format: int, config: str, embedder: str, documents: tuple[tuple[str, str], ...]
) -> str:
    """The digest that names an index: what was put in, not when or where."""
    made_of = json.dumps([format, config, embedder, sorted(documents)])
    return hashlib.sha256(made_of.encode()).hexdigest()[:16]


@contextlib.contextmanager
def staged(index: Path) -> Iterator[Path]:
    """A folder for the next generation; gone afterwards unless it was published.

    Raises:
        IndexFileError: another process is writing, or the folder cannot be made.
    """
    try:
        index.mkdir(parents=True, exist_ok=True)
        with FileLock(index / ".lock", timeout=0):
            _clear_staging(index)
            folder = index / f"{_STAGING}-{os.getpid()}"
            folder.mkdir()
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    except Timeout as error:
        raise IndexFileError(
            f"another 'ragkit ingest' is writing to '{index}': wait for it to end"
        ) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise IndexFileError(f"cannot write the index '{index}': {reason}") from error


def publish(index: Path, folder: Path, manifest: Manifest) -> Path:
    """Turn a staged folder into the current generation; its files must be complete."""
    files = sorted(p for p in folder.iterdir() if p.name != _MANIFEST)
    sums = tuple((p.name, _sha256(p)) for p in files)
    _write_manifest(folder / _MANIFEST, manifest, sums)
    for path in folder.iterdir():
        _fsync(path)
    _fsync(folder)
    target = index / _next_name(index)
    folder.rename(target)
    _fsync(index)
    pointer = index / f".{_CURRENT}.tmp"
    pointer.write_text(target.name + "\n", encoding="utf-8")
    _fsync(pointer)
    pointer.replace(index / _CURRENT)
    _fsync(index)
    _remove_old(index, keep=target.name)
    return target


def current_generation(index: Path) -> Path | None:
    """The folder of the current generation, or None where nothing was ever published.

    Raises:
        IndexFileError: the pointer names a folder that is not there.
    """
    pointer = index / _CURRENT
    if not pointer.is_file():
        return None
    try:
        name = pointer.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise IndexFileError(f"cannot read '{pointer}': run 'ragkit ingest' again") from error
    folder = index / name
    if not name.startswith("gen-") or "/" in name or not folder.is_dir():
        raise IndexFileError(
            f"'{pointer}' names no generation of '{index}': remove it and run 'ragkit ingest'"
        )
    return folder


def read_manifest(folder: Path, *, check_files: bool) -> Manifest:
    """The manifest of a generation; with `check_files`, every file is held against its checksum.

    Raises:
        IndexFileError: the manifest or a file is missing or damaged.
    """
    try:
        data = _ManifestFile.model_validate_json((folder / _MANIFEST).read_bytes())
    except (OSError, ValidationError) as error:
        raise IndexFileError(
            f"the index '{folder.parent}' is damaged (manifest): "
            "remove the folder and run 'ragkit ingest'"
        ) from error
    for name, expected in data.files.items() if check_files else ():
        path = folder / name
        if not path.is_file() or _sha256(path) != expected:
            raise IndexFileError(
                f"the index '{folder.parent}' is damaged ({name}): "
                "remove the folder and run 'ragkit ingest'"
            )
    return Manifest(
        format=data.format,
        digest=data.digest,
        config=data.config,
        embedder=data.embedder,
        dimension=data.dimension,
        documents=tuple(data.documents.items()),
        files=tuple(data.files.items()),
    )


def _write_manifest(path: Path, manifest: Manifest, sums: tuple[tuple[str, str], ...]) -> None:
    data = _ManifestFile(
        format=manifest.format,
        digest=manifest.digest,
        config=manifest.config,
        embedder=manifest.embedder,
        dimension=manifest.dimension,
        documents=dict(manifest.documents),
        files=dict(sums),
    )
    path.write_text(data.model_dump_json(indent=2) + "\n", encoding="utf-8")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _next_name(index: Path) -> str:
    numbers = [int(p.name[4:]) for p in index.glob("gen-*") if p.name[4:].isdigit()]
    return f"gen-{max(numbers, default=0) + 1:06d}"


def _remove_old(index: Path, *, keep: str) -> None:
    generations = sorted(p for p in index.glob("gen-*") if p.name <= keep)
    for old in generations[:-_KEEP]:
        shutil.rmtree(old, ignore_errors=True)


def _clear_staging(index: Path) -> None:
    for left in index.glob(f"{_STAGING}-*"):
        shutil.rmtree(left, ignore_errors=True)
    current = current_generation(index)
    for orphan in index.glob("gen-*"):  # renamed, but the pointer never followed
        if current is None or orphan.name > current.name:
            shutil.rmtree(orphan, ignore_errors=True)
