"""From a question to what the page shows, without a server."""

from html import unescape
from typing import TYPE_CHECKING

import pytest

from app.handlers import (
    MAX_EXCHANGES,
    NOT_ANSWERED,
    Conversation,
    Screen,
    answer_question,
)
from ragkit.errors import QuestionError
from ragkit.question import MAX_CHARS, check_question

if TYPE_CHECKING:
    from tests.app.conftest import FixedAnswers


def screens(
    pipeline: "FixedAnswers", question: str, conversation: Conversation = ()
) -> list[Screen]:
    return list(answer_question(pipeline, question, conversation))


def conversation_after(last: Screen) -> Conversation:
    assert last.conversation is not None
    return last.conversation


def test_the_quotations_are_shown_before_the_prose(pipeline: "FixedAnswers") -> None:
    _, first, second, _ = screens(pipeline, "What did Saltmere learn?")
    assert "Nurses and teachers met there each Tuesday." in str(first.answer)
    assert "Staff met weekly at the hub." in str(second.answer)


def test_sources_are_sent_once_while_the_citations_stay_the_same(pipeline: "FixedAnswers") -> None:
    sent = [s.sources for s in screens(pipeline, "What did Saltmere learn?")]
    assert [bool(s) for s in sent] == [False, True, False, False]


def test_every_marker_leads_to_one_marked_sentence(pipeline: "FixedAnswers") -> None:
    _, first, _, _ = screens(pipeline, "What did Saltmere learn?")
    for n in (1, 2, 3):
        assert f'href="#q1-source-{n}"' in str(first.answer)
        assert str(first.sources).count(f'<mark id="q1-source-{n}"') == 1


def test_a_follow_up_question_carries_the_conversation(pipeline: "FixedAnswers") -> None:
    conversation = conversation_after(screens(pipeline, "What did Saltmere learn?")[-1])
    shown = screens(pipeline, "And the cost?", conversation)
    question, history = pipeline.asked[-1]
    assert question == "And the cost?"
    assert [t.role for t in history] == ["user", "assistant"]
    assert history[0].content == "What did Saltmere learn?"
    assert "Staff met weekly at the hub. [1]" in history[1].content
    assert "What did Saltmere learn?" in str(shown[0].earlier)


def test_two_answers_on_a_page_share_no_id(pipeline: "FixedAnswers") -> None:
    conversation = conversation_after(screens(pipeline, "First?")[-1])
    second = screens(pipeline, "Second?", conversation)[1]
    assert str(second.sources).count('id="q1-source-1"') == 1
    assert str(second.sources).count('id="q2-source-1"') == 1
    assert 'id="q1-' not in str(second.answer)


def test_a_long_conversation_keeps_the_newest_and_never_reuses_an_id(
    pipeline: "FixedAnswers",
) -> None:
    conversation: Conversation = ()
    for n in range(MAX_EXCHANGES + 3):
        conversation = conversation_after(screens(pipeline, f"Question {n}?", conversation)[-1])
    assert len(conversation) == MAX_EXCHANGES
    assert [e.number for e in conversation] == list(range(4, MAX_EXCHANGES + 4))


def test_an_error_becomes_one_plain_line(pipeline: "FixedAnswers") -> None:
    last = screens(pipeline, "broken?")[-1]
    assert last.progress == NOT_ANSWERED
    assert last.answer is not None
    assert last.answer.startswith('<p class="error">')
    assert "index 'out' is damaged: run 'ragkit ingest' again" in unescape(last.answer)
    assert "Traceback" not in last.answer
    assert last.conversation is None


@pytest.mark.parametrize("length", [MAX_CHARS + 1, 100_000])
def test_a_question_that_is_too_long_is_refused_and_never_asked(
    pipeline: "FixedAnswers", length: int
) -> None:
    asked = len(pipeline.asked)
    last = screens(pipeline, "a" * length)[-1]
    assert f"{length:,} characters" in str(last.answer)
    assert len(pipeline.asked) == asked


def test_an_abstention_is_announced_as_one_and_shows_no_sources(pipeline: "FixedAnswers") -> None:
    shown = screens(pipeline, "Is there nothing?")
    assert shown[-1].progress == "Not in the reports."
    assert not any(s.sources for s in shown)
    assert "section 4.2, What Saltmere learned" in str(shown[1].answer)


def test_the_longest_question_is_answered(pipeline: "FixedAnswers") -> None:
    assert check_question("a" * MAX_CHARS) == "a" * MAX_CHARS


@pytest.mark.parametrize("text", ["", "  \n ", "\0", "\ud800"])
def test_a_question_without_text_is_refused(text: str) -> None:
    with pytest.raises(QuestionError, match="empty"):
        check_question(text)


def test_what_is_not_text_is_taken_out_of_a_question() -> None:
    assert check_question(" How\ud800 many\0beds? ") == "How many beds?"
