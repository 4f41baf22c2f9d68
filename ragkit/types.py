"""The values that travel from stage to stage; all frozen, all checked when they are made.

One invariant carries the product: a section, a chunk and a sentence are spans of their document's
text, so a quotation cannot drift: ``document.text[s.start:s.end] == s.text``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class SentenceKind(StrEnum):
    """What a sentence is in its document; decides how it may be shown."""

    PROSE = "prose"
    LEAD_IN = "lead_in"  # introduces a list, a quotation or a table
    BULLET = "bullet"
    QUOTATION = "quotation"  # an interviewee's or spokesman's own words
    TABLE_HEADER = "table_header"
    TABLE_ROW = "table_row"
    CAPTION = "caption"  # a label or the caption of a picture or table
    NOTE = "note"  # a footnote
    HEADING = "heading"


class SectionKind(StrEnum):
    """How a section was recognised."""

    FRONT = "front"  # title page and whatever stands before the first heading
    CONTENTS = "contents"  # the table of contents
    NUMBERED = "numbered"
    UNNUMBERED = "unnumbered"
    CLAUSE = "clause"  # a numbered paragraph of a committee report
    CONTINUATION = "continuation"  # a chapter's own text after its last sub-section


def _check_span(start: int, end: int, what: str) -> None:
    if not 0 <= start <= end:
        raise ValueError(f"{what}: span {start}-{end} is not 0 <= start <= end")


@dataclass(frozen=True, slots=True)
class Hint:
    """What a loader knows about a span of text because the file format says so."""

    start: int
    end: int
    kind: str  # "heading", "list_item", "table_row" or "page"
    level: int = 0  # heading level from 1, list depth from 0, page number

    def __post_init__(self) -> None:
        _check_span(self.start, self.end, f"hint {self.kind}")


NOTE_KIND = "evidence note"


class DocumentStatus(StrEnum):
    """Whether what a document says still holds, as its register knows."""

    CURRENT = "current"
    HISTORICAL = "historical"  # speaks of bodies or plans that have ended since
    SUPERSEDED = "superseded"  # a later document takes its place


@dataclass(frozen=True, slots=True)
class Part:
    """A file whose text begins at `start` of its document."""

    source_file: str
    start: int


@dataclass(frozen=True, slots=True)
class Document:
    """A report or a note: its normalised text, and what the register says of it.

    A note may be kept in several files, its parts; the text joins them in section order.
    """

    id: str
    title: str
    source_file: str  # the first file's name, without folders
    content_hash: str  # SHA-256 of the files' bytes and register entries
    text: str
    publisher: str = ""
    date: str = ""  # of publication; ISO 8601, as precise as known: "2022-01"
    period: str = ""  # that it speaks of; ISO 8601 interval: "2021-11/2022-02"
    kind: str = "report"  # "report", "web page", "evidence note" ...
    status: DocumentStatus = DocumentStatus.CURRENT
    supersedes: tuple[str, ...] = ()  # ids of the documents that it replaces
    areas: tuple[str, ...] = ()  # ids of the gazetteer that it is about
    hints: tuple[Hint, ...] = ()
    warnings: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()  # in text order; empty for a document made in memory

    @property
    def is_note(self) -> bool:
        """An evidence note stands in for the original report of the same id."""
        return self.kind == NOTE_KIND

    def file_at(self, offset: int) -> str:
        """Name of the file that holds this place of the text."""
        held = [p.source_file for p in self.parts if p.start <= offset]
        return held[-1] if held else self.source_file


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the text under it, up to the next heading of any level.

    The sections of a document tile its text: every character lies in exactly one.
    """

    id: str
    document_id: str
    ordinal: int  # position in the document, from 0
    kind: SectionKind
    number: str  # as printed, "5.3.10"; "" for an unnumbered section
    title: str
    level: int  # 1 for chapters; 0 for front matter and contents
    path: tuple[str, ...]  # labels from the chapter down to this section
    cited_number: str  # the section's own number or its nearest ancestor's
    start: int
    body_start: int  # where the heading line ends
    end: int
    parent_id: str = ""

    def __post_init__(self) -> None:
        _check_span(self.start, self.end, f"section {self.number} {self.title}")
        if not self.start <= self.body_start <= self.end:
            raise ValueError(f"section {self.number} {self.title}: body outside its span")

    @property
    def is_searchable(self) -> bool:
        """Contents lists repeat headings and answer nothing."""
        return self.kind is not SectionKind.CONTENTS


