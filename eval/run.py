"""Answer the question sets with every system, score the answers, write the report.

Everything of a run lies in one folder: ``answers/SYSTEM.jsonl``, ``report.json`` for `compare` and
``report.html`` for people.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from eval import SYSTEMS
from eval.page import write_page
from eval.questions import Question, read_set, set_path
from eval.records import Record, write_records
from eval.report import AnsweredQuestion, DocumentLine, Report, system_report
from eval.scoring import Scored, score
from eval.systems import RagkitSystem, System, by_vectors, by_words, prompted
from ragkit.config import Config
from ragkit.embed import EmbedConfig, SentenceTransformerEmbedder
from ragkit.errors import ConfigError, ModelError
from ragkit.ingest import ingest
from ragkit.pipeline import Pipeline, Writing, open_writing

Progress = Callable[[str, int, int], None]  # system, done, of how many


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What is run."""

    out: Path
    sets: tuple[str, ...] = ("dev",)  # names of shipped sets, or paths
    systems: tuple[str, ...] = SYSTEMS
    reports: Path | None = None  # ingested into the output folder
    config: Config = field(default_factory=Config)  # names the index where no reports are given


def run(plan: RunPlan, progress: Progress) -> Report:
    """Run a plan and write its folder.

    Raises:
        RagkitError: a set, the index or a model cannot be opened; an unknown system is named.
    """
    unknown = [s for s in plan.systems if s not in SYSTEMS]
    if unknown:
        raise ConfigError(f"no system '{unknown[0]}': there are {', '.join(SYSTEMS)}")
    sets = {_set_name(name): read_set(set_path(name)) for name in plan.sets}
    plan.out.mkdir(parents=True, exist_ok=True)
    config = _indexed(plan, progress)
    pipeline = Pipeline.open(config, use_model=False)
    systems = list(_systems(plan, config, pipeline))
    texts = {d.id: d.text for d in pipeline.documents()}
    reports, answered = [], []
    for system in systems:
        scored = {
            name: [
                score(q, r, texts)
                for q, r in zip(questions, _answers(system, questions, progress), strict=True)
            ]
            for name, questions in sets.items()
        }
        reports.append(system_report(system.name, scored))
        answered.append((system.name, scored))
        _write_answers(plan.out, system.name, scored)
    report = Report(
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        index=pipeline.library.digest,
        documents=tuple(
            DocumentLine(id=d.id, title=d.title, kind=d.kind) for d in pipeline.documents()
        ),
        systems=tuple(reports),
        questions=tuple(_by_question(sets, answered)),
    )
    (plan.out / "report.json").write_text(report.model_dump_json(indent=1), encoding="utf-8")
    write_page(report, plan.out / "report.html")
    return report


def _set_name(name: str) -> str:
    return Path(name).stem


def _indexed(plan: RunPlan, progress: Progress) -> Config:
    if plan.reports is None:
        return plan.config
    index = plan.out / "index"
    shutil.rmtree(index, ignore_errors=True)
    config = replace(plan.config, index=str(index))
    ingest([plan.reports], config, progress=progress)
    return config


def _systems(plan: RunPlan, config: Config, pipeline: Pipeline) -> Iterator[System]:
    library = pipeline.library
    if "quote" in plan.systems:
        yield RagkitSystem("ragkit, quotations", pipeline)
    needs_dense = {"dense", "prompted"} & set(plan.systems)
    # The baseline keeps the embedding model as it was published.
    published = EmbedConfig(is_adapted=False)
    dense = by_vectors(library, SentenceTransformerEmbedder(published)) if needs_dense else None
    if dense and "dense" in plan.systems:
        yield dense
    if "bm25" in plan.systems:
        yield by_words(library)
    if not {"model", "prompted"} & set(plan.systems):
        return
    writing = _writing(config)
    if "model" in plan.systems:
        yield RagkitSystem("ragkit, model", replace(pipeline, writing=writing))
    if dense and "prompted" in plan.systems:
        yield prompted(dense, writing.generator)


def _writing(config: Config) -> Writing:
    writing = open_writing(replace(config, write=replace(config.write, writer="reword")))
    if writing is None:
        raise ModelError("no language model can be used: leave out the systems model and prompted")
    return writing


def _answers(system: System, questions: Sequence[Question], progress: Progress) -> Iterator[Record]:
    for done, question in enumerate(questions):
        progress(system.name, done, len(questions))
        yield system.answer(question)
    progress(system.name, len(questions), len(questions))


def _write_answers(out: Path, system: str, scored: dict[str, list[Scored]]) -> None:
    folder = out / "answers"
    folder.mkdir(exist_ok=True)
    name = system.replace(", ", "-").replace(" ", "-")
    records = [s.record for found in scored.values() for s in found]
    write_records(folder / f"{name}.jsonl", records)


def _by_question(
    sets: dict[str, tuple[Question, ...]],
    answered: Sequence[tuple[str, dict[str, list[Scored]]]],
) -> Iterator[AnsweredQuestion]:
    for split, questions in sets.items():
        for i, question in enumerate(questions):
            found = {name: scored[split][i] for name, scored in answered}
            yield AnsweredQuestion(
                split=split,
                question=question,
                answers={name: s.record for name, s in found.items()},
                scores={name: dict(s.scores) for name, s in found.items()},
            )
