"""Describe candidate sentences, and the evidence as a whole, by numbers in about [-1, 1].

The names of the features are part of the file of weights, so that neither can drift alone.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ragkit.chunk import introductions
from ragkit.figures import FigureKind, find_figures
from ragkit.index import Library
from ragkit.question import Query, Want
from ragkit.rerank import candidate_text
from ragkit.retrieve import HybridRetriever, Retrieved
from ragkit.types import Passage, Section, Sentence, SentenceKind
from ragkit.words import reading_form, stem, terms

_OWN_FEATURES = (
    "similarity",
    "passage_similarity",
    "fused_score",
    "inverse_rank",
    "cover",
    "cover_in_context",
    "cover_by_neighbours",
    "cover_by_expansion",
    "cover_by_heading",
    "rarest_term",
    "same_subject",
    "other_subject",
    "names_subject",
    "names_other",
    "row_of_subject",
    "row_of_other",
    "figure_of_kind",
    "figure_missing",
    "lesson_heading",
    "list_item",
    "list_item_wanted",
    "quotation",
    "table_row",
    "table_row_figure",
    "lead_in",
    "caption",
    "short",
    "words",
    "first_in_section",
    "named_document",
)
# A value says little by itself; how it compares with the other candidates of the question does.
_COMPARED = (
    "similarity",
    "passage_similarity",
    "fused_score",
    "cover",
    "cover_in_context",
    "cover_by_neighbours",
)
SENTENCE_FEATURES = (
    *_OWN_FEATURES,
    *(f"{name}_below_best" for name in _COMPARED),
    *(f"{name}_above_mean" for name in _COMPARED),
)
EVIDENCE_FEATURES = (
    "best",
    "second",
    "mean_of_three",
    "best_similarity",
    "cover",
    "cover_of_best",
    "rarest_uncovered",
    "unknown_terms",
    "unknown_names",
    "subject_found",
    "figure_asked",
    "figure_lacking",
    "read_best",
    "read_second",
    "read_third",
)
_LESSON_STEMS = frozenset(stem(w) for w in "lessons learned advice learning challenges".split())
_REFERS_BACK = re.compile(
    r"(?:this|these|those|that|they|their|it|its|he|she|such|both|others?|the former|the latter|"
    r"here|there|however|also|in addition|similarly|instead|as a result)\b",
    re.IGNORECASE,
)
_FIGURES_OF = {
    FigureKind.DATE: frozenset({FigureKind.DATE, FigureKind.YEAR}),
    FigureKind.COUNT: frozenset({FigureKind.COUNT, FigureKind.AGE}),
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may be evidence, with the passage that brought it and its features."""

    sentence: Sentence
    section: Section
    passage: Passage
    introduction: tuple[Sentence, ...]
    features: tuple[float, ...]
    terms: frozenset[str]  # of the sentence
    context_terms: frozenset[str]  # of the sentence, its introduction and its headings


@lru_cache(maxsize=16384)
def sentence_terms(text: str) -> frozenset[str]:
    """The stems of a sentence; cached, because every question meets the same sentences."""
    return frozenset(terms(reading_form(text)))


@lru_cache(maxsize=16384)
def figure_kinds(text: str) -> frozenset[FigureKind]:
    """The kinds of figure that a sentence holds."""
    return frozenset(f.kind for f in find_figures(reading_form(text)))


def reranker_text(library: Library, sentence: Sentence) -> str:
    """A sentence as the reranker reads it."""
    section = library.sections[sentence.section_id]
    return candidate_text(section, _read_after(library, sentence), sentence)


def _read_after(library: Library, sentence: Sentence) -> tuple[Sentence, ...]:
    """What a sentence is read after: its introduction, or the one before that it refers to."""
    introduction = introductions(sentence, library.sentences)
    if introduction or not _REFERS_BACK.match(sentence.text):
        return introduction
    siblings = library.section_sentences(sentence.section_id)
    before = siblings[max(0, sentence.ordinal - siblings[0].ordinal - 1)]
    is_text = before != sentence and before.kind is not SentenceKind.HEADING
    return (before,) if is_text else ()


