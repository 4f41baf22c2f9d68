"""From an answer to its scores, and from many to a table of means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eval.metrics import citations, nuggets, wording
from eval.metrics.abstention import (
    Decision,
    abstention_precision,
    abstention_recall,
    area_under_risk_coverage,
    false_abstention,
)
from eval.metrics.ranking import gains, mrr, ndcg_at_k, recall_at_k, success_at_k
from eval.metrics.stats import Mean, mean_of
from eval.questions import Gold, Question
from eval.records import Record, Retrieved
from ragkit.types import Status

Scores = Mapping[str, float]

# Name of each measure, what it is called in a report, and whether more is better.
MEASURES: Mapping[str, tuple[str, bool]] = {
    "success_at_1": ("right passage first", True),
    "success_at_5": ("right passage in the first five", True),
    "recall_at_5": ("gold sections in the first five", True),
    "mrr": ("mean reciprocal rank", True),
    "ndcg_at_10": ("nDCG of the first ten", True),
    "exactly_right": ("exactly right", True),
    "vital_recall": ("vital nuggets said", True),
    "vital_strict": ("all vital nuggets said", True),
    "nugget_recall": ("all nuggets said", True),
    "must_not": ("says something wrong", False),
    "gold_precision": ("citations in a gold section", True),
    "gold_recall": ("gold sections cited", True),
    "sentence_precision": ("cited sentences that say a nugget", True),
    "citation_recall": ("sentences borne out by their citations (ALCE recall)", True),
    "citation_precision": ("citations of use (ALCE precision)", True),
    "verbatim_rate": ("quotations word for word", True),
    "figure_accuracy": ("figures that stand in the source", True),
    "abstention_recall": ("unanswerable questions refused", True),
    "abstention_precision": ("refusals that were due", True),
    "false_abstention": ("answerable questions refused", False),
    "premise_named": ("false premises named", True),
    "conflict_shown": ("conflicts shown with both values and places", True),
    "risk_coverage": ("area under the risk-coverage curve", False),
    "redundancy": ("sentences said twice", False),
}


@dataclass(frozen=True, slots=True)
class Scored:
    """A question, its answer, and what the answer is worth."""

    question: Question
    record: Record
    scores: Scores

    @property
    def is_right(self) -> bool:
        """Whether the answer is exactly right."""
        return self.scores["exactly_right"] == 1


def score(question: Question, record: Record, texts: Mapping[str, str]) -> Scored:
    """Every measure that applies to one answer.

    An answer is exactly right when it says every vital nugget, nothing that is wrong, and cites
    an accepted place; for an unanswerable question, when it is a refusal.

    Args:
        question: with its gold.
        record: the answer.
        texts: the texts of the documents that were asked, by id.
    """
    found: dict[str, float | None] = {
        "citation_recall": citations.citation_recall(record),
        "citation_precision": citations.citation_precision(record),
        "verbatim_rate": citations.verbatim_rate(record, texts),
        "figure_accuracy": citations.figure_accuracy(record),
        "redundancy": wording.redundancy(record),
        "must_not": nuggets.must_not(question, record.shown),
    }
    if question.is_answerable:
        found |= _retrieval(question, record)
        found |= _answer(question, record)
    else:
        found["exactly_right"] = float(_abstained(record))
    return Scored(question, record, {k: float(v) for k, v in found.items() if v is not None})


def _retrieval(question: Question, record: Record) -> dict[str, float | None]:
    ranked = [_place(question, r) for r in record.retrieved]
    any_place = gains(ranked, lambda g: g is not None)
    gold = gains(ranked, lambda g: g in question.gold)
    return {
        "success_at_1": success_at_k(any_place, 1),
        "success_at_5": success_at_k(any_place, 5),
        "recall_at_5": recall_at_k(gold, 5, relevant=len(question.gold)),
        "mrr": mrr(any_place),
        "ndcg_at_10": ndcg_at_k(any_place, 10, relevant=len(question.places)),
    }


def _place(question: Question, passage: Retrieved) -> Gold | None:
    """The accepted section that a passage lies in."""
    where = (passage.document_id, passage.section_number, passage.section_title)
    return next((g for g in question.places if g.is_section(*where)), None)


def _answer(question: Question, record: Record) -> dict[str, float | None]:
    text = record.shown
    precise = citations.gold_precision(question, record)
    strict = nuggets.says_all(question.vital, text)
    found: dict[str, float | None] = {
        "vital_recall": nuggets.said(question.vital, text),
        "vital_strict": strict,
        "nugget_recall": nuggets.said(question.nuggets, text),
        "gold_precision": precise,
        "gold_recall": citations.gold_recall(question, record),
        "sentence_precision": citations.sentence_precision(question, record),
        "exactly_right": float(
            strict == 1 and not nuggets.must_not(question, text) and bool(precise)
        ),
    }
    if question.status is Status.FALSE_PREMISE:
        found["premise_named"] = float(strict == 1 and record.status is Status.FALSE_PREMISE)
    if question.status is Status.CONFLICT:
        places = {(c.document_id, c.section_number, c.section_title) for c in record.used}
        shown = record.status is Status.CONFLICT and len(places) >= 2
        found["conflict_shown"] = float(strict == 1 and shown)
    return found


def _abstained(record: Record) -> bool:
    return not record.status.asserts_facts


def decisions(scored: Sequence[Scored]) -> tuple[Decision, ...]:
    """For each question, whether it was answered and whether that was right."""
    return tuple(
        Decision(s.question.is_answerable, _abstained(s.record), s.is_right, s.record.confidence)
        for s in scored
    )


def table(scored: Sequence[Scored]) -> dict[str, Mean]:
    """The mean of each measure over the questions that it applies to, in the order of MEASURES."""
    found = {
        name: mean_of([s.scores[name] for s in scored if name in s.scores]) for name in MEASURES
    }
    made = decisions(scored)
    area = area_under_risk_coverage(made)
    return found | {
        "abstention_recall": _share(abstention_recall(made)),
        "abstention_precision": _share(abstention_precision(made)),
        "false_abstention": _share(false_abstention(made)),
        "risk_coverage": Mean(area, len(made), area, area),
    }


def _share(hits: Sequence[bool]) -> Mean:
    return mean_of([float(hit) for hit in hits])
