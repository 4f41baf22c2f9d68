"""What an answer is worth: worked examples of each measure of one answer."""

from collections.abc import Sequence

import pytest

from eval.metrics.citations import citation_precision, citation_recall
from eval.questions import Question
from eval.records import Cited, Record
from eval.scoring import score, table

_TEXT = "The clinic cost £9,400. It opened in 2018."
_QUESTION = Question.model_validate(
    {
        "id": "q",
        "topic": "bay",
        "type": "fact",
        "question": "what did it cost",
        "status": "answered",
        "gold": [{"document_id": "d", "section_number": "1", "section_title": "Costs"}],
        "nuggets": [
            {"text": "£9,400", "patterns": [r"£9,400"]},
            {"text": "opened 2018", "vital": False, "patterns": ["2018"]},
        ],
        "must_not": ["£8,000"],
        "hard": "-",
    }
)


def _record(**changes: object) -> Record:
    place = {"document_id": "d", "section_number": "1", "section_title": "Costs"}
    record = {
        "id": "q",
        "status": "answered",
        "sentences": [
            {"text": "The clinic cost £9,400.", "origin": "quote", "citations": [1]},
            {"text": "Read it with care.", "origin": "notice", "citations": []},
        ],
        "citations": [
            {"n": 1, **place, "quote": "The clinic cost £9,400.", "start": 0, "end": 23},
            {**place, "n": 2, "section_number": "2", "quote": "Unused."},
        ],
        "retrieved": [{**place, "section_number": "7"}, place, place],
    }
    return Record.model_validate({**record, **changes})


def test_a_right_answer_scores_full_where_it_should() -> None:
    scores = score(_QUESTION, _record(), {"d": _TEXT}).scores
    for name in ("exactly_right", "vital_strict", "gold_precision", "gold_recall"):
        assert scores[name] == 1, name
    for name in ("verbatim_rate", "figure_accuracy", "citation_recall", "citation_precision"):
        assert scores[name] == 1, name
    assert scores["nugget_recall"] == 0.5
    assert (scores["mrr"], scores["success_at_1"], scores["success_at_5"]) == (0.5, 0, 1)
    assert scores["must_not"] == 0


def test_a_quotation_that_is_not_in_its_place_is_not_verbatim() -> None:
    assert score(_QUESTION, _record(), {"d": "Another text"}).scores["verbatim_rate"] == 0


def test_a_wrong_figure_is_found_by_every_measure_it_concerns() -> None:
    said = [{"text": "The clinic cost £8,000.", "origin": "reworded", "citations": [1]}]
    scores = score(_QUESTION, _record(sentences=said), {"d": _TEXT}).scores
    assert (scores["exactly_right"], scores["must_not"], scores["figure_accuracy"]) == (0, 1, 0)
    assert scores["citation_recall"] == 0


def test_a_refusal_is_right_only_where_nothing_answers() -> None:
    refusal = _record(status="not_found", sentences=[], citations=[])
    assert score(_QUESTION, refusal, {}).scores["exactly_right"] == 0
    nothing = {"type": "unanswerable", "status": "not_found", "gold": [], "nuggets": []}
    unanswerable = Question.model_validate(_QUESTION.model_dump(mode="json") | nothing)
    assert score(unanswerable, refusal, {}).scores["exactly_right"] == 1
    assert score(unanswerable, _record(), {"d": _TEXT}).scores["exactly_right"] == 0


def test_alce_counts_a_citation_that_adds_nothing_as_useless() -> None:
    said = [{"text": "A and B.", "origin": "composed", "citations": [1, 2]}]
    record = _record(sentences=said)

    def needs_the_first(_: str, cited: Sequence[Cited]) -> bool:
        return 1 in {c.n for c in cited}

    assert citation_recall(record, needs_the_first) == 1
    assert citation_precision(record, needs_the_first) == 0.5


def test_a_sentence_without_a_citation_is_not_borne_out() -> None:
    said = [{"text": "The clinic cost £9,400.", "origin": "composed", "citations": []}]
    assert citation_recall(_record(sentences=said)) == 0


@pytest.mark.parametrize("status", ["conflict", "answered"])
def test_a_conflict_is_shown_with_its_status_values_and_places(status: str) -> None:
    place = {"document_id": "d", "section_title": "Costs"}
    conflict = Question.model_validate(
        {
            **_QUESTION.model_dump(mode="json"),
            "type": "conflict",
            "status": "conflict",
            "gold": [{**place, "section_number": n} for n in ("1", "2")],
            "nuggets": [{"text": t, "patterns": [t]} for t in ("£9,400", "£9,500")],
        }
    )
    texts = ("It cost £9,400.", "It cost £9,500.")
    record = _record(
        status=status,
        sentences=[
            {"text": t, "origin": "reworded", "citations": [n]} for n, t in enumerate(texts, 1)
        ],
        citations=[
            {**place, "n": n, "section_number": str(n), "quote": t} for n, t in enumerate(texts, 1)
        ],
    )
    shown = score(conflict, record, {}).scores["conflict_shown"]
    assert shown == float(status == "conflict")


def test_the_table_takes_each_mean_over_the_questions_it_concerns() -> None:
    refusal = _record(status="not_found", sentences=[], citations=[])
    found = table([score(_QUESTION, r, {"d": _TEXT}) for r in (_record(), refusal)])
    assert (found["exactly_right"].mean, found["exactly_right"].n) == (0.5, 2)
    assert (found["gold_precision"].mean, found["gold_precision"].n) == (1, 1)
    assert (found["false_abstention"].mean, found["abstention_recall"].n) == (0.5, 0)
