"""The `ragkit` command. Results go to standard output, progress and errors to standard error.

Exit status: 0 fine, 1 a failure told in one plain line, 2 wrong usage.
"""

import json
import logging
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from pydantic import BaseModel, ConfigDict, ValidationError
from rich.console import Console
from rich.table import Table

from ragkit.config import Config, load_config
from ragkit.errors import ConfigError, CorpusError, QuestionError, RagkitError
from ragkit.types import (
    Answer,
    AnswerSentence,
    FileReport,
    Origin,
    Status,
    Timings,
    Turn,
)

if TYPE_CHECKING:  # the heavy libraries load only when a command needs them
    from ragkit.index import Library
    from ragkit.pipeline import Pipeline

DEFAULT_CORPUS = Path("corpus")

app = typer.Typer(
    help="Answers from reports: every sentence quoted or checked, every citation opens.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
models_app = typer.Typer(help="Language models: what is there, and what it is good for.")
app.add_typer(models_app, name="models", no_args_is_help=True)

IndexOption = Annotated[
    Path | None, typer.Option("--index", help="Folder of the index.", show_default="index")
]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="Settings file.", show_default="ragkit.toml if there is one"),
]
NoLlmOption = Annotated[
    bool, typer.Option("--no-llm", help="Answer in quotations alone; load no language model.")
]


class _BatchTurn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    role: Literal["user", "assistant"]
    content: str


class _BatchLine(BaseModel):
    model_config = ConfigDict(extra="ignore")  # evaluators keep their own fields beside these

    id: str
    question: str
    history: list[_BatchTurn] = []


@app.command(
    epilog="Examples:  ragkit ingest  |  ragkit ingest reports/ --index out/index",
)
def ingest(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Files and folders; TXT and Markdown.", show_default="corpus/"),
    ] = None,
    index: IndexOption = None,
    config: ConfigOption = None,
) -> None:
    """Read reports into the index; only what changed is read again."""
    from ragkit.ingest import ingest as run

    settings = load_config(config, index=index)
    if not paths and not DEFAULT_CORPUS.is_dir():
        raise CorpusError("no folder 'corpus' here: name the files or folders to read")
    started = time.perf_counter()
    result = run(paths or [DEFAULT_CORPUS], settings, progress=_show_progress)
    _end_progress()
    _print_reports(result.reports)
    seconds = time.perf_counter() - started
    _say(
        f"index '{settings.index_dir}' {result.digest}: {result.embedded} chunks embedded, "
        f"{seconds:.1f} s"
    )
    if result.has_failures:
        raise typer.Exit(1)


