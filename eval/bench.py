"""Time and memory on this machine: ingestion, retrieval, whole answers.

    python -m eval bench --reports FOLDER

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

from eval.fit import FIT_SET, FitQuestion
from ragkit.config import Config
from ragkit.pipeline import Pipeline
from ragkit.types import Answer, Origin, Turn


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure with its bound."""

    name: str
    value: float
    unit: str
    bound: float

    def __str__(self) -> str:
        """``name  value unit  (bound: under …)``."""
        fits = "ok" if self.value < self.bound else "OVER"
        return f"{self.name:44} {self.value:8.2f} {self.unit:2}  under {self.bound:g}: {fits}"


def run(reports: Path, *, questions: int = 60) -> Iterator[Measure | str]:
    """Measure, cheapest to disturb last; strings are remarks."""
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "index"
        yield Measure("cold ingest, process start to end", _ingest(reports, index), "s", 30)
        yield Measure("ingest again, nothing changed", _ingest(reports, index), "s", 3)
        config = Config(index=str(index))
        asked = _questions(questions)
        pipeline = Pipeline.open(config)
        if pipeline.writing is None:
            yield "the model is not used: its check failed or the settings ask for quotations"
        pipeline.ask(asked[0].question)  # warm
        yield from _answers(pipeline, asked)
    yield from _memory()


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
