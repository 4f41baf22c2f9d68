"""Measures against hand-worked examples, against trec_eval, and within their ranges."""

import ir_measures
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ir_measures import RR, R, Success, nDCG

from eval.metrics.abstention import (
    Decision,
    abstention_precision,
    abstention_recall,
    area_under_risk_coverage,
    false_abstention,
    risk_coverage,
)
from eval.metrics.ranking import gains, mrr, ndcg_at_k, recall_at_k, success_at_k
from eval.metrics.stats import mean_of

_RANKED = st.lists(st.sampled_from("abcdefghijklm"), unique=True, min_size=1, max_size=12)
_RELEVANT = st.sets(st.sampled_from("abcdefghijklm"), min_size=1, max_size=5)


@given(_RANKED, _RELEVANT)
def test_ranking_measures_agree_with_trec_eval(ranked: list[str], relevant: set[str]) -> None:
    found = gains(ranked, lambda d: d in relevant)
    reference = ir_measures.calc_aggregate(
        [RR, Success @ 5, R @ 5, nDCG @ 10],
        [ir_measures.Qrel("q", d, 1) for d in relevant],
        [ir_measures.ScoredDoc("q", d, -float(i)) for i, d in enumerate(ranked)],
    )
    assert mrr(found) == pytest.approx(reference[RR])
    assert success_at_k(found, 5) == reference[Success @ 5]
    assert recall_at_k(found, 5, relevant=len(relevant)) == pytest.approx(reference[R @ 5])
    assert ndcg_at_k(found, 10, relevant=len(relevant)) == pytest.approx(reference[nDCG @ 10])


def test_a_section_counts_once_however_many_of_its_passages_come() -> None:
    assert gains("aabca", lambda d: d in "ac") == (True, False, False, True, False)


@given(_RANKED, _RELEVANT, st.integers(1, 10))
def test_recall_grows_with_k(ranked: list[str], relevant: set[str], k: int) -> None:
    found = gains(ranked, lambda d: d in relevant)
    first = recall_at_k(found, k, relevant=len(relevant))
    assert 0 <= first <= recall_at_k(found, k + 1, relevant=len(relevant)) <= 1


def _decision(answerable: bool, abstained: bool, right: bool, confidence: float) -> Decision:
    return Decision(answerable, abstained, right, confidence)


def test_abstention_measures_on_a_worked_example() -> None:
    made = [
        _decision(True, False, True, 0.9),
        _decision(False, False, False, 0.8),
        _decision(True, True, False, 0.2),
        _decision(False, True, True, 0.1),
    ]
    assert abstention_recall(made) == (False, True)
    assert abstention_precision(made) == (False, True)
    assert false_abstention(made) == (False, True)
    assert [risk for _, risk in risk_coverage(made)] == pytest.approx([0, 1 / 2, 2 / 3, 3 / 4])
    assert area_under_risk_coverage(made) == pytest.approx((0 + 1 / 2 + 2 / 3 + 3 / 4) / 4)


def test_surer_right_answers_make_a_smaller_area() -> None:
    sure = [_decision(True, False, True, 0.9), _decision(False, False, False, 0.1)]
    unsure = [_decision(True, False, True, 0.1), _decision(False, False, False, 0.9)]
    assert area_under_risk_coverage(sure) < area_under_risk_coverage(unsure)


def test_nothing_has_no_mean_and_equals_have_no_spread() -> None:
    assert mean_of([]).n == 0
    assert (mean_of([1.0] * 5).low, mean_of([1.0] * 5).high) == (1.0, 1.0)


@given(st.lists(st.sampled_from([0.0, 1.0]), min_size=2, max_size=40))
def test_an_interval_holds_its_mean_and_is_the_same_every_time(values: list[float]) -> None:
    found = mean_of(values)
    assert 0 <= found.low <= found.mean <= found.high <= 1
    assert found == mean_of(values)
