"""Bring files into the library: load > parse > chunk > embed > index, only what changed.

A failing file is reported and the rest goes on. The new generation is published at the end, so
that the old one answers until then, and whatever happens before.
"""

import logging
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ragkit.chunk import chunk
from ragkit.config import Config
from ragkit.embed import PassageEmbedder, SentenceTransformerEmbedder, model_id
from ragkit.errors import CorpusError
from ragkit.gazetteer import Gazetteer, load_gazetteer
from ragkit.index import (
    Builder,
    IndexKey,
    Known,
    current_generation,
    read_known,
    read_manifest,
)
from ragkit.index.publish import staged
from ragkit.load import Source, SourceFile, find_files, load, read_source
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
    """Add or update the documents under the paths; drop those whose files left a folder named.

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
    embedder_id = embedder.model_id if embedder else model_id(config.embed)
    key = IndexKey(embedder=embedder_id, config=config.index_digest)
    files, failed = _read_all(find_files(paths))
    reports = list(failed.values())
    if not files:
        raise CorpusError(reports[0].warnings[0])
    plan = _plan(files, failed, read_known(config.index_dir, key), paths)
    if not plan.todo and not plan.removed and (folder := current_generation(config.index_dir)):
        digest = read_manifest(folder, check_files=False).digest
        return IngestResult((*plan.settled, *reports), digest, 0)
    gazetteer = load_gazetteer(config.gazetteer_path)
    with staged(config.index_dir) as staging:
        builder = Builder(config.index_dir, staging, key)
        plan = _plan(files, failed, builder.known(), paths)  # somebody may have been faster
        reports = [*_apply(builder, plan, config, gazetteer, progress), *reports]
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
    logger.info("ingest: %d documents, %d chunks embedded", len(reports), missing)
    return IngestResult(tuple(reports), result.digest, missing)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What has to be done to the library, and what needs nothing."""

    todo: tuple[Source, ...]
    removed: tuple[Document, ...]
    settled: tuple[FileReport, ...]
    known: Known


def _plan(
    files: Sequence[SourceFile],
    failed: Container[Path],
    known: Known,
    paths: Sequence[Path],
) -> _Plan:
    """Hold the files against the library; reads further parts of the notes named, nothing else."""
    todo, settled = [], []
    removed = [d for d, own in known.values() if all(_left_folder(p, paths) for p in own)]
    known = {k: v for k, v in known.items() if v[0] not in removed}
    held = {d.content_hash: d for d, _ in known.values()}
    for identity, group in _by_document(files):
        document, own = known.get(identity, (None, ()))
        chosen, skipped = _one_document(group, document)
        settled += skipped
        if not chosen:
            continue
        try:
            source = Source((*chosen, *_other_parts(chosen, own, failed)))
        except CorpusError as error:
            settled.append(_report(Source(tuple(chosen)), "failed", str(error)))
            continue
        if source.content_hash in held:
            settled.append(_report(source, "unchanged", id=held[source.content_hash].id))
        else:
            todo.append(source)
    return _Plan(tuple(todo), tuple(removed), tuple(settled), known)


def _by_document(files: Sequence[SourceFile]) -> Iterator[tuple[str, list[SourceFile]]]:
    groups: dict[str, list[SourceFile]] = {}
    for file in files:
        groups.setdefault(file.id, []).append(file)
    yield from groups.items()


def _one_document(
    files: Sequence[SourceFile], known: Document | None
) -> tuple[list[SourceFile], list[FileReport]]:
    """The files of one id that make its document, and a report on those that do not.

    An original stands before a note, and of two files that claim the same place the first stays.
    """
    originals = [f for f in files if not f.is_note]
    has_original = bool(originals) or (known is not None and not known.is_note)
    chosen: dict[str, SourceFile] = {}
    left_out = []
    for file in files:
        if file.is_note and has_original:
            why = f"the original report '{file.id}' is in the library and stands for this note"
            left_out.append(_report(Source((file,)), "skipped", why))
        elif file.part in chosen:
            other = chosen[file.part].path.name
            why = f"has the id '{file.id}' as '{other}' has: give one of them an id in sources.toml"
            left_out.append(_report(Source((file,)), "failed", f"'{file.path.name}' {why}"))
        else:
            chosen[file.part] = file
    return list(chosen.values()), left_out


