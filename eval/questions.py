"""The question sets: their format, how they are read, and what makes a question a fair one.

A set is a JSON Lines file; `Question` says what a line holds. `check` holds a set against the
original reports: each pattern must be met by a gold section, and neither a refusal nor an echo of
the question may pass for an answer.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, model_validator

from ragkit.errors import CorpusError
from ragkit.load import find_files, load, read_source
from ragkit.parse import parse
from ragkit.types import ParsedDocument, Section, SentenceKind, Status
from ragkit.words import reading_form

SETS = Path(__file__).parent / "sets"
SPLITS = ("dev", "test")
REFUSAL = "The reports in the library do not say this."


class QuestionType(StrEnum):
    """What a question asks for, or why it is hard to answer."""

    FACT = "fact"  # one fact or figure
    LIST = "list"
    LESSON = "lesson"  # lessons and themes
    COMPARISON = "comparison"  # two or more areas or documents
    TABLE = "table"
    CONFLICT = "conflict"  # the reports disagree, or are out of date
    UNANSWERABLE = "unanswerable"
    FALSE_PREMISE = "false_premise"
    FOLLOW_UP = "follow_up"


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"'{pattern}' is no regular expression: {error}") from error
    if re.search(pattern, ""):
        raise ValueError(f"'{pattern}' is met by an empty answer")
    return pattern


Pattern = Annotated[str, AfterValidator(_compiles)]


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Gold(_Line):
    """A section: its own number or its nearest ancestor's, and how its title begins."""

    document_id: str
    section_number: str
    section_title: str

    def is_section(self, document_id: str, number: str, title: str) -> bool:
        """Whether a section that was cited or retrieved is this one."""
        return (
            document_id == self.document_id
            and number == self.section_number
            and title.casefold().startswith(self.section_title.casefold())
        )


class Nugget(_Line):
    """One piece of an answer: said when any of its patterns is found, case ignored."""

    text: str  # what it says, for the reader of a report
    vital: bool = True  # an answer without it is wrong; otherwise it is welcome
    patterns: tuple[Pattern, ...]

    def is_in(self, text: str) -> bool:
        """Whether a text says it."""
        return any(_compiled(p).search(text) for p in self.patterns)


class PastTurn(_Line):
    """A message of the conversation before the question."""

    role: Literal["user", "assistant"]
    content: str


class Question(_Line):
    """A line of a set."""

    id: str
    topic: str  # all questions of a topic are in one split
    type: QuestionType
    question: str
    history: tuple[PastTurn, ...] = ()
    status: Status
    gold: tuple[Gold, ...] = ()  # where the answer stands
    alternatives: tuple[Gold, ...] = ()  # other places that may be cited for it
    nearest: tuple[Gold, ...] = ()  # for an unanswerable question: places that touch its subject
    nuggets: tuple[Nugget, ...] = ()
    must_not: tuple[Pattern, ...] = ()  # an answer in which one is found is wrong
    hard: str  # what makes the question hard

    @model_validator(mode="after")
    def _is_whole(self) -> "Question":
        answers = self.status.asserts_facts
        if answers and not (self.gold and any(n.vital for n in self.nuggets)):
            raise ValueError("an answerable question needs gold sections and a vital nugget")
        if not answers and (self.gold or self.nuggets):
            raise ValueError("an unanswerable question has neither gold sections nor nuggets")
        if (self.type is QuestionType.FOLLOW_UP) != bool(self.history):
            raise ValueError("a follow-up, and nothing else, has a history")
        if self.status is Status.CONFLICT and sum(n.vital for n in self.nuggets) < 2:
            raise ValueError("a conflict needs a vital nugget for each side")
        return self

    @property
    def is_answerable(self) -> bool:
        """Whether the reports answer it, be it in part or by correcting it."""
        return self.status.asserts_facts

    @property
    def vital(self) -> tuple[Nugget, ...]:
        """The nuggets without which an answer is wrong."""
        return tuple(n for n in self.nuggets if n.vital)

    @property
    def places(self) -> tuple[Gold, ...]:
        """Every section that may be cited."""
        return (*self.gold, *self.alternatives)