@dataclass(frozen=True, slots=True)
class Sentence:
    """The unit that is selected, quoted and cited."""

    id: str
    document_id: str
    section_id: str
    ordinal: int  # position in the document, from 0
    kind: SentenceKind
    start: int
    end: int
    text: str
    introduced_by: str = ""  # id: a bullet's lead-in, a row's header, a header's caption
    group: str = ""  # shared by the items of one list or the rows of one table

    def __post_init__(self) -> None:
        _check_span(self.start, self.end, "sentence")
        if len(self.text) != self.end - self.start:
            raise ValueError(f"sentence {self.id}: text and span differ in length")


@dataclass(frozen=True, slots=True)
class Chunk:
    """The unit that is indexed: whole sentences of one section."""

    id: str
    document_id: str
    section_id: str
    start: int
    end: int
    text: str
    context: str  # document > area > section path, searched and embedded with the text
    sentence_ids: tuple[str, ...]

    def __post_init__(self) -> None:
        _check_span(self.start, self.end, "chunk")


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A document with its section tree and sentences, in text order."""

    document: Document
    sections: tuple[Section, ...]
    sentences: tuple[Sentence, ...]

    def section_of(self, sentence: Sentence) -> Section:
        """The section that a sentence lies in."""
        return next(s for s in self.sections if s.id == sentence.section_id)


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation."""

    role: str  # "user" or "assistant"
    content: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk retrieved for one question."""

    chunk: Chunk
    section: Section
    document: Document
    score: float  # fused, or of its best sentence once selected; comparable within one question
    similarity: float  # cosine similarity of question and chunk, in [-1, 1]
    rank: int  # from 1


@dataclass(frozen=True, slots=True)
class SelectedSentence:
    """A sentence chosen as evidence, with what is needed to read and cite it."""

    sentence: Sentence
    section: Section
    document: Document
    score: float  # probability that the answer needs this sentence, in [0, 1]
    introduction: tuple[Sentence, ...] = ()  # lead-in or header row and caption, outermost first


class Status(StrEnum):
    """What the collection holds for a question."""

    ANSWERED = "answered"
    PARTIAL = "partial"
    NOT_FOUND = "not_found"
    FALSE_PREMISE = "false_premise"
    CONFLICT = "conflict"
    OUT_OF_SCOPE = "out_of_scope"

    @property
    def asserts_facts(self) -> bool:
        """Whether an answer of this status may say anything about the subject."""
        return self not in (Status.NOT_FOUND, Status.OUT_OF_SCOPE)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The sentences selected to answer one question, in reading order, and the decision."""

    status: Status
    confidence: float  # probability that the collection answers the question, in [0, 1]
    sentences: tuple[SelectedSentence, ...] = ()
    missing: tuple[str, ...] = ()  # parts of the question without evidence
    nearest: tuple[Section, ...] = ()  # where the subject is touched, when nothing answers
    passages: tuple[Passage, ...] = ()  # as retrieved, but ranked by the best sentence in each
    reason: str = ""  # for status other than answered, in plain words


class Origin(StrEnum):
    """Where the wording of an answer's sentence comes from."""

    QUOTE = "quote"
    REWORDED = "reworded"
    COMPOSED = "composed"
    TABLE = "table"
    NOTICE = "notice"  # the product's own words about the answer; asserts nothing