class Describer:
    """Computes features against one library."""

    def __init__(self, retriever: HybridRetriever) -> None:
        self._retriever = retriever
        self._library = retriever.library

    def candidates(self, query: Query, retrieved: Retrieved) -> tuple[Candidate, ...]:
        """The sentences of the passages, each once, with the best passage that holds it."""
        seen: dict[str, Candidate] = {}
        for passage in retrieved.passages:
            for sentence_id in passage.chunk.sentence_ids:
                if sentence_id not in seen:
                    sentence = self._library.sentences[sentence_id]
                    seen[sentence_id] = self._candidate(query, retrieved, passage, sentence)
        found = tuple(seen.values())
        rows = _compared(np.asarray([c.features for c in found]).reshape(len(found), -1))
        return tuple(replace(c, features=tuple(r)) for c, r in zip(found, rows, strict=True))

    def _candidate(
        self, query: Query, retrieved: Retrieved, passage: Passage, sentence: Sentence
    ) -> Candidate:
        introduction = introductions(sentence, self._library.sentences)
        own = sentence_terms(sentence.text)
        heading = frozenset(t for label in passage.section.path[-2:] for t in terms(label))
        around = own | heading
        for other in introduction:
            around |= sentence_terms(other.text)
        neighbours = self._neighbours(sentence)
        values = {
            **self._meaning(query, retrieved, passage, sentence),
            **self._coverage(query, own, around, neighbours, heading),
            **self._subject(query, passage, sentence),
            **_figures(query, sentence),
            **_form(query, sentence, heading, passage),
        }
        return Candidate(
            sentence=sentence,
            section=passage.section,
            passage=passage,
            introduction=introduction,
            features=tuple(float(values[name]) for name in _OWN_FEATURES),
            terms=own,
            context_terms=around,
        )

    def _neighbours(self, sentence: Sentence) -> frozenset[str]:
        siblings = self._library.section_sentences(sentence.section_id)
        place = sentence.ordinal - siblings[0].ordinal
        near = siblings[max(0, place - 1) : place + 2]
        return frozenset(t for s in near for t in sentence_terms(s.text))

    def _meaning(
        self, query: Query, retrieved: Retrieved, passage: Passage, sentence: Sentence
    ) -> dict[str, float]:
        vector = self._library.sentence_vector(sentence.id)
        similarity = float(vector @ retrieved.vector) if vector is not None else 0.0
        best = retrieved.passages[0].score
        return {
            "similarity": similarity,
            "passage_similarity": passage.similarity,
            "fused_score": passage.score / best if best else 0.0,
            "inverse_rank": 1.0 / passage.rank,
            "named_document": float(passage.document.id in query.documents),
        }

    def _coverage(
        self,
        query: Query,
        own: frozenset[str],
        around: frozenset[str],
        neighbours: frozenset[str],
        heading: frozenset[str],
    ) -> dict[str, float]:
        wanted = query.matter
        rare = max(wanted, key=lambda t: (self._library.rarity(t), t), default="")
        extra = [t for t in query.expansion if t not in query.name_terms]
        return {
            "cover": self.cover(wanted, own),
            "cover_in_context": self.cover(wanted, around),
            "cover_by_neighbours": self.cover(wanted, neighbours | heading),
            "cover_by_expansion": min(1.0, len(own & set(extra)) / 2),
            "cover_by_heading": self.cover(wanted, heading),
            "rarest_term": float(rare in own),
        }

    def cover(self, wanted: Sequence[str], have: frozenset[str]) -> float:
        """The share of the wanted terms that are there, weighed by their rarity, in [0, 1]."""
        total = sum(self._library.rarity(t) for t in wanted)
        found = sum(self._library.rarity(t) for t in wanted if t in have)
        return found / total if total else 0.0

    def _subject(self, query: Query, passage: Passage, sentence: Sentence) -> dict[str, float]:
        subjects = self._retriever.subjects_of(passage.section)
        named = self._retriever.named_in(sentence.text)
        names_it = bool(named & query.subjects)
        names_other = bool(query.subjects and named and not names_it)
        same = bool(subjects & query.subjects)
        is_row = sentence.kind is SentenceKind.TABLE_ROW
        return {
            "same_subject": float(same),
            "other_subject": float(bool(query.subjects and subjects and not same)),
            "names_subject": float(names_it),
            "names_other": float(names_other),
            "row_of_subject": float(is_row and names_it),
            "row_of_other": float(is_row and names_other),
        }

    def describe_evidence(
        self,
        query: Query,
        scored: Sequence[tuple[float, Candidate]],
        read: Sequence[float],
    ) -> tuple[float, ...]:
        """Features of the best candidates together, in the order of EVIDENCE_FEATURES.

        Args:
            query: the question.
            scored: candidates with their probabilities, best first.
            read: what the reranker said of them, in log-odds and any order.
        """
        ranked = [*sorted(read, reverse=True)[:3], *[min(read, default=0.0)] * 3]
        best = [p for p, _ in scored[:3]] + [0.0] * 3
        top = [c for _, c in scored[:4]]
        wanted = query.matter
        have = frozenset(t for c in top for t in c.context_terms) | frozenset(query.name_terms)
        extended = self._with_equivalents(query, have)
        uncovered = [t for t in wanted if t not in extended]
        rarity = [self._library.rarity(t) for t in uncovered]
        similarity = SENTENCE_FEATURES.index("similarity")
        kinds = [figure_kinds(c.sentence.text) for c in top[:2]]
        subjects = [self._retriever.subjects_of(c.section) for c in top[:2]]
        found = any(_holds(query.figure_kinds, k) for k in kinds)
        values = {
            "best": best[0],
            "second": best[1],
            "mean_of_three": sum(best[:3]) / 3,
            "best_similarity": max((c.features[similarity] for c in top), default=0.0),
            "cover": self.cover(wanted, extended),
            "cover_of_best": self.cover(wanted, top[0].context_terms) if top else 0.0,
            "rarest_uncovered": max(rarity, default=0.0) / 7,
            "unknown_terms": min(3, sum(not self._library.knows(t) for t in wanted)) / 3,
            "unknown_names": min(2, len(query.unknown_names)) / 2,
            "subject_found": float(any(s & query.subjects for s in subjects)),
            "figure_asked": float(bool(query.figure_kinds)),
            "figure_lacking": float(bool(query.figure_kinds) and not found),
            **dict(zip(("read_best", "read_second", "read_third"), ranked, strict=False)),
        }
        return tuple(values[name] for name in EVIDENCE_FEATURES)

    def _with_equivalents(self, query: Query, have: frozenset[str]) -> frozenset[str]:
        """Terms counted as covered: those there, and those of which another word is there."""
        covered = set(have)
        for wanted in query.terms:
            others = self._retriever.gazetteer.equivalents(wanted)
            if any(set(terms(o)) <= have for o in others):
                covered.add(wanted)
        return frozenset(covered)


