"""An answer as JSON; ``ragkit/answer.schema.json`` describes the same keys for other programs."""

import json
from typing import TypedDict

from ragkit.types import Answer, AnswerSentence, Citation, Passage, RejectedClaim, Section, Timings


class SentenceRecord(TypedDict):
    """One sentence of the answer."""

    text: str
    origin: str
    citations: list[int]


class CitationRecord(TypedDict):
    """One numbered source; ``quote`` is the document's text from ``start`` to ``end``."""

    n: int
    document_id: str
    document_title: str
    source_file: str
    section_number: str
    section_title: str
    section_path: str
    page: int | None
    quote: str
    start: int
    end: int


class PassageRecord(TypedDict):
    """One retrieved passage, best first."""

    rank: int
    score: float
    document_id: str
    source_file: str
    section_number: str
    section_title: str
    text: str


class NearestRecord(TypedDict):
    """A section that touches the subject of an unanswered question."""

    document_id: str
    section_number: str
    section_title: str


class RejectedRecord(TypedDict):
    """A draft sentence that the guard threw away."""

    text: str
    reason: str


class TimingsRecord(TypedDict):
    """Seconds spent in each stage."""

    retrieve_s: float
    select_s: float
    write_s: float
    verify_s: float
    total_s: float


class AnswerRecord(TypedDict):
    """The object that ``ragkit ask --json`` prints, and one line of a batch."""

    id: str
    question: str
    status: str
    answer: str
    sentences: list[SentenceRecord]
    citations: list[CitationRecord]
    retrieved: list[PassageRecord]
    missing: list[str]
    nearest: list[NearestRecord]
    rejected: list[RejectedRecord]
    timings: TimingsRecord
    model: str | None
    index: str


def answer_to_json(answer: Answer, *, id: str = "", indent: int | None = None) -> str:
    """The answer as one JSON object, on one line unless `indent` is given."""
    return json.dumps(answer_record(answer, id=id), ensure_ascii=False, indent=indent)


def answer_record(answer: Answer, *, id: str = "") -> AnswerRecord:
    """The answer in JSON's own types; `id` is the caller's name for the question."""
    return AnswerRecord(
        id=id,
        question=answer.question,
        status=answer.status.value,
        answer=answer.text,
        sentences=[_sentence(s) for s in answer.sentences],
        citations=[_citation(c) for c in answer.citations],
        retrieved=[_passage(p) for p in answer.retrieved],
        missing=list(answer.missing),
        nearest=[_nearest(s) for s in answer.nearest],
        rejected=[_rejected(r) for r in answer.rejected],
        timings=_timings(answer.timings),
        model=answer.model,
        index=answer.index,
    )


def _sentence(sentence: AnswerSentence) -> SentenceRecord:
    return SentenceRecord(
        text=sentence.text, origin=sentence.origin.value, citations=list(sentence.citations)
    )


def _citation(citation: Citation) -> CitationRecord:
    return CitationRecord(
        n=citation.n,
        document_id=citation.document_id,
        document_title=citation.document_title,
        source_file=citation.source_file,
        section_number=citation.section_number,
        section_title=citation.section_title,
        section_path=citation.section_path,
        page=citation.page,
        quote=citation.quote,
        start=citation.start,
        end=citation.end,
    )


def _passage(passage: Passage) -> PassageRecord:
    return PassageRecord(
        rank=passage.rank,
        score=float(passage.score),
        document_id=passage.document.id,
        source_file=passage.document.file_at(passage.chunk.start),
        section_number=passage.section.cited_number,
        section_title=passage.section.title,
        text=passage.chunk.text,
    )


def _nearest(section: Section) -> NearestRecord:
    return NearestRecord(
        document_id=section.document_id,
        section_number=section.cited_number,
        section_title=section.title,
    )


def _rejected(claim: RejectedClaim) -> RejectedRecord:
    return RejectedRecord(text=claim.text, reason=claim.reason)


def _timings(timings: Timings) -> TimingsRecord:
    return TimingsRecord(
        retrieve_s=round(timings.retrieve_s, 4),
        select_s=round(timings.select_s, 4),
        write_s=round(timings.write_s, 4),
        verify_s=round(timings.verify_s, 4),
        total_s=round(timings.total_s, 4),
    )
