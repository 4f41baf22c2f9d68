"""Time and memory on this machine: ingestion, retrieval, whole answers, and how they grow.

    python -m eval bench --reports FOLDER [--scale 1 10 100]

Ingestion runs as a user runs it, in a process of its own; questions are those of ``fit.jsonl``.
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eval.training import FIT_SET, FitQuestion
from ragkit.config import Config
from ragkit.load import find_files, load, read_source
from ragkit.pipeline import Pipeline, Writing
from ragkit.types import Answer, Origin, Prompt, Turn

_PAGE_CHARS = 1_800  # of a standard page, for formats that have none


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure, with its bound where there is one."""

    name: str
    value: float
    unit: str
    bound: float | None = None

    def __str__(self) -> str:
        """``name  value unit  (bound: under …)``."""
        line = f"{self.name:44} {self.value:10.2f} {self.unit:4}"
        if self.bound is None:
            return line.rstrip()
        return f"{line} under {self.bound:g}: {'ok' if self.value < self.bound else 'OVER'}"


def run(
    reports: Path, *, questions: int = 60, scales: Sequence[int] = (1,)
) -> Iterator[Measure | str]:
    """Measure, cheapest to disturb last; strings are remarks.

    Args:
        reports: a folder of reports.
        questions: how many are asked.
        scales: sizes of the collection; above 1, that many changed copies of every report.
    """
    asked = _questions(questions)
    for scale in scales:
        yield f"-- {scale} times the reports"
        with tempfile.TemporaryDirectory() as folder:
            place = reports if scale == 1 else _copies(reports, Path(folder) / "reports", scale)
            yield from _one_size(place, Path(folder) / "index", asked, is_bound=scale == 1)
    yield from _memory()


def _copies(reports: Path, folder: Path, scale: int) -> Path:
    """Every report `scale` times; each copy's lines end in its number, so that none is a repeat."""
    folder.mkdir()
    for file in find_files([reports]):
        text = load(read_source(file)).text
        for n in range(scale):
            lines = (f"{line} ({n})" if len(line) > 60 else line for line in text.split("\n"))
            name = f"{file.stem}-{n}{file.suffix}"
            (folder / name).write_text("\n".join(lines), encoding="utf-8")
    return folder


def _one_size(
    reports: Path, index: Path, asked: Sequence[FitQuestion], *, is_bound: bool
) -> Iterator[Measure | str]:
    cold = _ingest(reports, index)
    yield Measure("cold ingest, process start to end", cold, "s", 30 if is_bound else None)
    again = _ingest(reports, index)
    yield Measure("ingest again, nothing changed", again, "s", 3 if is_bound else None)
    pipeline = Pipeline.open(Config(index=str(index)))
    library = pipeline.library
    pages = sum(len(d.text) for d in library.documents.values()) / _PAGE_CHARS
    yield Measure(f"pages of {_PAGE_CHARS:,} characters a second", pages / cold, "")
    yield Measure(f"chunks a second, of {len(library.chunks):,}", len(library.chunks) / cold, "")
    size = sum(f.stat().st_size for f in library.folder.iterdir())
    yield Measure("index on disk", size / 1e6, "MB")
    if pipeline.writing is None:
        yield "the model is not used: its check failed or the settings ask for quotations"
    else:
        yield Measure("the model writes, tokens a second", _tokens_a_second(pipeline.writing), "")
    pipeline.ask(asked[0].question)  # warm
    yield from _answers(pipeline, asked)


def _tokens_a_second(writing: Writing) -> float:
    prompt = Prompt(system="You write.", user="Write a long story about a river.", max_tokens=128)
    started = time.perf_counter()
    pieces = sum(1 for _ in writing.generator.stream(prompt))
    return pieces / (time.perf_counter() - started)


def _ingest(reports: Path, index: Path) -> float:
    started = time.perf_counter()
    command = [sys.executable, "-m", "ragkit.cli", "ingest", str(reports), "--index", str(index)]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def _questions(most: int) -> list[FitQuestion]:
    lines = FIT_SET.read_text(encoding="utf-8").splitlines()
    step = max(1, len(lines) // most)
    return [FitQuestion.model_validate_json(x) for x in lines[::step]][:most]


def _answers(pipeline: Pipeline, asked: Sequence[FitQuestion]) -> Iterator[Measure | str]:
    found, first, whole = [], [], []
    answers: list[Answer] = []
    for q in asked:
        history = tuple(Turn(t["role"], t["content"]) for t in q.history)
        snapshots = list(pipeline.stream(q.question, history=history))
        timings = snapshots[-1].timings
        found.append(1000 * (timings.retrieve_s + timings.select_s))
        first.append(1000 * snapshots[0].timings.total_s)
        whole.append(timings.total_s)
        answers.append(snapshots[-1])
    yield Measure(f"retrieve + select, p95 of {len(asked)}", _p95(found), "ms", 250)
    yield Measure(f"first evidence, p95 of {len(asked)}", _p95(first), "ms", 400)
    yield Measure(f"whole answer with the model, p95 of {len(asked)}", _p95(whole), "s", 5)
    reworded = sum(s.origin is Origin.REWORDED for a in answers for s in a.sentences)
    shown = sum(bool(s.citations) for a in answers for s in a.sentences)
    rejected = sum(len(a.rejected) for a in answers)
    yield (
        f"p50: retrieve + select {np.median(found):.0f} ms, whole answer {np.median(whole):.2f} s; "
        f"{shown} sentences shown, {reworded} reworded, {rejected} rewordings rejected"
    )


def _p95(values: Sequence[float]) -> float:
    return float(np.percentile(values, 95))


def _memory() -> Iterator[Measure]:
    for name, who in (("ingest", resource.RUSAGE_CHILDREN), ("asking", resource.RUSAGE_SELF)):
        peak = resource.getrusage(who).ru_maxrss / 1e6  # kilobytes on Linux
        yield Measure(f"peak memory, {name}", peak, "GB", 1.5)
