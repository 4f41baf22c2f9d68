"""What a question asks for: the words, the names, the kind of answer, and what it leaves out.

No model takes part. A follow-up inherits the subject of the conversation; names are recognised by
the gazetteer; the words for what is wanted (a figure, a list, a lesson, a comparison) by rule.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from ragkit.errors import QuestionError
from ragkit.figures import FigureKind
from ragkit.gazetteer import Entity, Gazetteer
from ragkit.types import Document, Turn
from ragkit.words import date_words, reading_form, stem, terms, tokens

MAX_CHARS = 2_000


class Want(StrEnum):
    """The form of answer that a question asks for."""

    FACT = "fact"
    FIGURE = "figure"
    LIST = "list"
    LESSON = "lesson"
    COMPARISON = "comparison"


_WANTS: tuple[tuple[Want, re.Pattern[str]], ...] = tuple(
    (want, re.compile(pattern, re.IGNORECASE))
    for want, pattern in (
        (
            Want.COMPARISON,
            r"\b(compar\w+|versus|vs\.?|differ\w*|difference|both|which (?:areas?|of these)|"
            r"across (?:the )?(?:areas|models|sites)|contrast|more than|than)\b",
        ),
        (
            Want.FIGURE,
            r"\b(how (?:many|much|long|often|big|large|old|far)|what (?:percentage|proportion|"
            r"share|number|figure|amount)|percent\w*|proportion|number of|cost\w*|saving\w*|budget|"
            r"population|rate|total|average|spend\w*|£|when|what year|date|ages?)\b",
        ),
        (
            Want.LESSON,
            r"\b(lessons?|learn\w*|learnt|advice|advise|what worked|works? well|challenges?|"
            r"barriers?|enablers?|pitfalls?|do differently|success factors?|difficult\w*)\b",
        ),
        (
            Want.LIST,
            r"\b(list|which|who are|what are|name the|partners?|members?|organisations|priorities|"
            r"principles|aims|objectives|ambitions|themes|components|recommendations|steps)\b",
        ),
    )
)
_FIGURE_KINDS: tuple[tuple[FigureKind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        (
            FigureKind.MONEY,
            r"£|\b(cost\w*|saving\w*|budget|spend\w*|fund\w*|money|price|pounds?|tariff)\b",
        ),
        (FigureKind.PERCENT, r"%|\b(percent\w*|per cent|proportion|share|reduction|rate)\b"),
        (FigureKind.DATE, r"\b(when|what year|which year|date|since|started|launched|founded)\b"),
        (FigureKind.DURATION, r"\b(how long|waiting times?|length of|duration|years? did|time)\b"),
        (FigureKind.COUNT, r"\b(how many|number of|population|total|how big|how large|size)\b"),
    )
)
_CLINICAL = re.compile(
    r"(?:\b(?:my|our) (?:son|daughter|child|baby|toddler|patient|kid)|"
    r"\bthis (?:child|patient|baby)|"
    r"\bpatient aged \d+|\b\d+[- ]?(?:year|yr|month|week)s?[- ]old)\b"
    r".*\b(?:dose|dosage|prescri\w+|diagnos\w+|symptoms?|treat\w*|rash|fever|temperature|antibiotics?|medicin\w+|medication|"
    r"inhaler|laxatives?|take|taking|cough\w*|pain|should (?:i|we))\b"
    r"|\b(?:what|which|how much) (?:\w+ )?(?:dose|dosage|antibiotics?|medicine|medication|"
    r"paracetamol|ibuprofen|salbutamol|laxatives?)\b|\bshould (?:i|we) (?:give|prescribe|stop|"
    r"increase) (?:him|her|them|my|the patient|the child)\b",
    re.IGNORECASE | re.DOTALL,
)
_REFERS_BACK = re.compile(
    r"^(?:and|but|so|also|what about|how about|ok|any)\b|"
    r"\b(?:it|its|they|them|their|there|that|those|these|this|he|she|same|one)\b",
    re.IGNORECASE,
)
# Words that say what form the answer should have, not what it is about.
_FORM_WORDS = frozenset(
    stem(w)
    for w in """compare compares compared comparing comparison versus vs difference differences
    differ contrast many much say says report reports mention mentioned describe explain
    summarise""".split()
)
_SENTENCE_START = re.compile(r"(?:^|[.?!]\s+)\S+")


@dataclass(frozen=True, slots=True)
class Query:
    """A question as understood."""

    text: str  # as asked, tidied
    read_as: str  # as searched: with what a follow-up inherits
    terms: tuple[str, ...]  # stems that carry the question's meaning, names included
    expansion: tuple[str, ...]  # stems of other words for the same things
    entities: tuple[Entity, ...]
    sides: tuple[Entity, ...]  # the entities without those described together with an earlier one
    subjects: frozenset[str]  # ids of the entities and what is described with them
    documents: frozenset[str]  # ids of documents that the question names
    only_documents: frozenset[str]  # the scope: nothing else is looked at; empty for all
    only_subjects: frozenset[str]  # the scope as an area; empty for all
    wants: frozenset[Want]
    figure_kinds: frozenset[FigureKind]
    unknown_names: tuple[str, ...]  # capitalised words that no document and no gazetteer knows
    is_clinical: bool
    name_terms: frozenset[str]  # stems of the names of the entities
    ended: tuple[str, ...]  # for each body named that is no more: since when, and what followed

    @property
    def has_scope(self) -> bool:
        """Whether only a part of the library is to be looked at."""
        return bool(self.only_documents or self.only_subjects)

    @property
    def matter(self) -> tuple[str, ...]:
        """The terms that say what is asked of the subject: without the subject's own name."""
        return tuple(t for t in self.terms if t not in self.name_terms) or self.terms


