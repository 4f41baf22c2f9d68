"""Question sets: what a line must hold, and what makes a question a fair one."""

import json
from pathlib import Path

import pytest

from eval.questions import SETS, SPLITS, QuestionType, check, parse_reports, read_set
from ragkit.errors import CorpusError
from ragkit.types import ParsedDocument

_PLACE = {
    "document_id": "harbour-2021",
    "section_number": "3.1.2",
    "section_title": "Lessons learned",
}
_FAIR = {
    "id": "bay-1",
    "topic": "bay",
    "type": "fact",
    "question": "how long did sharing records take",
    "status": "answered",
    "gold": [_PLACE],
    "nuggets": [{"text": "nine months", "patterns": ["(nine|9) months"]}],
    "must_not": ["eight months"],
    "hard": "the question does not say what was shared",
}


def _write(folder: Path, *changes: dict[str, object]) -> Path:
    path = folder / "set.jsonl"
    lines = [json.dumps({**_FAIR, "id": f"bay-{n}", **c}) for n, c in enumerate(changes)]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def small_reports(small_corpus: Path) -> dict[str, ParsedDocument]:
    return parse_reports(small_corpus)


def test_a_fair_question_has_no_fault(
    tmp_path: Path, small_reports: dict[str, ParsedDocument]
) -> None:
    assert list(check(read_set(_write(tmp_path, {})), small_reports)) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"gold": [{**_PLACE, "section_number": "9"}]}, "no section 9"),
        ({"nuggets": [{"text": "a", "patterns": ["ten months"]}]}, "met by no sentence"),
        ({"nuggets": [{"text": "a", "patterns": ["sharing records"]}]}, "the question itself"),
        ({"must_not": ["ambulance"]}, "met by a right answer"),
        ({"must_not": ["do not say"]}, "met by a right answer"),
    ],
)
def test_an_unfair_question_is_told(
    tmp_path: Path, small_reports: dict[str, ParsedDocument], change: dict[str, object], says: str
) -> None:
    found = list(check(read_set(_write(tmp_path, change)), small_reports))
    assert any(says in fault for fault in found), found


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"nuggets": []}, "vital nugget"),
        ({"status": "not_found"}, "neither gold"),
        ({"type": "follow_up"}, "history"),
        ({"status": "conflict"}, "each side"),
        ({"nuggets": [{"text": "a", "patterns": ["("]}]}, "regular expression"),
        ({"nuggets": [{"text": "a", "patterns": ["x?"]}]}, "empty answer"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_a_line_that_is_no_question_is_refused_in_one_line(
    tmp_path: Path, change: dict[str, object], says: str
) -> None:
    with pytest.raises(CorpusError, match=says) as caught:
        read_set(_write(tmp_path, change))
    assert "\n" not in str(caught.value)


def test_an_id_comes_once(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="twice"):
        read_set(_write(tmp_path, {}, {"id": "bay-0"}))


def test_the_shipped_sets_are_fair(parsed_reports: dict[str, ParsedDocument]) -> None:
    for split in SPLITS:
        assert list(check(read_set(SETS / f"{split}.jsonl"), parsed_reports)) == []


def test_the_shipped_sets_are_large_and_split_by_topic() -> None:
    dev, test = (read_set(SETS / f"{split}.jsonl") for split in SPLITS)
    least = {
        QuestionType.FACT: 60,
        QuestionType.LIST: 45,
        QuestionType.LESSON: 45,
        QuestionType.COMPARISON: 30,
        QuestionType.TABLE: 15,
        QuestionType.CONFLICT: 15,
        QuestionType.FALSE_PREMISE: 10,
        QuestionType.FOLLOW_UP: 15,
    }
    everything = [*dev, *test]
    for kind, count in least.items():
        assert sum(q.type is kind for q in everything) >= count, kind
    refused = (QuestionType.UNANSWERABLE, QuestionType.FALSE_PREMISE)
    assert sum(q.type in refused for q in everything) >= 60
    assert not {q.topic for q in dev} & {q.topic for q in test}
    assert 0.55 <= len(dev) / len(everything) <= 0.65
    assert len({q.question.casefold() for q in everything}) == len(everything)


def test_no_question_of_a_set_was_fitted_on() -> None:
    lines = (SETS / "fit.jsonl").read_text(encoding="utf-8").splitlines()
    fitted = {json.loads(line)["question"].casefold() for line in lines}
    for split in SPLITS:
        assert not fitted & {q.question.casefold() for q in read_set(SETS / f"{split}.jsonl")}