@lru_cache(maxsize=8192)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def forbidden_in(question: Question, text: str) -> tuple[str, ...]:
    """The must-not patterns that a text meets."""
    return tuple(p for p in question.must_not if _compiled(p).search(text))


def set_path(name: str) -> Path:
    """The file of a shipped set, by its name, or any other file."""
    shipped = SETS / f"{name}.jsonl"
    return shipped if shipped.is_file() else Path(name)


def read_set(path: Path) -> tuple[Question, ...]:
    """The questions of a file, in order.

    Raises:
        CorpusError: the file cannot be read, a line is not a question, or an id comes twice.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"cannot read the question set '{path}': {error}") from error
    found: dict[str, Question] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            question = Question.model_validate_json(line)
        except ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(str(p) for p in fault["loc"])
            raise CorpusError(f"'{path}' line {number}: {where} {fault['msg']}") from error
        if question.id in found:
            raise CorpusError(f"'{path}' line {number}: the id '{question.id}' comes twice")
        found[question.id] = question
    return tuple(found.values())


def parse_folder(folder: Path) -> Iterator[ParsedDocument]:
    """The documents of a folder, by id; the parts of a note are joined."""
    files = sorted((read_source(path) for path in find_files([folder])), key=lambda f: f.id)
    for _, group in groupby(files, key=lambda f: f.id):
        yield parse(load(*group))


def parse_reports(folder: Path) -> dict[str, ParsedDocument]:
    """The original reports of a folder, by id; evidence notes are left out."""
    return {p.document.id: p for p in parse_folder(folder) if not p.document.is_note}


def check(questions: Sequence[Question], reports: Mapping[str, ParsedDocument]) -> Iterator[str]:
    """What is wrong with a set, a line each; nothing for a sound one.

    Args:
        questions: the set.
        reports: the original reports, parsed, by id.
    """
    for question in questions:
        for fault in _faults(question, reports):
            yield f"{question.id}: {fault}"


def _faults(question: Question, reports: Mapping[str, ParsedDocument]) -> Iterator[str]:
    for gold in (*question.places, *question.nearest):
        if not any(_sections(gold, reports)):
            yield f"no section {gold.section_number} '{gold.section_title}' in {gold.document_id}"
    found = (pair for gold in question.places for pair in _sections(gold, reports))
    texts = [text for document, section in found for text in _texts(document, section)]
    yield from _nugget_faults(question, texts)
    answering = [t for t in texts if any(n.is_in(t) for n in question.vital)]
    for text in (*answering, REFUSAL):
        for pattern in forbidden_in(question, text):
            yield f"must not '{pattern}' is met by a right answer: {text[:80]}"


def _nugget_faults(question: Question, texts: Sequence[str]) -> Iterator[str]:
    asked = " ".join([question.question, *(t.content for t in question.history)])
    for nugget in question.nuggets:
        for pattern in nugget.patterns:
            if not any(_compiled(pattern).search(t) for t in texts):
                yield f"'{pattern}' is met by no sentence of a gold section"
        if nugget.vital and (nugget.is_in(asked) or nugget.is_in(REFUSAL)):
            yield f"'{nugget.text}' is met by the question itself or by a refusal"


def _sections(
    gold: Gold, reports: Mapping[str, ParsedDocument]
) -> Iterator[tuple[ParsedDocument, Section]]:
    document = reports.get(gold.document_id)
    if document is None:
        return
    for section in document.sections:
        if section.is_searchable and gold.is_section(
            gold.document_id, section.cited_number, section.title
        ):
            yield document, section


def _texts(document: ParsedDocument, section: Section) -> Iterator[str]:
    """The sentences of a section as an answer may show them: a row after its header."""
    by_id = {s.id: s for s in document.sentences}
    for sentence in document.sentences:
        if sentence.section_id != section.id or sentence.kind is SentenceKind.HEADING:
            continue
        above = by_id.get(sentence.introduced_by)
        lead = f"{reading_form(above.text)} " if above else ""
        yield lead + reading_form(sentence.text)
