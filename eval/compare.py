"""Two runs side by side: what changed, by how much, and on which questions."""

from collections.abc import Iterator
from dataclasses import dataclass

from eval.metrics.stats import Mean, mean_of
from eval.report import AnsweredQuestion, Report
from eval.scoring import MEASURES
from ragkit.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Pair:
    """One question in both runs."""

    before: AnsweredQuestion
    after: AnsweredQuestion


def compare(before: Report, after: Report, *, system: str = "") -> Iterator[str]:
    """The paired differences with intervals, then every question that became right or wrong.

    Args:
        before: one run.
        after: another, on the same questions; questions of one run alone are left out.
        system: by its name in the reports; "" for the first that both have.

    Raises:
        ConfigError: no system or no question is in both.
    """
    name = system or _common_system(before, after)
    pairs = _pairs(before, after, name)
    yield f"{name}: {before.made} against {after.made}, {len(pairs)} questions in both"
    for measure in MEASURES:
        change = _difference(pairs, name, measure)
        if change.n:
            clear = "" if change.low <= 0 <= change.high else "  *"
            yield (
                f"  {measure:22} {change.mean:+.3f} [{change.low:+.3f}, {change.high:+.3f}] "
                f"n={change.n}{clear}"
            )
    for pair in pairs:
        was, now = pair.before.is_right(name), pair.after.is_right(name)
        if was != now:
            yield from _changed(pair, name, "became right" if now else "became wrong")


def _common_system(before: Report, after: Report) -> str:
    names = {s.name for s in after.systems}
    common = [s.name for s in before.systems if s.name in names]
    if not common:
        raise ConfigError("the two reports have no system in common: run both with the same ones")
    return common[0]


def _pairs(before: Report, after: Report, system: str) -> list[Pair]:
    later = {(q.split, q.question.id): q for q in after.questions if system in q.answers}
    pairs = [
        Pair(q, later[q.split, q.question.id])
        for q in before.questions
        if system in q.answers and (q.split, q.question.id) in later
    ]
    if not pairs:
        raise ConfigError(f"no question was answered by '{system}' in both reports")
    return pairs


def _difference(pairs: list[Pair], system: str, measure: str) -> Mean:
    return mean_of(
        [
            p.after.scores[system][measure] - p.before.scores[system][measure]
            for p in pairs
            if measure in p.after.scores[system] and measure in p.before.scores[system]
        ]
    )


def _changed(pair: Pair, system: str, how: str) -> Iterator[str]:
    question = pair.after.question
    yield f"{how}: {question.id} ({pair.after.split}, {question.type}) {question.question}"
    for label, side in (("before", pair.before), ("after", pair.after)):
        record = side.answers[system]
        yield f"    {label}: {record.status}: {record.shown[:600] or '(nothing)'}"
