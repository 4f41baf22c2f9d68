"""When to say nothing: measures over a whole set of questions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Decision:
    """One question: whether it has an answer, whether one was given, and whether it was right."""

    is_answerable: bool
    abstained: bool
    is_right: bool
    confidence: float  # that the collection answers, in [0, 1]


def abstention_recall(decisions: Sequence[Decision]) -> tuple[bool, ...]:
    """For each unanswerable question, whether it was refused; their mean is the recall."""
    return tuple(d.abstained for d in decisions if not d.is_answerable)


def abstention_precision(decisions: Sequence[Decision]) -> tuple[bool, ...]:
    """For each refusal, whether it was due; their mean is the precision."""
    return tuple(not d.is_answerable for d in decisions if d.abstained)


def false_abstention(decisions: Sequence[Decision]) -> tuple[bool, ...]:
    """For each answerable question, whether it was refused; lower is better."""
    return tuple(d.abstained for d in decisions if d.is_answerable)


def risk_coverage(decisions: Sequence[Decision]) -> tuple[tuple[float, float], ...]:
    """Points (coverage, risk): answering only the most confident share, how many are wrong.

    An answer to an unanswerable question is wrong whatever it says (El-Yaniv and Wiener 2010).
    """
    order = sorted(decisions, key=lambda d: -d.confidence)
    wrong = np.cumsum([not (d.is_answerable and d.is_right) for d in order])
    return tuple((n / len(order), float(wrong[n - 1]) / n) for n in range(1, len(order) + 1))


def area_under_risk_coverage(decisions: Sequence[Decision]) -> float:
    """The mean risk over all coverages, in [0, 1]; lower is better, 0 for no decisions."""
    curve = risk_coverage(decisions)
    return float(np.mean([risk for _, risk in curve])) if curve else 0.0
