"""What the fitted parts learn from: every piece of evidence named is there."""

import json
from pathlib import Path

import pytest

from eval.guard import read_cases
from eval.training import (
    MORE_CASES,
    MORE_REPORTS,
    SETS,
    Bench,
    MoreQuestion,
    case_to_markdown,
    digest,
    report_questions,
)
from ragkit.pipeline import Pipeline
from ragkit.select.features import Describer


@pytest.fixture(scope="module")
def bench(report_pipeline: Pipeline) -> Bench:
    pipeline = report_pipeline
    return Bench(pipeline.retriever, pipeline.interpreter, Describer(pipeline.retriever))


def _more(path: Path) -> list[MoreQuestion]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [MoreQuestion.model_validate_json(line) for line in lines]


@pytest.mark.parametrize("path", [MORE_CASES, MORE_REPORTS])
def test_ids_are_unique_and_only_what_is_not_there_lacks_evidence(path: Path) -> None:
    questions = _more(path)
    assert len({q.id for q in questions}) == len(questions) > 2000
    assert all(bool(q.evidence) == (q.status != "not_found") for q in questions)


def test_all_evidence_of_the_questions_on_the_reports_is_found(bench: Bench) -> None:
    named = {d for q in _more(MORE_REPORTS) for d in (*q.evidence, *q.optional)}
    assert named <= set(bench.by_digest)


def test_a_sixth_of_them_is_held_out(bench: Bench) -> None:
    asked = [a for a in report_questions(bench) if a.group.startswith("more-")]
    share = sum(a.is_held_out for a in asked) / len(asked)
    assert 0.14 < share < 0.19


def test_a_digest_names_a_sentence_without_its_wording(report_pipeline: Pipeline) -> None:
    sentences = list(report_pipeline.library.sentences.values())
    digests = {digest(s) for s in sentences}
    assert all(len(d) == 10 for d in digests)
    assert len(digests) > 0.9 * len(sentences)


def test_a_case_becomes_a_note_with_its_headings_and_items() -> None:
    case: dict[str, object] = {
        "id": "z01",
        "document": {"title": "Lanterns", "publisher": "", "date": "", "kind": ""},
        "sections": [
            {
                "number": "1.1",
                "title": "Costs",
                "path": "1 Money",
                "sentences": [
                    {"id": "s1", "kind": "lead_in", "text": "It costs:"},
                    {"id": "s2", "kind": "bullet", "text": "£3 a week"},
                ],
            }
        ],
    }
    note = case_to_markdown(case)
    assert "# 1 Money\n\n## 1.1 Costs\n\nIt costs:\n\n- £3 a week" in note
    assert json.dumps("Lanterns") in note


@pytest.mark.parametrize("name", ["claims.jsonl", "claims-held.jsonl"])
def test_half_of_the_claims_are_sound_and_all_have_evidence(name: str) -> None:
    cases = list(read_cases(SETS / name))
    assert sum(c.is_sound for c in cases) * 2 == len(cases)
    assert all(c.evidence for c in cases)