def _other_parts(
    chosen: Sequence[SourceFile], own: Sequence[Path], failed: Container[Path]
) -> Iterator[SourceFile]:
    """Parts of a note that the library holds and that still exist, though nobody named them now.

    Raises:
        CorpusError: one of them cannot be read; without it the note would lose sections.
    """
    if not any(f.is_note and f.part for f in chosen):
        return
    have = {f.part for f in chosen}
    for path in own:
        if path in {f.path for f in chosen} or not path.is_file():
            continue
        if path in failed:
            raise CorpusError(f"'{chosen[0].id}' stays as it was: '{path.name}' cannot be read")
        file = read_source(path)
        if file.id == chosen[0].id and file.part not in have:
            yield file


def _report(source: Source, outcome: str, *warnings: str, id: str = "") -> FileReport:
    return FileReport(
        source.files[0].path.name,
        outcome,
        document_id=id or source.id,
        files=len(source.files),
        warnings=warnings,
    )


def _read_all(paths: Sequence[Path]) -> tuple[list[SourceFile], dict[Path, FileReport]]:
    files, failed = [], {}
    for path in paths:
        try:
            files.append(read_source(path))
        except CorpusError as error:
            failed[path] = FileReport(path.name, "failed", warnings=(str(error),))
    return files, failed


def _left_folder(path: Path, paths: Sequence[Path]) -> bool:
    folders = [p.resolve() for p in paths if p.is_dir()]
    return not path.exists() and any(path.is_relative_to(f) for f in folders)


def _apply(
    builder: Builder, plan: _Plan, config: Config, gazetteer: Gazetteer, progress: Progress
) -> Iterator[FileReport]:
    for document in plan.removed:
        builder.remove(document.id)
        yield FileReport(
            document.source_file, "removed", document_id=document.id, files=len(document.parts)
        )
    yield from plan.settled
    for done, source in enumerate(plan.todo):
        progress("reading", done, len(plan.todo))
        before, _ = plan.known.get(source.id, (None, ()))
        try:
            document = load(*source.files)
        except CorpusError as error:
            yield _report(source, "failed", str(error))
        else:
            yield _take(builder, source, _checked(document, gazetteer), before, config)
    progress("reading", len(plan.todo), len(plan.todo))


def _checked(document: Document, gazetteer: Gazetteer) -> Document:
    """The document with a warning for each area in its register entry that nobody knows."""
    unknown = [a for a in document.areas if a not in gazetteer]
    words = (f"the area '{a}' is not in the gazetteer: it has no effect" for a in unknown)
    return replace(document, warnings=(*document.warnings, *words))


def _take(
    builder: Builder, source: Source, document: Document, before: Document | None, config: Config
) -> FileReport:
    warnings = document.warnings
    if before is not None and before.is_note and not document.is_note:
        warnings = (*warnings, f"takes the place of the evidence note '{before.source_file}'")
    parsed = parse(document)
    chunks = chunk(parsed, config.chunk)
    builder.add(parsed, chunks, [f.path for f in source.files])
    return replace(
        _report(source, "updated" if before else "added", *warnings),
        numbered_sections=sum(s.kind is SectionKind.NUMBERED for s in parsed.sections),
        sections=len(parsed.sections),
        sentences=len(parsed.sentences),
        chunks=len(chunks),
    )


def _dimension(index: Path) -> int:
    folder = current_generation(index)
    return read_manifest(folder, check_files=False).dimension if folder else 0