@dataclass(frozen=True, slots=True)
class Claim:
    """One checkable sentence of a draft, with the evidence it names (indices from 0)."""

    text: str
    origin: Origin
    evidence: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What verification says of a claim; reasons are empty when it is supported."""

    supported: bool
    reasons: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.supported == bool(self.reasons):
            raise ValueError("a finding is either supported or has reasons")


@dataclass(frozen=True, slots=True)
class Citation:
    """A marker in an answer that points at a sentence of a section."""

    n: int  # from 1, as shown
    document_id: str
    document_title: str
    source_file: str
    section_id: str
    section_number: str
    section_title: str
    section_path: str
    page: int | None
    quote: str  # exactly document.text[start:end]
    start: int
    end: int
    kind: SentenceKind
    is_note: bool  # the wording is the evidence note's, not the report's
    date: str = ""  # of the document's publication, ISO 8601
    caution: str = ""  # why the document may no longer hold; "" when nothing is known against it


@dataclass(frozen=True, slots=True)
class AnswerSentence:
    """A sentence as shown, with the numbers of its citations."""

    text: str
    origin: Origin
    citations: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if (self.origin is Origin.NOTICE) == bool(self.citations):
            raise ValueError("every sentence but a notice is cited")

    @property
    def marked(self) -> str:
        """The text with its markers: ``… in 2018. [1][2]``."""
        markers = "".join(f"[{n}]" for n in self.citations)
        return f"{self.text} {markers}".strip()


@dataclass(frozen=True, slots=True)
class RejectedClaim:
    """A draft sentence that the guard threw away."""

    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds spent in each stage."""

    retrieve_s: float = 0.0
    select_s: float = 0.0
    write_s: float = 0.0
    verify_s: float = 0.0
    total_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What is shown for one question, and everything needed to check it."""

    question: str
    status: Status
    sentences: tuple[AnswerSentence, ...]
    citations: tuple[Citation, ...]
    retrieved: tuple[Passage, ...]
    missing: tuple[str, ...]
    nearest: tuple[Section, ...]
    rejected: tuple[RejectedClaim, ...]
    timings: Timings
    model: str | None  # None when no model wrote
    index: str  # digest of the index that answered
    read_as: str = ""  # the question as understood, when history or aliases changed it
    confidence: float = 0.0  # probability that the collection answers it, in [0, 1]

    def __post_init__(self) -> None:
        known = {c.n for c in self.citations}
        for sentence in self.sentences:
            if not known.issuperset(sentence.citations):
                raise ValueError(f"citation without a source: {sentence.marked!r}")

    @property
    def text(self) -> str:
        """The answer with its markers, a sentence a line where it is a list."""
        return "\n".join(s.marked for s in self.sentences)


@dataclass(frozen=True, slots=True)
class Hit:
    """A vector found: its key and its cosine similarity in [-1, 1]."""

    key: str
    score: float


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a generator is asked: two messages, and the grammar its output must follow."""

    system: str
    user: str
    grammar: str = ""  # GBNF; "" leaves the output free
    max_tokens: int = 256


class Generator(Protocol):
    """A language model that puts chosen evidence into words."""

    @property
    def model_id(self) -> str:
        """Name of the model, as reported with an answer."""
        ...

    def stream(self, prompt: Prompt) -> Iterator[str]:
        """Pieces of text as they are written; deterministic for equal prompts."""
        ...


class Reranker(Protocol):
    """Reads a question and a text together."""

    def scores(self, question: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """Log-odds that each text answers the question, and that it corrects what it assumes.

        Shape (n_texts, 2), in the order of the texts.
        """
        ...


class VectorStore(Protocol):
    """Finds the nearest vectors; FAISS here, a server at a large site."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys in the order of the vectors."""
        ...

    def vectors(self) -> NDArray[np.float32]:
        """All vectors in the order of their keys, shape (n, dimension)."""
        ...

    def search(self, queries: NDArray[np.float32], *, k: int) -> list[tuple[Hit, ...]]:
        """The k nearest of each query, best first."""
        ...


@dataclass(frozen=True, slots=True)
class FileReport:
    """What happened during ingestion to one document, or to a file that belongs to none."""

    source_file: str  # the first file's name
    outcome: str  # "added", "updated", "unchanged", "removed", "skipped" or "failed"
    document_id: str = ""
    files: int = 1
    numbered_sections: int = 0
    sections: int = 0
    sentences: int = 0
    chunks: int = 0
    warnings: tuple[str, ...] = ()
