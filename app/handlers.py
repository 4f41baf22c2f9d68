"""What happens when a question is asked: from the question to what the page shows.

Nothing here knows Gradio; the page turns a `Screen` into its components.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from app.answering import Answering
from ragkit.errors import RagkitError
from ragkit.question import check_question
from ragkit.render import (
    STATUS_WORDS,
    answer_to_html,
    line_to_html,
    section_to_html,
    source_id,
    sources_to_html,
)
from ragkit.types import Answer, Citation, Turn

logger = logging.getLogger(__name__)

MAX_EXCHANGES = 8  # kept for follow-up questions and on the page; older ones go

READING = "Looking in the reports…"
NOT_ANSWERED = "The question was not answered."
STOPPED = "Stopped. What stands below is as far as the answer got."
FAILED = "Something went wrong. Ask again; if it happens again, tell whoever runs this tool."


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question with its answer, and the sources as they stand in the panel."""

    number: int  # from 1 within a conversation; keeps the ids of the page apart
    answer: Answer
    sources_html: str

    @property
    def prefix(self) -> str:
        """What the ids of this exchange begin with."""
        return _prefix(self.number)


Conversation = tuple[Exchange, ...]  # oldest first


@dataclass(frozen=True, slots=True)
class Screen:
    """What the page shows next; None leaves a part as it is."""

    progress: str
    answer: str | None = None
    sources: str | None = None
    earlier: str | None = None
    conversation: Conversation | None = None


def answer_question(
    pipeline: Answering, question: str, conversation: Conversation
) -> Iterator[Screen]:
    """Answer one question, showing more with each screen; errors become one line of text."""
    before = tuple(reversed(conversation))
    yield Screen(
        progress=READING,
        answer="",
        sources=_older_sources_html(conversation),
        earlier="".join(_exchange_html(e) for e in before),
    )
    try:
        yield from _answer_screens(pipeline, check_question(question), conversation)
    except RagkitError as error:
        yield Screen(progress=NOT_ANSWERED, answer=line_to_html(str(error), "error"))
    except Exception:
        # The outermost place of ours: the reader learns that it failed, the log learns why.
        logger.exception("a question could not be answered")
        yield Screen(progress=NOT_ANSWERED, answer=line_to_html(FAILED, "error"))


def turns(conversation: Conversation) -> tuple[Turn, ...]:
    """The conversation as the library reads it, oldest first."""
    return tuple(
        turn
        for exchange in conversation
        for turn in (
            Turn(role="user", content=exchange.answer.question),
            Turn(role="assistant", content=exchange.answer.text),
        )
    )


def _answer_screens(
    pipeline: Answering, question: str, conversation: Conversation
) -> Iterator[Screen]:
    number = conversation[-1].number + 1 if conversation else 1
    older_sources = _older_sources_html(conversation)
    sources = ""
    shown: tuple[Citation, ...] = ()
    answer: Answer | None = None
    for answer in pipeline.stream(question, history=turns(conversation)):
        is_new = answer.citations != shown
        if is_new:
            sources = _sources_html(pipeline, answer.citations, _prefix(number))
            shown = answer.citations
        yield Screen(
            progress=READING,
            answer=_answer_html(answer, _prefix(number)),
            sources=sources + older_sources if is_new else None,
        )
    if answer is None:
        yield Screen(progress=NOT_ANSWERED)
        return
    exchange = Exchange(number, answer, sources)
    yield Screen(progress=_ready(answer), conversation=(*conversation, exchange)[-MAX_EXCHANGES:])


def _prefix(number: int) -> str:
    return f"q{number}-"


def _answer_html(answer: Answer, prefix: str) -> str:
    asked = line_to_html(answer.question, "asked")
    return asked + answer_to_html(answer, prefix=prefix, with_sources=False)


def _exchange_html(exchange: Exchange) -> str:
    return _answer_html(exchange.answer, exchange.prefix)


def _older_sources_html(conversation: Conversation) -> str:
    return "".join(
        line_to_html(f"Earlier: {exchange.answer.question}", "asked") + exchange.sources_html
        for exchange in reversed(conversation)
        if exchange.sources_html
    )


def _sources_html(pipeline: Answering, citations: tuple[Citation, ...], prefix: str) -> str:
    sections = tuple(
        section_to_html(pipeline.section_view(c), (c.start, c.end), mark_id=source_id(c.n, prefix))
        for c in citations
    )
    return sources_to_html(citations, prefix=prefix, sections=sections)


def _ready(answer: Answer) -> str:
    if not answer.status.asserts_facts:
        return f"{STATUS_WORDS[answer.status]}."
    count = len(answer.citations)
    return f"Answer ready, {count} source{'' if count == 1 else 's'}."
