"""From scored sentences to evidence: how many, which whole lists, in what order, or none."""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ragkit.gazetteer import Entity
from ragkit.question import Query, Want
from ragkit.retrieve import HybridRetriever, Retrieved
from ragkit.select.features import Candidate, Describer, reranker_text, sentence_terms
from ragkit.select.scorer import Scorer
from ragkit.types import (
    Evidence,
    Passage,
    Reranker,
    Section,
    SelectedSentence,
    Sentence,
    SentenceKind,
    Status,
)
from ragkit.words import fold, stem, terms

_CLINICAL_REASON = (
    "This tool answers from published reports about services. It cannot advise on the care of a "
    "patient: ask a clinician, or NHS 111."
)


_TABULAR = (SentenceKind.TABLE_ROW, SentenceKind.TABLE_HEADER, SentenceKind.CAPTION)


@dataclass(frozen=True, slots=True)
class SelectConfig:
    """How much evidence is shown."""

    most_facts: int = 6
    most_figures: int = 5
    most_lessons: int = 9
    most_listed: int = 24  # items of a list that is taken whole
    most_compared: int = 4  # sentences for each side of a comparison
    least_probability: float = 0.05  # below it a sentence is no evidence
    least_best: float = 0.15  # where no sentence reaches it, nothing answers
    share_of_best: float = 0.2  # a further sentence must reach this share of the best one's
    share_in_section: float = 0.15  # or this one, when it stands in the section of the best one
    least_answerable: float | None = None  # overrides the fitted threshold
    reranked: int = 8  # candidates that the reranker reads
    nearest: int = 3  # sections named when nothing answers

    def __post_init__(self) -> None:
        if not 0 <= self.least_probability <= 1 or not 0 <= self.share_of_best <= 1:
            raise ValueError("select: probabilities and shares lie in [0, 1]")