def check_question(text: str) -> str:
    """The question in one line.

    Raises:
        QuestionError: it is empty, has no word in it, or is longer than `MAX_CHARS`.
    """
    if len(text) > MAX_CHARS:
        raise QuestionError(
            f"the question has {len(text):,} characters, the limit is {MAX_CHARS:,}: shorten it"
        )
    tidy = reading_form(text.encode(errors="ignore").decode().replace("\0", " "))
    if not tokens(tidy):
        raise QuestionError("the question is empty: type a question about the reports")
    return tidy


@dataclass(frozen=True, slots=True)
class Interpreter:
    """Reads questions against one library: its names, its abbreviations, its documents."""

    gazetteer: Gazetteer
    documents: tuple[Document, ...]
    vocabulary: frozenset[str]  # stems that occur in the library

    def read(self, text: str, *, history: Sequence[Turn] = (), scope: str = "") -> Query:
        """Understand a question.

        Args:
            text: as typed.
            history: the conversation before it, oldest first.
            scope: a document's id, file name or title, or the name of an area; "" for all.

        Raises:
            QuestionError: the question is empty or too long, or nothing is known by the scope.
        """
        tidy = check_question(text)
        read_as = self._inherit(tidy, history)
        named = {m.entity.id: m.entity for m in self.gazetteer.find(read_as)}
        described = (d for e in named.values() for d in self.gazetteer.described(e))
        entities = tuple({d.id: d for d in described}.values())
        scoped, areas = self._scope(scope) if scope else (frozenset(), frozenset())
        equivalents = self.gazetteer.equivalents(read_as)
        said = tuple(dict.fromkeys(terms(read_as)))
        own = tuple(t for t in said if t not in _FORM_WORDS) or said
        names = [n for e in entities for n in e.names]
        extra = dict.fromkeys(t for word in (*equivalents, *names) for t in terms(word))
        return Query(
            text=tidy,
            read_as=read_as,
            terms=own,
            expansion=tuple(t for t in extra if t not in own),
            entities=entities,
            sides=tuple(self._sides(entities)),
            subjects=self.gazetteer.related(e.id for e in entities),
            documents=self._named_documents(read_as),
            only_documents=scoped,
            only_subjects=areas,
            wants=frozenset(_wants(tidy)),
            figure_kinds=frozenset(k for k, p in _FIGURE_KINDS if p.search(tidy)),
            unknown_names=self._unknown_names(read_as),
            is_clinical=bool(_CLINICAL.search(tidy)),
            name_terms=frozenset(
                t for n in (*names, *(n for e in named.values() for n in e.names)) for t in terms(n)
            ),
            ended=tuple(self._ended(e) for e in named.values() if e.valid_to),
        )

    def of_sides(self, query: Query) -> tuple[tuple[Entity, Query], ...]:
        """For each area that is compared the question as if it alone were asked about."""
        if len(query.sides) < 2:
            return ()
        parts = []
        for side in query.sides:
            own = self.gazetteer.related([side.id])
            text = self._without_names(query.read_as, besides=own)
            part = self.read(text)
            if part.subjects & own and set(part.matter) - part.name_terms:
                scoped = replace(
                    part,
                    wants=query.wants | part.wants,
                    only_documents=query.only_documents,
                    only_subjects=query.only_subjects,
                )
                parts.append((side, scoped))
        return tuple(parts)

    def _inherit(self, text: str, history: Sequence[Turn]) -> str:
        """A follow-up with what it leaves out: the subject, or the whole earlier question."""
        asked = [t.content for t in history if t.role == "user"]
        if not asked:
            return text
        mentions = self.gazetteer.find(text)
        words, refers = terms(text), bool(_REFERS_BACK.search(text))
        if mentions and len(words) > 3 and not refers:
            return text
        earlier = reading_form(asked[-1])
        if mentions:  # another area, the same matter: "and the Cornwall one?"
            own = terms(self._without_names(text))
            return f"{text} {self._without_names(earlier)}" if len(own) <= 2 else text
        names = dict.fromkeys(m.entity.name for q in asked for m in self.gazetteer.find(q))
        subject = list(names)[-1] if names else ""
        if len(words) >= 4 and not refers:
            return f"{text} ({subject or earlier})"
        is_named = subject.casefold() in earlier.casefold()
        return f"{text} ({earlier})" if is_named else f"{text} ({subject}; {earlier})"

    def _without_names(self, text: str, *, besides: frozenset[str] = frozenset()) -> str:
        """A text without the names of entities, but for those that stay."""
        gone = (m for m in self.gazetteer.find(text) if not besides & self._stands_for(m.entity))
        named = {i for m in gone for i in range(m.first, m.last)}
        return " ".join(w for i, w in enumerate(tokens(text)) if i not in named)

    def _stands_for(self, entity: Entity) -> frozenset[str]:
        return frozenset({entity.id, *(d.id for d in self.gazetteer.described(entity))})

    def _ended(self, entity: Entity) -> str:
        assert entity.valid_to is not None
        last = date_words(entity.valid_to.isoformat())
        later = " and ".join(e.name for e in self.gazetteer.successors(entity))
        return f"{entity.name} ended on {last}" + (f", followed by {later}" if later else "")

    def _sides(self, entities: Sequence[Entity]) -> Iterable[Entity]:
        seen: frozenset[str] = frozenset()
        for entity in entities:
            if entity.id not in seen:
                yield entity
            seen |= self.gazetteer.related([entity.id])

    def _named_documents(self, text: str) -> frozenset[str]:
        """Documents that the question names by publisher's abbreviation, place or year."""
        words = set(tokens(text))
        named = set()
        for document in self.documents:
            keys = set(tokens(document.id)) - {"report", "plans", "care", "integrated"}
            years = {document.date[:4]} & words
            if keys & words and (years or not any(k.isdigit() for k in keys & words)):
                named.add(document.id)
        return frozenset(named)

    def _scope(self, scope: str) -> tuple[frozenset[str], frozenset[str]]:
        """Documents, or else the subjects of an area, that a scope stands for."""
        wanted = reading_form(scope).casefold()
        found = frozenset(
            d.id
            for d in self.documents
            if wanted in (d.id.casefold(), d.source_file.casefold())
            or (len(wanted) > 3 and wanted in d.title.casefold())
        )
        areas = self.gazetteer.related(self.gazetteer.subjects_in(scope))
        if not found and not areas:
            known = ", ".join(d.id for d in self.documents)
            raise QuestionError(f"no document or area is known as '{scope}': try one of {known}")
        return found, frozenset() if found else areas

    def _unknown_names(self, text: str) -> tuple[str, ...]:
        starts = {m.group().split()[-1] for m in _SENTENCE_START.finditer(text)}
        found = []
        for word in re.findall(r"\b[A-Z][\w'’-]+", text):
            known = all(t in self.vocabulary for t in terms(word))
            if not known and word not in starts:
                found.append(word)
        return tuple(dict.fromkeys(found))


def _wants(text: str) -> Iterable[Want]:
    found = [want for want, pattern in _WANTS if pattern.search(text)]
    return found or [Want.FACT]
