"""Find the passages where an answer may stand: words, meanings, headings and names together.

Four rankings (BM25 over chunks, cosine over chunks, cosine over sentences, overlap with headings)
are joined by reciprocal rank fusion (Cormack, Clarke and Buettcher 2009), then weighed by whether a
passage belongs to the area or document that the question names.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ragkit.embed import PassageEmbedder
from ragkit.gazetteer import Gazetteer
from ragkit.index import Library
from ragkit.question import Query, Want
from ragkit.types import Chunk, Passage, Section
from ragkit.words import fold, reading_form, terms


@dataclass(frozen=True, slots=True)
class RetrieveConfig:
    """How much is looked at, and how strongly each ranking counts."""

    passages: int = 12  # returned for a question
    depth: int = 60  # taken from each ranking
    rrf_k: int = 10  # constant of reciprocal rank fusion; small, because the corpus is
    words: float = 1.0
    meaning: float = 1.0
    sentences: float = 2.5
    headings: float = 0.7
    same_subject: float = 2.2  # factor for passages of the area that the question names
    other_subject: float = 0.45  # factor for passages of another area
    named_document: float = 2.0
    expansion: float = 0.35  # of the word ranking by other words for the same thing

    def __post_init__(self) -> None:
        if not 0 < self.passages <= self.depth:
            raise ValueError("retrieve: 0 < passages <= depth must hold")


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The passages of one question, best first, and the question's own vector."""

    passages: tuple[Passage, ...]
    vector: NDArray[np.float32]


def fuse(rankings: Iterable[tuple[float, Sequence[str]]], *, k: int) -> dict[str, float]:
    """Reciprocal rank fusion: the sum over rankings of weight / (k + rank), rank from 1.

    The order of the rankings does not matter; a key missing from one gains nothing from it.
    """
    scores: dict[str, float] = {}
    for weight, keys in sorted(rankings, key=lambda r: (r[0], tuple(r[1]))):
        for rank, key in enumerate(dict.fromkeys(keys), start=1):
            scores[key] = scores.get(key, 0.0) + weight / (k + rank)
    return scores