@dataclass(frozen=True, slots=True)
class _Scored:
    probability: float
    candidate: Candidate
    answers: float = 0.0  # what the reranker says, in log-odds
    corrects: float = 0.0  # probability that it corrects what the question takes for granted


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: the question as if it alone were asked about, and its passages."""

    entity: Entity
    query: Query
    retrieved: Retrieved


class Selector:
    """Chooses evidence from the passages of a question."""

    def __init__(
        self,
        retriever: HybridRetriever,
        scorer: Scorer,
        config: SelectConfig = SelectConfig(),
        *,
        reranker: Reranker | None = None,
    ) -> None:
        self._retriever = retriever
        self._reranker = reranker
        self._library = retriever.library
        self._describer = Describer(retriever)
        self._scorer = scorer
        self._config = config

    def select(self, query: Query, retrieved: Retrieved) -> Evidence:
        """The evidence for a question in reading order, and the decision."""
        if query.is_clinical:
            return Evidence(
                Status.OUT_OF_SCOPE, 1.0, passages=retrieved.passages, reason=_CLINICAL_REASON
            )
        first = self.score(query, retrieved)
        scored = self._reread(query, first, most=self._config.reranked)
        evidence = self._decide(query, scored, confidence=self.answerable(query, scored))
        return replace(evidence, passages=_by_best_sentence(retrieved.passages, scored))

    def compare(self, sides: Sequence[Side]) -> Evidence | None:
        """The evidence of a comparison: for each side what answers the question about it alone.

        None where fewer than two sides have any; the question is then better read as a whole.
        """
        found: list[SelectedSentence] = []
        missing: list[str] = []
        confidences: list[float] = []
        passages: list[Passage] = []
        known: list[_Scored] = []
        most = max(4, 2 * self._config.reranked // (len(sides) + 1))
        for side in sides:
            scored = self._reread(side.query, self.score(side.query, side.retrieved), most=most)
            known += scored
            passages += side.retrieved.passages
            confidences.append(self.answerable(side.query, scored))
            own = [s for s in scored if self._is_about(s.candidate, side.query.subjects)]
            is_enough = bool(own) and self._is_enough(confidences[-1])
            chosen = self._choose(side.query, own) if is_enough else []
            if not chosen:
                missing.append(side.entity.name)
            have = {f.sentence.id for f in found}
            found += [s for s in self._in_order(chosen) if s.sentence.id not in have]
        if len(sides) - len(missing) < 2:
            return None
        return Evidence(
            Status.PARTIAL if missing else Status.ANSWERED,
            max(confidences),
            sentences=tuple(found),
            missing=tuple(missing),
            passages=_by_best_sentence(_once(passages), known),
        )

    def _is_enough(self, confidence: float) -> bool:
        threshold = self._config.least_answerable
        if threshold is None:
            threshold = self._scorer.answerable_threshold
        return confidence >= threshold

    def _decide(self, query: Query, scored: Sequence[_Scored], *, confidence: float) -> Evidence:
        chosen = self._choose(query, scored) if scored and self._is_enough(confidence) else []
        if not chosen:
            return self._not_found(query, scored, confidence)
        missing = self._missing_sides(query, chosen)
        status = Status.PARTIAL if missing else Status.ANSWERED
        if not missing and max(s.corrects for s in chosen) >= self._scorer.premise_threshold:
            status = Status.FALSE_PREMISE
        sentences = tuple(self._in_order(chosen))
        return Evidence(status, confidence, sentences=sentences, missing=missing)

    def score(self, query: Query, retrieved: Retrieved) -> list[_Scored]:
        """Every candidate with the chance by its features that it is needed, best first."""
        candidates = self._describer.candidates(query, retrieved)
        if not candidates:
            return []
        chances = self._scorer.sentence.probability([c.features for c in candidates])
        scored = [_Scored(float(p), c) for p, c in zip(chances, candidates, strict=True)]
        return _ranked(scored)

    def _reread(self, query: Query, scored: Sequence[_Scored], *, most: int) -> list[_Scored]:
        """The best candidates judged by the reranker as well; the others as its worst of these."""
        if self._reranker is None or not scored:
            return list(scored)
        texts = [reranker_text(self._library, s.candidate.sentence) for s in scored[:most]]
        answers, corrects = (c.tolist() for c in self._reranker.scores(query.read_as, texts).T)
        unread = len(scored) - len(texts)
        answers += [min(answers)] * unread
        chances = self._scorer.joined.probability(
            [(_log_odds(s.probability), v) for s, v in zip(scored, answers, strict=True)]
        )
        corrects = [1 / (1 + math.exp(-v)) for v in corrects] + [0.0] * unread
        made = zip(chances, scored, answers, corrects, strict=True)
        return _ranked([_Scored(float(p), s.candidate, a, c) for p, s, a, c in made])

    def answerable(self, query: Query, scored: Sequence[_Scored]) -> float:
        """The probability that the collection answers the question, from its best candidates."""
        if not scored or scored[0].probability < self._config.least_best:
            return 0.0
        pairs = [(s.probability, s.candidate) for s in scored]
        row = self._describer.describe_evidence(query, pairs, [s.answers for s in scored])
        confidence = float(self._scorer.evidence.probability([row])[0])
        best = scored[0].candidate
        is_own_row = best.sentence.kind is SentenceKind.TABLE_ROW and bool(
            self._retriever.named_in(best.sentence.text) & query.subjects
        )  # needs no second sentence to bear it out
        return max(confidence, scored[0].probability) if is_own_row else confidence

    def _choose(self, query: Query, scored: Sequence[_Scored]) -> list[_Scored]:
        scored = self._on_subject(query, scored)
        best = scored[0]
        if query.wants & {Want.LIST, Want.LESSON}:
            whole = self._whole_list(query, scored)
            if whole:
                return whole
        good = _distinct([s for s in scored if s.probability >= self._floor(best, s)])
        return self._with_lead_ins(_without_headers(good)[: self._most(query)], scored)

    def _on_subject(self, query: Query, scored: Sequence[_Scored]) -> Sequence[_Scored]:
        """Without what is said of other areas, where the area asked for has evidence of its own."""
        if not query.subjects:
            return scored
        own = [
            s
            for s in scored
            if self._is_about(s.candidate, query.subjects)
            or not self._retriever.subjects_of(s.candidate.section)
        ]
        enough = self._config.share_of_best * scored[0].probability
        return own if own and own[0].probability >= enough else scored

    def _floor(self, best: _Scored, other: _Scored) -> float:
        """What a further sentence must reach; less is asked in the section of the best one."""
        config = self._config
        here = best.candidate.section.id == other.candidate.section.id
        is_beside = here and other.candidate.sentence.kind not in _TABULAR
        share = config.share_in_section if is_beside else config.share_of_best
        return max(config.least_probability, share * best.probability)

    def _most(self, query: Query) -> int:
        config = self._config
        if len(query.sides) == 1 and Want.COMPARISON in query.wants:
            return config.most_compared
        if query.wants & {Want.LESSON, Want.LIST, Want.COMPARISON}:
            return config.most_lessons
        return config.most_figures if Want.FIGURE in query.wants else config.most_facts

    def _is_about(self, candidate: Candidate, subjects: frozenset[str]) -> bool:
        if self._retriever.subjects_of(candidate.section) & subjects:
            return True
        return bool(self._retriever.named_in(candidate.sentence.text) & subjects)

    def _whole_list(self, query: Query, scored: Sequence[_Scored]) -> list[_Scored]:
        """The list that the best candidates belong to, with its lead-in, in text order.

        A list is taken whole when its lead-in says what is asked, or when several of its items
        are good evidence themselves.
        """
        for best in scored[:3]:
            items = self._items(best.candidate.sentence)
            if not 2 <= len(items) <= self._config.most_listed:
                continue
            ids = {s.id for s in items}
            good = [
                s
                for s in scored
                if s.candidate.sentence.id in ids
                and s.probability >= self._config.least_probability
            ]
            lead = self._library.sentences.get(items[0].introduced_by)
            asked = lead is not None and bool(sentence_terms(lead.text) & set(query.matter))
            if asked or 2 * len(good) >= len(items):
                wanted = [*([lead] if lead else []), *items]
                return [self._as_scored(s, scored, best) for s in wanted]
        return []

    def _items(self, sentence: Sentence) -> list[Sentence]:
        siblings = self._library.section_sentences(sentence.section_id)
        if sentence.kind is SentenceKind.BULLET:
            return [s for s in siblings if s.group == sentence.group]
        return [s for s in siblings if s.introduced_by == sentence.id]

    def _as_scored(self, sentence: Sentence, scored: Sequence[_Scored], best: _Scored) -> _Scored:
        for known in scored:
            if known.candidate.sentence.id == sentence.id:
                return _Scored(max(known.probability, best.probability), known.candidate)
        candidate = Candidate(
            sentence=sentence,
            section=best.candidate.section,
            passage=best.candidate.passage,
            introduction=(),
            features=best.candidate.features,
            terms=sentence_terms(sentence.text),
            context_terms=best.candidate.context_terms,
        )
        return _Scored(best.probability, candidate)

    def _with_lead_ins(self, chosen: Sequence[_Scored], scored: Sequence[_Scored]) -> list[_Scored]:
        """Bullets are read after their lead-in; a lead-in alone says nothing."""
        out: dict[str, _Scored] = {}
        for one in chosen:
            sentence, above = one.candidate.sentence, one.candidate.introduction[-1:]
            if sentence.kind is SentenceKind.BULLET and above and above[0].text.endswith(":"):
                out[above[0].id] = self._as_scored(above[0], scored, one)
            out[sentence.id] = one
            if sentence.text.rstrip("* ").endswith(":"):
                items = self._items(sentence)[: self._config.most_lessons]
                out.update((i.id, self._as_scored(i, scored, one)) for i in items)
        return list(out.values())

    def _missing_sides(self, query: Query, chosen: Sequence[_Scored]) -> tuple[str, ...]:
        if len(query.sides) < 2:
            return ()
        missing = []
        for entity in query.sides:
            subjects = self._retriever.gazetteer.related([entity.id])
            if not any(self._is_about(s.candidate, subjects) for s in chosen):
                missing.append(entity.name)
        return tuple(missing)

    def _in_order(self, chosen: Sequence[_Scored]) -> Iterator[SelectedSentence]:
        """The section with the best sentence first; inside a section the order of the text."""
        best: dict[str, float] = {}
        for one in chosen:
            key = one.candidate.section.id
            best[key] = max(best.get(key, 0.0), one.probability)
        ordered = sorted(
            chosen,
            key=lambda s: (
                -best[s.candidate.section.id],
                s.candidate.section.id,
                s.candidate.sentence.ordinal,
            ),
        )
        for one in ordered:
            c = one.candidate
            yield SelectedSentence(
                c.sentence, c.section, c.passage.document, one.probability, c.introduction
            )

    def _not_found(self, query: Query, scored: Sequence[_Scored], confidence: float) -> Evidence:
        nearest: dict[str, Section] = {}
        for one in scored:
            nearest.setdefault(one.candidate.section.id, one.candidate.section)
        covered = frozenset(t for s in scored[:2] for t in s.candidate.context_terms)
        words = re.findall(r"[\w'’&-]+", query.text)
        lacking = [w for w in words if terms(w) and not set(map(stem, terms(w))) & covered]
        return Evidence(
            Status.NOT_FOUND,
            confidence,
            missing=(" ".join(lacking) or query.text,),
            nearest=tuple(nearest.values())[: self._config.nearest],
            reason="The reports in the library do not say this.",
        )


def _without_headers(scored: Sequence[_Scored]) -> list[_Scored]:
    """Without the headers and captions of rows that are there: a row is read with them anyway."""
    read = {s.id for one in scored for s in one.candidate.introduction}
    return [
        s
        for s in scored
        if s.candidate.sentence.kind not in _TABULAR or s.candidate.sentence.id not in read
    ]


def _once(passages: Iterable[Passage]) -> tuple[Passage, ...]:
    return tuple({p.chunk.id: p for p in passages}.values())


def _by_best_sentence(
    passages: Sequence[Passage], scored: Sequence[_Scored]
) -> tuple[Passage, ...]:
    best: dict[str, float] = {}
    for one in scored:
        key = one.candidate.passage.chunk.id
        best[key] = max(best.get(key, 0.0), one.probability)
    ordered = sorted(passages, key=lambda p: (-best.get(p.chunk.id, 0.0), p.rank))
    return tuple(
        replace(p, score=best.get(p.chunk.id, 0.0), rank=rank)
        for rank, p in enumerate(ordered, start=1)
    )


def _ranked(scored: Sequence[_Scored]) -> list[_Scored]:
    return sorted(scored, key=lambda s: (-s.probability, s.candidate.sentence.id))


def _log_odds(probability: float) -> float:
    p = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(p / (1 - p))


def _distinct(scored: Sequence[_Scored]) -> list[_Scored]:
    """Without sentences that say the same as a better one: four words in five shared."""
    kept: list[_Scored] = []
    for one in scored:
        mine = one.candidate.terms
        same = any(
            fold(one.candidate.sentence.text) == fold(k.candidate.sentence.text)
            or 5 * len(mine & k.candidate.terms) >= 4 * max(1, len(mine | k.candidate.terms))
            for k in kept
        )
        if not same:
            kept.append(one)
    return kept
