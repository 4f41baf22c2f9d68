"""Selection: whole lists, rows with headers, and the decision that nothing answers."""

from pathlib import Path

import pytest

from ragkit.errors import ConfigError
from ragkit.pipeline import Pipeline
from ragkit.select import Side, load_scorer
from ragkit.types import Evidence, SentenceKind, Status


def _select(pipeline: Pipeline, question: str) -> Evidence:
    query = pipeline.interpreter.read(question)
    return pipeline.selector.select(query, pipeline.retriever.retrieve(query))


def _texts(evidence: Evidence) -> list[str]:
    return [s.sentence.text for s in evidence.sentences]


def test_a_list_is_taken_whole_with_its_lead_in(small_pipeline: Pipeline) -> None:
    texts = _texts(_select(small_pipeline, "who are the partners of the Orrin Bay clinic"))
    assert texts == [
        "The partners are:",
        "Harbour Trust.",
        "Orrin Bay Council.",
        "The Lantern Charity.",
    ]


def test_evidence_stands_in_text_order_inside_a_section(small_pipeline: Pipeline) -> None:
    evidence = _select(small_pipeline, "how long did sharing records take and who signs")
    section = evidence.sentences[0].section.id
    starts = [s.sentence.start for s in evidence.sentences if s.section.id == section]
    assert starts == sorted(starts)


def test_what_is_not_there_is_not_found_and_the_nearest_places_are_named(
    small_pipeline: Pipeline,
) -> None:
    evidence = _select(small_pipeline, "how many parking fines were issued in Zzyzx in 2031")
    assert evidence.status is Status.NOT_FOUND
    assert evidence.sentences == ()
    assert 1 <= len(evidence.nearest) <= 3
    assert evidence.missing


def test_advice_on_a_patient_is_out_of_scope(small_pipeline: Pipeline) -> None:
    evidence = _select(small_pipeline, "what dose of paracetamol for my 2 year old daughter")
    assert evidence.status is Status.OUT_OF_SCOPE
    assert evidence.sentences == ()


def test_no_sentence_is_chosen_twice(small_pipeline: Pipeline) -> None:
    for question in ("lessons on transport", "what did the clinics cost", "gardens"):
        ids = [s.sentence.id for s in _select(small_pipeline, question).sentences]
        assert len(ids) == len(set(ids))


def test_a_lead_in_never_stands_alone(report_pipeline: Pipeline) -> None:
    evidence = _select(report_pipeline, "5 workstreams first 1000 days surrey")
    assert _texts(evidence)[0].startswith("Five work streams")
    kinds = [s.sentence.kind for s in evidence.sentences]
    assert kinds[:6] == [SentenceKind.LEAD_IN, *[SentenceKind.BULLET] * 5]
    assert len(kinds) <= 7


def test_a_table_row_comes_with_its_header(report_pipeline: Pipeline) -> None:
    evidence = _select(report_pipeline, "number of 0-18 year olds in Sheffield")
    row = next(s for s in evidence.sentences if s.sentence.kind is SentenceKind.TABLE_ROW)
    assert row.sentence.text.startswith("Sheffield\t")
    assert SentenceKind.TABLE_HEADER in [s.kind for s in row.introduction]


def test_another_area_is_left_out_where_the_one_asked_for_has_evidence(
    report_pipeline: Pipeline,
) -> None:
    evidence = _select(report_pipeline, "what did Kernow CCG do about pooled budgets")
    assert evidence.sentences
    for one in evidence.sentences:
        words = " ".join(one.section.path) + one.sentence.text
        assert "Cornwall" in words or "One Vision" in words


def test_both_sides_of_a_comparison_are_there(report_pipeline: Pipeline) -> None:
    answer = report_pipeline.ask("population 0-18: Sussex compared with Cornwall")
    sussex, cornwall = (
        min(i for i, s in enumerate(answer.sentences) if figure in s.text)
        for figure in ("297,190", "114,813")
    )
    assert sussex < cornwall


def test_a_side_of_which_nothing_is_said_is_named(report_pipeline: Pipeline) -> None:
    answer = report_pipeline.ask("population 0-18: Sussex, Cornwall and Peterborough")
    assert answer.status is Status.PARTIAL
    assert answer.missing == ("Cambridgeshire and Peterborough",)
    shown = " ".join(s.text for s in answer.sentences)
    assert "297,190" in shown
    assert "114,813" in shown
    assert "nothing on this for Cambridgeshire and Peterborough" in shown


def test_fewer_than_two_sides_with_evidence_are_no_comparison(small_pipeline: Pipeline) -> None:
    query = small_pipeline.interpreter.read("falls clinics in Sussex and Cornwall")
    parts = small_pipeline.interpreter.of_sides(query)
    sides = [Side(e, q, small_pipeline.retriever.retrieve(q)) for e, q in parts]
    assert len(sides) == 2
    assert small_pipeline.selector.compare(sides) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [("{", "cannot read"), ('{"fitted_on": ""}', "cannot read")],
)
def test_damaged_weights_are_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "w.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=says):
        load_scorer(path)


def test_weights_for_other_features_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.json"
    path.write_text(
        '{"fitted_on": "", "answerable_threshold": 0.5, "premise_threshold": 0.5, '
        '"joined": {"bias": 0, "weights": {}}, '
        '"sentence": {"bias": 0, "weights": {"x": 1}}, "evidence": {"bias": 0, "weights": {}}}'
    )
    with pytest.raises(ConfigError, match="other features"):
        load_scorer(path)