@dataclass(frozen=True, slots=True)
class HybridRetriever:
    """Holds a library open with what is worth computing once: headings and areas of sections."""

    library: Library
    embedder: PassageEmbedder
    gazetteer: Gazetteer
    config: RetrieveConfig = RetrieveConfig()
    _subjects: dict[str, frozenset[str]] = field(init=False)
    _headings: dict[str, frozenset[str]] = field(init=False)
    _chunks_of: dict[str, tuple[str, ...]] = field(init=False)
    _chunk_of: dict[str, str] = field(init=False)
    _named: dict[str, frozenset[str]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        sections = self.library.sections.values()
        subjects = {s.id: self.gazetteer.of_section(s) | self._area_of(s) for s in sections}
        headings = {s.id: frozenset(t for p in s.path[-2:] for t in terms(p)) for s in sections}
        chunks_of: dict[str, list[str]] = {}
        chunk_of: dict[str, str] = {}
        for chunk in self.library.chunks.values():
            chunks_of.setdefault(chunk.section_id, []).append(chunk.id)
            for sentence_id in chunk.sentence_ids:
                chunk_of.setdefault(sentence_id, chunk.id)
        object.__setattr__(self, "_subjects", subjects)
        object.__setattr__(self, "_headings", headings)
        object.__setattr__(self, "_chunks_of", {k: tuple(v) for k, v in chunks_of.items()})
        object.__setattr__(self, "_chunk_of", chunk_of)

    def retrieve(self, query: Query) -> Retrieved:
        """The best passages; a comparison brings some for each area that it names."""
        config = self.config
        vector = self.embedder.embed([query.read_as])[0]
        scores = self._weighed(query, self._fused(query, vector))
        order = sorted(scores, key=lambda i: (-scores[i], i))
        chosen = self._spread(query, list(self._without_repeats(order[: config.depth])))
        passages = tuple(
            self._passage(i, scores[i], vector, rank) for rank, i in enumerate(chosen, start=1)
        )
        return Retrieved(passages, vector)

    def subjects_of(self, section: Section) -> frozenset[str]:
        """The entities that a section describes."""
        return self._subjects[section.id]

    def _area_of(self, section: Section) -> frozenset[str]:
        """The area that the register ties a whole document to; one of many says nothing here."""
        areas = self.library.documents[section.document_id].areas
        return frozenset(areas) if len(areas) == 1 else frozenset()

    def named_in(self, text: str) -> frozenset[str]:
        """Ids of the entities that a text names; remembered, as questions meet the same texts."""
        if text not in self._named:
            self._named[text] = self.gazetteer.subjects_in(reading_form(text))
        return self._named[text]

    def _fused(self, query: Query, vector: NDArray[np.float32]) -> dict[str, float]:
        config = self.config
        depth = len(self.library.chunks) if query.has_scope else config.depth
        words = self.library.search_words(query.terms, k=depth)
        others = self.library.search_words(query.expansion, k=depth)
        meaning = self.library.chunk_store.search(vector[None], k=depth)[0]
        near = self.library.sentence_store.search(vector[None], k=depth)[0]
        rankings = (
            (config.words, [h.key for h in words]),
            (config.words * config.expansion, [h.key for h in others]),
            (config.meaning, [h.key for h in meaning]),
            (config.sentences, [self._chunk_of[h.key] for h in near]),
            (config.headings, self._by_heading(query)[:depth]),
        )
        return fuse(rankings, k=config.rrf_k)

    def _by_heading(self, query: Query) -> list[str]:
        """Chunks under the headings that share the rarest words with the question."""
        wanted = set(query.terms) | set(query.expansion)
        scored = []
        for section_id, heading in self._headings.items():
            shared = heading & wanted
            if shared:
                own = sum(self.library.rarity(t) for t in shared & set(query.terms))
                score = own + 0.5 * sum(self.library.rarity(t) for t in shared)
                scored.append((-score / (1 + 0.1 * len(heading)), section_id))
        return [c for _, s in sorted(scored) for c in self._chunks_of.get(s, ())[:3]]

    def _weighed(self, query: Query, scores: dict[str, float]) -> dict[str, float]:
        config = self.config
        weighed = {}
        for key, score in scores.items():
            chunk = self.library.chunks[key]
            subjects = self._subjects[chunk.section_id]
            if not self._in_scope(query, chunk):
                continue
            if query.subjects:
                if (subjects | self.named_in(chunk.text)) & query.subjects:
                    score *= config.same_subject
                elif subjects:
                    score *= config.other_subject
            if chunk.document_id in query.documents:
                score *= config.named_document
            weighed[key] = score
        return weighed

    def _in_scope(self, query: Query, chunk: Chunk) -> bool:
        if query.only_documents:
            return chunk.document_id in query.only_documents
        subjects = self._subjects[chunk.section_id] | self.named_in(chunk.text)
        return not query.only_subjects or bool(subjects & query.only_subjects)

    def _without_repeats(self, order: Sequence[str]) -> Iterator[str]:
        """Near-duplicates of a better passage are left out."""
        seen: set[str] = set()
        for key in order:
            text = " ".join(fold(self.library.chunks[key].text).split())
            if text not in seen:
                seen.add(text)
                yield key

    def _spread(self, query: Query, order: Sequence[str]) -> list[str]:
        """Cut to the number wanted; each area named keeps at least its share."""
        limit = self.config.passages
        if len(query.sides) < 2 and Want.COMPARISON not in query.wants:
            return list(order[:limit])
        share = max(2, limit // max(1, len(query.sides)) - 1)
        kept: dict[str, None] = {}
        for entity in query.sides:
            subjects = self.gazetteer.related([entity.id])
            own = [k for k in order if self._subjects[self._section(k)] & subjects]
            kept.update((k, None) for k in own[:share])
        kept.update((k, None) for k in order)
        chosen = set(list(kept)[:limit])
        return [k for k in order if k in chosen]

    def _section(self, key: str) -> str:
        return self.library.chunks[key].section_id

    def _passage(self, key: str, score: float, vector: NDArray[np.float32], rank: int) -> Passage:
        chunk = self.library.chunks[key]
        return Passage(
            chunk=chunk,
            section=self.library.sections[chunk.section_id],
            document=self.library.documents[chunk.document_id],
            score=score,
            similarity=self._similarity(chunk, vector),
            rank=rank,
        )

    def _similarity(self, chunk: Chunk, vector: NDArray[np.float32]) -> float:
        rows = [self.library.sentence_vector(i) for i in chunk.sentence_ids]
        known = [r for r in rows if r is not None]
        return float(max((r @ vector for r in known), default=0.0))
