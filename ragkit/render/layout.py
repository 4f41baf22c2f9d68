"""What every rendering shares: the words for a status, the name of a source, the blocks of text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from types import MappingProxyType

from ragkit.types import Answer, AnswerSentence, Citation, Origin, SentenceKind, Status
from ragkit.words import date_words, reading_form

STATUS_WORDS: Mapping[Status, str] = MappingProxyType(
    {
        Status.ANSWERED: "Answered",
        Status.PARTIAL: "Partly answered",
        Status.NOT_FOUND: "Not in the reports",
        Status.FALSE_PREMISE: "The question assumes something the reports do not say",
        Status.CONFLICT: "The reports disagree",
        Status.OUT_OF_SCOPE: "Outside what this tool may answer",
    }
)

# Control characters would reach the terminal as commands, and have no meaning in a page.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_LEADING_NUMBER = re.compile(r"^\d+(?:\.\d+)*\.?\s+")
_LISTED = (SentenceKind.BULLET, SentenceKind.TABLE_ROW)


class BlockKind(StrEnum):
    """How a run of sentences is set."""

    NOTICE = "notice"
    QUOTE = "quote"  # exact words, one sentence a paragraph
    PROSE = "prose"  # checked words, one running paragraph
    ITEMS = "items"  # a list


@dataclass(frozen=True, slots=True)
class Block:
    """Neighbouring sentences of an answer that are set alike."""

    kind: BlockKind
    sentences: tuple[AnswerSentence, ...]


def plain(text: str) -> str:
    r"""The text on one line, without mark-up, invisible or control characters.

    >>> plain("Beds\t12\x1b[31m")
    'Beds | 12[31m'
    """
    return reading_form(_CONTROL.sub("", text).strip().replace("\t", " | "))


def section_label(number: str, title: str) -> str:
    """How a section is named in running text.

    >>> section_label("5.3.10", "Information and reporting"), section_label("", "Early days")
    ('section 5.3.10, Information and reporting', 'section Early days')
    """
    number, title = plain(number), plain(title)
    if not number and not title:
        return "opening text"
    return f"section {number}, {title}" if number and title else f"section {number or title}"


def citation_label(citation: Citation) -> str:
    """Document, its date, section and page, as a reader would look them up.

    A section deep in a report is named with the one above it, which often is the area:
    "section 5.3.6, Governance (Evelina)".
    """
    place = section_label(citation.section_number, citation.section_title)
    above = citation.section_path.split(" > ")[1:-1]
    area = f" ({_without_number(plain(above[-1]))})" if above else ""
    page = "" if citation.page is None else f"p. {citation.page}"
    parts = (plain(citation.document_title), date_words(citation.date), place + area, page)
    return ", ".join(filter(None, parts))


def _without_number(label: str) -> str:
    return _LEADING_NUMBER.sub("", label)


def citation_note(citation: Citation) -> str:
    """Whose words a quotation is when not the report's own, and what speaks against it; or ""."""
    notes = []
    if citation.kind is SentenceKind.QUOTATION:
        notes.append("an interviewee's words")
    if citation.is_note:
        notes.append("wording of the evidence note")
    if citation.caution:
        notes.append(plain(citation.caution))
    return f"({'; '.join(notes)})" if notes else ""


def speaker_note(sentence: AnswerSentence, answer: Answer) -> str:
    """Says so when a quoted sentence was spoken rather than written by the report's authors."""
    kinds = {c.kind for c in answer.citations if c.n in sentence.citations}
    is_spoken = sentence.origin is Origin.QUOTE and kinds == {SentenceKind.QUOTATION}
    return "(an interviewee's words)" if is_spoken else ""


def nearest_labels(answer: Answer) -> tuple[str, ...]:
    """The sections nearest to an unanswered question, each with its document's title."""
    titles = {p.document.id: p.document.title for p in answer.retrieved}
    return tuple(
        f"{plain(titles.get(s.document_id, s.document_id))}, "
        f"{section_label(s.cited_number, s.title)}"
        for s in answer.nearest
    )


def answer_blocks(answer: Answer) -> tuple[Block, ...]:
    """The answer's sentences in order, neighbours that are set alike together."""
    kinds = {c.n: c.kind for c in answer.citations}
    runs = groupby(answer.sentences, key=lambda s: _block_kind(s, kinds))
    return tuple(Block(kind, tuple(run)) for kind, run in runs)


def _block_kind(sentence: AnswerSentence, kinds: Mapping[int, SentenceKind]) -> BlockKind:
    if sentence.origin is Origin.NOTICE:
        return BlockKind.NOTICE
    if sentence.origin is Origin.TABLE:
        return BlockKind.ITEMS
    if sentence.origin is not Origin.QUOTE:
        return BlockKind.PROSE
    is_listed = all(kinds[n] in _LISTED for n in sentence.citations)
    return BlockKind.ITEMS if is_listed else BlockKind.QUOTE
