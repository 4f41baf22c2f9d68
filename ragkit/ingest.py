"""Bring files into the library: load > parse > chunk > embed > index, only what changed.

A failing file is reported and the rest goes on. The new generation is published at the end, so
that the old one answers until then, and whatever happens before.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ragkit.chunk import chunk
from ragkit.config import Config
from ragkit.embed import PassageEmbedder, SentenceTransformerEmbedder, model_id
from ragkit.errors import CorpusError
from ragkit.index import (
    Builder,
    IndexKey,
    Known,
    current_generation,
    read_known,
    read_manifest,
)
from ragkit.index.publish import staged
from ragkit.load import SourceFile, find_files, load, read_source
from ragkit.parse import parse
from ragkit.types import Document, FileReport, SectionKind

logger = logging.getLogger(__name__)

Progress = Callable[[str, int, int], None]  # stage, done, total


@dataclass(frozen=True, slots=True)
class IngestResult:
    """What happened to each file, and the digest of the index that answers now."""

    reports: tuple[FileReport, ...]
    digest: str
    embedded: int  # chunks embedded anew

    @property
    def has_failures(self) -> bool:
        """Whether a file could not be read."""
        return any(r.outcome == "failed" for r in self.reports)


def _no_progress(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


def ingest(
    paths: Sequence[Path],
    config: Config,
    *,
    embedder: PassageEmbedder | None = None,
    progress: Progress = _no_progress,
) -> IngestResult:
    """Add or update the documents under the paths; drop those whose file left a folder named.

    Args:
        paths: files and folders.
        config: the settings; `config.index` is where the index lives.
        embedder: for tests; the configured one is loaded only when something must be embedded.
        progress: called with the stage, how much is done, and of how much.

    Raises:
        CorpusError: a path does not exist, or no file could be read.
        IndexFileError: the index is damaged, busy or cannot be written.
        ModelError: the embedding model is missing.
    """
    files = find_files(paths)
    embedder_id = embedder.model_id if embedder else model_id(config.embed)
    key = IndexKey(embedder=embedder_id, config=config.index_digest)
    sources, failed = _read_all(files)
    if not sources:
        raise CorpusError(failed[0].warnings[0])
    unchanged = _unchanged(config.index_dir, key, sources, paths)
    if unchanged is not None:
        return replace(unchanged, reports=(*unchanged.reports, *failed))
    with staged(config.index_dir) as staging:
        builder = Builder(config.index_dir, staging, key)
        reports = [*_apply(builder, sources, paths, config, progress), *failed]
        if all(r.outcome == "failed" for r in reports):
            raise CorpusError(reports[0].warnings[0])
        todo = builder.without_vectors()
        missing = len(todo)
        if missing and embedder is None:
            progress("loading the embedding model", 0, 1)
            embedder = SentenceTransformerEmbedder(config.embed)
        for done in builder.embed(todo, embedder) if embedder else ():
            progress("embedding", done, missing)
        dimension = embedder.dimension if embedder else _dimension(config.index_dir)
        result = builder.publish(dimension)
    logger.info("ingest: %d files, %d chunks embedded", len(reports), missing)
    return IngestResult(tuple(reports), result.digest, missing)


def _read_all(files: Sequence[Path]) -> tuple[list[SourceFile], list[FileReport]]:
    sources, failed = [], []
    for file in files:
        try:
            sources.append(read_source(file))
        except CorpusError as error:
            failed.append(FileReport(file.name, "failed", warnings=(str(error),)))
    return sources, failed


def _unchanged(
    index: Path, key: IndexKey, sources: Sequence[SourceFile], paths: Sequence[Path]
) -> IngestResult | None:
    """The result where the index already holds all of this; None where work is left."""
    folder = current_generation(index)
    if folder is None:
        return None
    manifest = read_manifest(folder, check_files=True)
    if (manifest.embedder, manifest.config) != (key.embedder, key.config):
        return None
    known = read_known(folder)
    if any(_left_folder(Path(path), paths) for _, path in known.values()):
        return None
    held = {d.content_hash: d for d, _ in known.values()}
    reports = [_settled(source, known, held) for source in sources]
    done = tuple(r for r in reports if r is not None)
    return IngestResult(done, manifest.digest, 0) if len(done) == len(reports) else None


def _settled(source: SourceFile, known: Known, held: dict[str, Document]) -> FileReport | None:
    """The report on a file that asks for no work; None when it does."""
    if source.content_hash in held:
        identity = held[source.content_hash].id
        return FileReport(source.path.name, "unchanged", document_id=identity)
    try:
        document = load(source)
    except CorpusError as error:
        return FileReport(source.path.name, "failed", warnings=(str(error),))
    return _skipped(document, known.get(document.id, (None, ""))[0], source.path)


def _skipped(document: Document, before: Document | None, path: Path) -> FileReport | None:
    """The report on a note whose original report is in the library already."""
    if before is None or not document.is_note or before.is_note:
        return None
    why = f"the original report '{before.id}' is in the library and stands for this note"
    return FileReport(path.name, "skipped", document_id=document.id, warnings=(why,))


def _left_folder(path: Path, paths: Sequence[Path]) -> bool:
    folders = [p.resolve() for p in paths if p.is_dir()]
    return not path.exists() and any(path.is_relative_to(f) for f in folders)


def _apply(
    builder: Builder,
    sources: Sequence[SourceFile],
    paths: Sequence[Path],
    config: Config,
    progress: Progress,
) -> Iterator[FileReport]:
    known = builder.known()
    for identity, (document, path) in known.items():
        if _left_folder(Path(path), paths):
            builder.remove(identity)
            yield FileReport(document.source_file, "removed", document_id=identity)
    held = {d.content_hash: d for d, _ in builder.known().values()}
    for done, source in enumerate(sources):
        progress("reading", done, len(sources))
        report = _settled(source, known, held)
        if report is None:
            document = load(source)
            report = _take(builder, document, known.get(document.id), source.path, config)
            known[document.id] = (document, str(source.path))
        yield report
    progress("reading", len(sources), len(sources))


def _take(
    builder: Builder,
    document: Document,
    before: tuple[Document, str] | None,
    path: Path,
    config: Config,
) -> FileReport:
    warnings = document.warnings
    if before is not None and before[0].is_note and not document.is_note:
        warnings = (*warnings, f"takes the place of the evidence note '{before[0].source_file}'")
    parsed = parse(document)
    chunks = chunk(parsed, config.chunk)
    builder.add(parsed, chunks, path)
    return FileReport(
        source_file=path.name,
        outcome="updated" if before else "added",
        document_id=document.id,
        numbered_sections=sum(s.kind is SectionKind.NUMBERED for s in parsed.sections),
        sections=len(parsed.sections),
        sentences=len(parsed.sentences),
        chunks=len(chunks),
        warnings=warnings,
    )


def _dimension(index: Path) -> int:
    folder = current_generation(index)
    return read_manifest(folder, check_files=False).dimension if folder else 0
