"""Understanding questions: names, wants, follow-ups, scope."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.errors import QuestionError
from ragkit.figures import FigureKind
from ragkit.gazetteer import Entity, Gazetteer
from ragkit.question import MAX_CHARS, Interpreter, Want
from ragkit.types import Document, Turn

_NAMES = Gazetteer(
    (
        Entity("bay", "place", "Orrin Bay", ("OB",)),
        Entity("vale", "place", "Marsh Vale"),
    ),
    (("kids", "children"),),
)
_REVIEW = Document("harbour-2021", "Review of Falls Clinics", "h.txt", "0", "x", date="2021-03")
_READER = Interpreter(_NAMES, (_REVIEW,), frozenset({"clinic", "cost", "fall"}))


@pytest.mark.parametrize("text", ["", "  \n", "?!", "\0"])
def test_an_empty_question_is_refused(text: str) -> None:
    with pytest.raises(QuestionError, match="empty"):
        _READER.read(text)


def test_a_very_long_question_is_refused_with_the_limit() -> None:
    with pytest.raises(QuestionError, match=f"{MAX_CHARS:,}"):
        _READER.read("a" * 100_000)


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        query = _READER.read(text)
    except QuestionError:
        return
    assert query.wants


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("how many people does the clinic see", Want.FIGURE),
        ("Orrin Bay vs Marsh Vale on staffing", Want.COMPARISON),
        ("lessons on transport", Want.LESSON),
        ("who are the partners", Want.LIST),
        ("is there a clinic in Marsh Vale", Want.FACT),
    ],
)
def test_the_kind_of_answer_is_told_by_the_words(text: str, want: Want) -> None:
    assert want in _READER.read(text).wants


def test_the_kind_of_figure_is_told_by_the_words() -> None:
    assert FigureKind.MONEY in _READER.read("what did the clinic cost").figure_kinds
    assert FigureKind.DATE in _READER.read("when did it open").figure_kinds


def test_names_and_other_words_are_found() -> None:
    query = _READER.read("kids in OB")
    assert [e.id for e in query.entities] == ["bay"]
    assert "children" in query.expansion


def test_a_follow_up_inherits_the_subject() -> None:
    history = (Turn("user", "What does the clinic in Orrin Bay cost?"), Turn("assistant", "..."))
    assert [e.id for e in _READER.read("and who leads it?", history=history).entities] == ["bay"]


def test_a_follow_up_that_names_another_area_inherits_the_matter() -> None:
    history = (Turn("user", "What does the clinic in Orrin Bay cost?"),)
    query = _READER.read("and Marsh Vale?", history=history)
    assert [e.id for e in query.entities] == ["vale"]
    assert "cost" in query.terms


def test_a_follow_up_that_points_back_keeps_the_earlier_question() -> None:
    history = (Turn("user", "what did the Orrin Bay clinic cost"), Turn("assistant", "£9,400."))
    query = _READER.read("who paid for that and was it enough", history=history)
    assert query.read_as == (
        "who paid for that and was it enough (what did the Orrin Bay clinic cost)"
    )
    other = _READER.read("and the Marsh Vale one?", history=history)
    assert other.read_as == "and the Marsh Vale one? what did the clinic cost"
    assert [e.id for e in other.entities] == ["vale"]


def test_a_body_that_has_ended_is_read_as_its_area_and_said_to_have_ended() -> None:
    board = Entity("board", "organisation", "Orrin Bay Health Board", parents=("bay",))
    group = Entity(
        "group",
        "organisation",
        "Orrin Bay Clinical Group",
        parents=("bay",),
        valid_to=date(2022, 6, 30),
        successors=("board",),
    )
    names = Gazetteer((*_NAMES.entities, board, group))
    reader = Interpreter(names, (_REVIEW,), frozenset({"clinic"}))
    query = reader.read("what did the Orrin Bay Clinical Group pay for the clinic")
    assert [e.id for e in query.entities] == ["bay"]
    assert query.ended == (
        "Orrin Bay Clinical Group ended on 30 June 2022, followed by Orrin Bay Health Board",
    )
    assert reader.read("what did Orrin Bay pay").ended == ()


def test_a_question_that_stands_alone_inherits_nothing() -> None:
    history = (Turn("user", "What does the clinic in Orrin Bay cost?"),)
    query = _READER.read("Which partners pay for taxis in Marsh Vale?", history=history)
    assert query.read_as == query.text


def test_each_side_of_a_comparison_is_asked_about_alone() -> None:
    query = _READER.read("clinic costs in Orrin Bay v Marsh Vale", scope="harbour-2021")
    parts = _READER.of_sides(query)
    assert [side.name for side, _ in parts] == ["Orrin Bay", "Marsh Vale"]
    bay, vale = (part for _, part in parts)
    assert "orrin bay" in bay.read_as
    assert "marsh" not in bay.read_as
    assert set(bay.matter) == set(vale.matter)
    assert bay.only_documents == vale.only_documents == {"harbour-2021"}


@pytest.mark.parametrize("text", ["clinic costs in Orrin Bay", "Orrin Bay, Marsh Vale"])
def test_without_two_sides_and_a_matter_nothing_is_compared(text: str) -> None:
    assert _READER.of_sides(_READER.read(text)) == ()


def test_an_unknown_name_is_noticed() -> None:
    assert _READER.read("clinics in Zzyzx").unknown_names == ("Zzyzx",)


@pytest.mark.parametrize(
    "text",
    [
        "my daughter has a rash, what should I do",
        "what dose of salbutamol for a 3 year old",
        "what inhaler dose for a 6 yr old with asthma",
        "can a 4 year old on valproate also take ibuprofen",
        "patient aged 9, unwell for 2 weeks, which laxative do I start",
        "Should I give her antibiotics?",
    ],
)
def test_advice_on_a_patient_is_recognised(text: str) -> None:
    assert _READER.read(text).is_clinical


def test_a_question_on_services_is_not_clinical() -> None:
    assert not _READER.read("How does Orrin Bay treat children with asthma?").is_clinical
    assert not _READER.read("who decides whether a child needs treatment").is_clinical


def test_a_scope_is_a_document_or_an_area() -> None:
    assert _READER.read("costs", scope="harbour-2021").only_documents == {"harbour-2021"}
    assert _READER.read("costs", scope="Marsh Vale").only_subjects == {"vale"}
    assert not _READER.read("costs in Marsh Vale").has_scope


def test_an_unknown_scope_names_what_there_is() -> None:
    with pytest.raises(QuestionError, match="harbour-2021"):
        _READER.read("costs", scope="Atlantis")