def _compared(rows: NDArray[np.float64]) -> list[list[float]]:
    """Rows with the distance of some columns from the question's best, and their z-scores."""
    if not len(rows):
        return []
    columns = rows[:, [_OWN_FEATURES.index(name) for name in _COMPARED]]
    below = columns - columns.max(axis=0)
    above = (columns - columns.mean(axis=0)) / (columns.std(axis=0) + 1e-6)
    joined: list[list[float]] = np.hstack([rows, below, above]).tolist()
    return joined


def _holds(asked: Iterable[FigureKind], held: frozenset[FigureKind]) -> bool:
    return any(held & _FIGURES_OF.get(kind, frozenset({kind})) for kind in asked)


def _figures(query: Query, sentence: Sentence) -> dict[str, float]:
    held = figure_kinds(sentence.text)
    found = _holds(query.figure_kinds, held)
    is_row = sentence.kind is SentenceKind.TABLE_ROW
    return {
        "figure_of_kind": float(found),
        "figure_missing": float(bool(query.figure_kinds) and not found),
        "table_row_figure": float(is_row and bool(query.figure_kinds) and bool(held)),
    }


def _form(
    query: Query, sentence: Sentence, heading: frozenset[str], passage: Passage
) -> dict[str, float]:
    kind, words = sentence.kind, len(sentence.text.split())
    wants_items = bool(query.wants & {Want.LIST, Want.LESSON})
    return {
        "lesson_heading": float(Want.LESSON in query.wants and bool(heading & _LESSON_STEMS)),
        "list_item": float(kind is SentenceKind.BULLET),
        "list_item_wanted": float(kind is SentenceKind.BULLET and wants_items),
        "quotation": float(kind is SentenceKind.QUOTATION),
        "table_row": float(kind in (SentenceKind.TABLE_ROW, SentenceKind.TABLE_HEADER)),
        "lead_in": float(kind is SentenceKind.LEAD_IN),
        "caption": float(kind in (SentenceKind.CAPTION, SentenceKind.NOTE)),
        "short": float(words < 5),
        "words": min(1.5, math.log1p(words) / math.log(40)),
        "first_in_section": float(sentence.id == passage.chunk.sentence_ids[0]),
    }