@app.command(
    epilog='Examples:  ragkit ask "What did Evelina learn about workforce?"  |  '
    "ragkit ask --batch questions.jsonl --out answers.jsonl --no-llm",
)
def ask(
    question: Annotated[str | None, typer.Argument(help="The question, in quotes.")] = None,
    index: IndexOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
    no_llm: NoLlmOption = False,
    scope: Annotated[
        str,
        typer.Option("--in", help="Only this document (id, file, title) or area.", metavar="NAME"),
    ] = "",
    batch: Annotated[
        Path | None,
        typer.Option(help='JSON lines: {"id", "question", "history": [{"role", "content"}]}.'),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where a batch's answers go.")] = None,
    config: ConfigOption = None,
) -> None:
    """Answer a question, or a batch of them, from the reports."""
    if (question is None) == (batch is None) or (batch is None) != (out is None):
        raise typer.BadParameter("give one question, or --batch IN.jsonl with --out OUT.jsonl")
    settings = load_config(config, index=index)
    if batch is not None and out is not None:
        _ask_batch(batch, out, settings, use_model=not no_llm, scope=scope)
        return
    from ragkit.question import check_question
    from ragkit.render import answer_to_json, answer_to_text

    asked = question or ""
    check_question(asked)
    answer = _open(settings, use_model=not no_llm).ask(asked, scope=scope)
    width = min(100, Console().width)
    print(answer_to_json(answer, indent=2) if as_json else answer_to_text(answer, width=width))


@app.command(epilog="Example:  ragkit sources --json")
def sources(
    index: IndexOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, sections too.")] = False,
    config: ConfigOption = None,
) -> None:
    """List the documents in the index, with their sections and dates."""
    library = _library(load_config(config, index=index))
    sections = sorted(library.sections.values(), key=lambda s: (s.document_id, s.ordinal))
    if as_json:
        records = [
            {
                "id": d.id,
                "title": d.title,
                "publisher": d.publisher,
                "date": d.date,
                "period": d.period,
                "kind": d.kind,
                "status": d.status,
                "supersedes": d.supersedes,
                "areas": d.areas,
                "source_file": d.source_file,
                "parts": [{"source_file": p.source_file, "start": p.start} for p in d.parts],
                "sections": [
                    {
                        "number": s.number,
                        "title": s.title,
                        "path": " > ".join(s.path),
                        "kind": s.kind,
                        "start": s.start,
                        "end": s.end,
                    }
                    for s in sections
                    if s.document_id == d.id
                ],
            }
            for d in library.documents.values()
        ]
        print(json.dumps({"index": library.digest, "documents": records}, ensure_ascii=False))
        return
    table = Table("Document", "Title", "Kind", "Date", "Status", "Sections", "File", box=None)
    for d in library.documents.values():
        count = str(sum(s.document_id == d.id for s in sections))
        file = _file_label(d.source_file, len(d.parts))
        table.add_row(d.id, d.title, d.kind, d.date, d.status, count, file)
    Console().print(table)


@app.command(epilog="Example:  ragkit show essex-2022 5.3.10")
def show(
    document: Annotated[str, typer.Argument(help="The document's id, as `sources` lists it.")],
    section: Annotated[str, typer.Argument(help="A section's number or title.")],
    index: IndexOption = None,
    config: ConfigOption = None,
) -> None:
    """Print a section as it stands in the report."""
    from ragkit.words import fold, reading_form

    library = _library(load_config(config, index=index))
    known = library.documents.get(document)
    if known is None:
        names = ", ".join(library.documents)
        raise ConfigError(f"no document '{document}' in the index: there are {names}")
    own = [s for s in library.sections.values() if s.document_id == document]
    wanted = fold(section).strip(" .")
    found = [s for s in own if wanted in (s.number, fold(s.title), fold(s.path[-1]))]
    if not found:
        raise ConfigError(
            f"no section '{section}' in '{document}': 'ragkit sources --json' lists them"
        )
    for one in sorted(found, key=lambda s: s.ordinal):
        print(f"{known.title}\n{' > '.join(one.path)}\n")
        body = known.text[one.body_start : one.end].split("\n")
        lines = [reading_form(line) for line in body]
        print("\n".join(x for x in lines if x) or "(no text of its own)")
        below = [s for s in own if s.parent_id == one.id]
        for child in sorted(below, key=lambda s: s.ordinal):
            print(f"  {child.path[-1]}")
        print()


@models_app.command("list", epilog="Example:  ragkit models list")
def models_list(config: ConfigOption = None, index: IndexOption = None) -> None:
    """List the language models that can be used."""
    from ragkit.models import find_models

    settings = load_config(config, index=index)
    named = [Path(p) for p in (settings.model.path, settings.model.folder) if p]
    found = find_models(named)
    for model in found:
        where = "bundled" if model.is_bundled else str(model.path)
        print(f"{model.name}  {model.size_bytes / 1e6:.0f} MB  {where}")
    if not found:
        _say("no language model: run 'make setup', or name one under [model] in ragkit.toml")


@models_app.command("check", epilog="Example:  ragkit models check")
def models_check(config: ConfigOption = None, index: IndexOption = None) -> None:
    """Try the model on a short probe set and keep what the guard says of its wording."""
    from ragkit.models import check_model, choose_writer, save_check
    from ragkit.pipeline import open_writing

    settings = load_config(config, index=index)
    writing = open_writing(settings)
    if writing is None:
        raise ConfigError('the settings ask for quotations only: set [write] writer = "auto"')
    check = check_model(writing.generator, writing.template, config=writing.config)
    if settings.index_dir.is_dir():
        save_check(check, settings.index_dir)
    print(
        f"{check.model_id}: {check.acceptance:.0%} of {check.probes} probes reworded and accepted, "
        f"{check.rejected} rejected, {check.seconds_per_sentence:.2f} s a sentence; "
        f"writer 'auto' means '{choose_writer(settings.write, check)}'"
    )


@app.command(epilog="Example:  ragkit doctor")
def doctor(config: ConfigOption = None, index: IndexOption = None) -> None:
    """Say what is installed and found, and the cure for each fault."""
    from ragkit.doctor import examine

    failed = False
    for finding in examine(load_config(config, index=index)):
        print(f"{'ok  ' if finding.is_fine else 'FAIL'}  {finding.subject}: {finding.detail}")
        failed = failed or not finding.is_fine
    if failed:
        raise typer.Exit(1)


def main() -> None:
    """Run the command; what a user can mend is told in one line."""
    logging.getLogger("langchain_text_splitters").setLevel(logging.ERROR)
    try:
        app()
    except RagkitError as error:
        _end_progress()
        _say(f"error: {error}")
        sys.exit(1)
    except KeyboardInterrupt:
        _end_progress()
        _say("stopped; nothing was lost")
        sys.exit(130)


def _open(settings: Config, *, use_model: bool) -> "Pipeline":
    from ragkit.pipeline import Pipeline

    return Pipeline.open(settings, use_model=use_model)


def _library(settings: Config) -> "Library":
    from ragkit.embed import model_id
    from ragkit.index import open_library

    return open_library(settings.index_dir, embedder=model_id(settings.embed))


def _ask_batch(batch: Path, out: Path, settings: Config, *, use_model: bool, scope: str) -> None:
    from ragkit.render import answer_to_json

    lines = list(_read_batch(batch))
    pipeline = _open(settings, use_model=use_model)
    part = out.with_name(out.name + ".part")
    try:
        with part.open("w", encoding="utf-8") as file:
            for done, line in enumerate(lines, start=1):
                history = tuple(Turn(t.role, t.content) for t in line.history)
                try:
                    answer = pipeline.ask(line.question, history=history, scope=scope)
                except QuestionError as error:
                    answer = _refusal(line.question, str(error), pipeline.library.digest)
                file.write(answer_to_json(answer, id=line.id) + "\n")
                _show_progress("answering", done, len(lines))
        part.replace(out)
    except OSError as error:
        raise ConfigError(f"cannot write '{out}': {error.strerror}") from error
    _end_progress()


def _read_batch(path: Path) -> Iterator[_BatchLine]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read '{path}': {error}") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield _BatchLine.model_validate_json(line)
            except ValidationError as error:
                fault = error.errors()[0]
                where = ".".join(str(p) for p in fault["loc"])
                raise ConfigError(f"'{path}' line {number}: {where} {fault['msg']}") from error


def _refusal(question: str, reason: str, digest: str) -> Answer:
    return Answer(
        question=question,
        status=Status.NOT_FOUND,
        sentences=(AnswerSentence(reason, Origin.NOTICE),),
        citations=(),
        retrieved=(),
        missing=(),
        nearest=(),
        rejected=(),
        timings=Timings(),
        model=None,
        index=digest,
    )


def _print_reports(reports: tuple[FileReport, ...]) -> None:
    table = Table("File", "Outcome", "Numbered", "Sections", "Sentences", "Chunks", box=None)
    for r in reports:
        counts = (r.numbered_sections, r.sections, r.sentences, r.chunks)
        shown = [str(c) if r.sections else "" for c in counts]
        table.add_row(_file_label(r.source_file, r.files), r.outcome, *shown)
    Console().print(table)
    for r in reports:
        for warning in r.warnings:
            _say(warning if r.source_file in warning else f"{r.source_file}: {warning}")


def _file_label(first: str, files: int) -> str:
    return first if files < 2 else f"{first} and {files - 1} more"


def _show_progress(stage: str, done: int, total: int) -> None:
    """In place on a terminal; elsewhere a line when a stage begins and one when it ends."""
    line = f"{stage} {done}/{total}"
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{line}")
        sys.stderr.flush()
    elif done in (0, total):
        _say(line)


def _end_progress() -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K")


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    main()
