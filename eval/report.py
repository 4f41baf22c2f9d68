"""The report of a run as data: what `run` writes, and `compare` and the page read."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from eval.metrics.abstention import risk_coverage
from eval.metrics.stats import Mean, mean_of
from eval.metrics.wording import words
from eval.questions import Question
from eval.records import Record
from eval.scoring import Scored, decisions, table
from ragkit.errors import CorpusError


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DocumentLine(_Part):
    """A document of the index that was asked."""

    id: str
    title: str
    kind: str


class SplitReport(_Part):
    """The figures of one system on one set."""

    measures: dict[str, Mean]
    right_by_type: dict[str, Mean]  # exactly right, for each type of question
    curve: tuple[tuple[float, float], ...]  # coverage and risk
    words_p50: float  # of the answers to answerable questions
    find_p95_ms: float  # retrieve and select
    total_p50_s: float
    total_p95_s: float


class SystemReport(_Part):
    """The figures of one system."""

    name: str
    splits: dict[str, SplitReport]


class AnsweredQuestion(_Part):
    """A question with what each system made of it."""

    split: str
    question: Question
    answers: dict[str, Record]
    scores: dict[str, dict[str, float]]

    def is_right(self, system: str) -> bool:
        """Whether a system's answer is exactly right."""
        return self.scores[system]["exactly_right"] == 1


class Report(_Part):
    """A whole run."""

    made: str
    index: str
    documents: tuple[DocumentLine, ...]
    systems: tuple[SystemReport, ...]
    questions: tuple[AnsweredQuestion, ...]

    @property
    def splits(self) -> tuple[str, ...]:
        """The sets that were run."""
        return tuple(dict.fromkeys(q.split for q in self.questions))


def system_report(name: str, scored: Mapping[str, Sequence[Scored]]) -> SystemReport:
    """The figures of one system from its scored answers, by set."""
    return SystemReport(name=name, splits={k: _split_report(v) for k, v in scored.items()})


def _split_report(scored: Sequence[Scored]) -> SplitReport:
    types = dict.fromkeys(s.question.type for s in scored)
    timings = [s.record.timings for s in scored]
    total = [t.total_s for t in timings]
    lengths = [words(s.record) for s in scored if s.question.is_answerable and s.record.claims]
    return SplitReport(
        measures=table(scored),
        right_by_type={
            t.value: mean_of([float(s.is_right) for s in scored if s.question.type is t])
            for t in types
        },
        curve=risk_coverage(decisions(scored)),
        words_p50=_quantile(lengths, 50),
        find_p95_ms=_quantile([1000 * (t.retrieve_s + t.select_s) for t in timings], 95),
        total_p50_s=_quantile(total, 50),
        total_p95_s=_quantile(total, 95),
    )


def _quantile(values: Sequence[float], q: float) -> float:
    return float(np.percentile(values, q)) if values else 0.0


def read_report(path: Path) -> Report:
    """The report of a run's folder, or of a file.

    Raises:
        CorpusError: there is none, or it was written by another version.
    """
    file = path / "report.json" if path.is_dir() else path
    try:
        return Report.model_validate_json(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"cannot read the report '{file}': {error}") from error
    except ValidationError as error:
        raise CorpusError(f"'{file}' is no report of this version: run the evaluation again") from (
            error
        )
