"""What is compared: ragkit as it stands, and what a reader would do without it.

Three baselines get the same index: the first five passages by vectors alone, by words alone, and
the bundled model reading the first five with an ordinary cite-your-sources prompt and no guard.
"""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from eval.questions import Question
from eval.records import Cited, Record, Retrieved, Said, Times
from ragkit.embed import PassageEmbedder
from ragkit.index import Library
from ragkit.index.vectors import FaissStore
from ragkit.pipeline import Pipeline
from ragkit.prompts import PromptTemplate, load_prompt
from ragkit.render import answer_record
from ragkit.types import Chunk, Generator, Hit, Origin, Prompt, Status, Turn
from ragkit.words import reading_form, terms

TOP = 5
_DEPTH = 12
_PASSAGE_CHARS = 700  # a passage as the model reads it; five fit its context
_MARKER = re.compile(r"\[(\d+)\]")
_REFUSES = re.compile(r"do(?:es)? not (?:hold|contain|mention|provide|say)", re.IGNORECASE)
_BASELINE_PROMPT = Path(__file__).parent / "baseline.md"


class System(Protocol):
    """Something that answers questions."""

    @property
    def name(self) -> str:
        """As it stands in reports."""
        ...

    def answer(self, question: Question) -> Record:
        """The answer to one question."""
        ...


@dataclass(frozen=True, slots=True)
class RagkitSystem:
    """The product, with or without a model."""

    name: str
    pipeline: Pipeline

    def answer(self, question: Question) -> Record:
        """As ``ragkit ask --json`` gives it, with the confidence beside it."""
        history = tuple(Turn(t.role, t.content) for t in question.history)
        answer = self.pipeline.ask(question.question, history=history)
        record = Record.model_validate(answer_record(answer, id=question.id))
        return record.model_copy(update={"confidence": answer.confidence})


@dataclass(frozen=True, slots=True)
class PassageSystem:
    """The first five passages of one ranking, whole, as the answer; it never refuses."""

    name: str
    library: Library
    rank: Callable[[str], Sequence[Hit]]

    def answer(self, question: Question) -> Record:
        """Five passages, each cited."""
        started = time.perf_counter()
        hits = self.rank(question.question)
        chunks = [self.library.chunks[h.key] for h in hits]
        cited = tuple(_cited(self.library, c, n) for n, c in enumerate(chunks[:TOP], start=1))
        spent = time.perf_counter() - started
        return Record(
            id=question.id,
            status=Status.ANSWERED if cited else Status.NOT_FOUND,
            sentences=tuple(
                Said(text=reading_form(c.quote), origin=Origin.QUOTE, citations=(c.n,))
                for c in cited
            ),
            citations=cited,
            retrieved=tuple(_retrieved(self.library, c) for c in chunks),
            timings=Times(retrieve_s=spent, total_s=spent),
        )


@dataclass(frozen=True, slots=True)
class PromptedModel:
    """A model that reads the first five passages and is asked to cite them."""

    name: str
    passages: PassageSystem
    generator: Generator
    template: PromptTemplate

    def answer(self, question: Question) -> Record:
        """Its sentences with the passages they name; without a marker a sentence cites nothing."""
        started = time.perf_counter()
        found = self.passages.answer(question)
        text = "".join(self.generator.stream(self._prompt(question, found)))
        sentences = tuple(_sentences(text, len(found.citations)))
        refuses = bool(_REFUSES.search(text)) or not sentences
        return found.model_copy(
            update={
                "status": Status.NOT_FOUND if refuses else Status.ANSWERED,
                "sentences": () if refuses else sentences,
                "timings": Times(
                    retrieve_s=found.timings.retrieve_s,
                    write_s=time.perf_counter() - started - found.timings.retrieve_s,
                    total_s=time.perf_counter() - started,
                ),
            }
        )

    def _prompt(self, question: Question, found: Record) -> Prompt:
        passages = "\n\n".join(
            f"[{c.n}] {c.section_path}\n{reading_form(c.quote)[:_PASSAGE_CHARS]}"
            for c in found.citations
        )
        rendered = self.template.render(passages=passages, question=question.question)
        return Prompt(system=rendered.system, user=rendered.user, max_tokens=200)


def by_vectors(library: Library, embedder: PassageEmbedder) -> PassageSystem:
    """Dense retrieval alone; the chunks are embedded here, since the index has adapted vectors."""
    chunks = list(library.chunks.values())
    vectors = embedder.embed([f"{c.context}\n{reading_form(c.text)}" for c in chunks])
    store = FaissStore.build(vectors, [c.id for c in chunks])

    def rank(question: str) -> Sequence[Hit]:
        return store.search(embedder.embed([question]), k=_DEPTH)[0]

    return PassageSystem("dense, five passages", library, rank)


def by_words(library: Library) -> PassageSystem:
    """BM25 alone."""

    def rank(question: str) -> Sequence[Hit]:
        return library.search_words(terms(question), k=_DEPTH)

    return PassageSystem("BM25, five passages", library, rank)


def prompted(passages: PassageSystem, generator: Generator) -> PromptedModel:
    """The model with an ordinary prompt, on top of a ranking."""
    template = load_prompt(_BASELINE_PROMPT, variables=frozenset({"passages", "question"}))
    return PromptedModel("bundled model, prompted", passages, generator, template)


def _sentences(text: str, passages: int) -> Sequence[Said]:
    found = []
    for piece in re.findall(r"[^.!?\n]+(?:[.!?]+(?:\s*\[\d+\])*|\n|$)", text):
        numbers = tuple(dict.fromkeys(int(n) for n in _MARKER.findall(piece)))
        words = reading_form(_MARKER.sub("", piece)).strip()
        if any(c.isalnum() for c in words):
            known = tuple(n for n in numbers if 1 <= n <= passages)
            found.append(Said(text=words, origin=Origin.COMPOSED, citations=known))
    return found


def _cited(library: Library, chunk: Chunk, n: int) -> Cited:
    section = library.sections[chunk.section_id]
    return Cited(
        n=n,
        document_id=chunk.document_id,
        document_title=library.documents[chunk.document_id].title,
        section_number=section.cited_number,
        section_title=section.title,
        section_path=" > ".join(section.path),
        quote=chunk.text,
        start=chunk.start,
        end=chunk.end,
    )


def _retrieved(library: Library, chunk: Chunk) -> Retrieved:
    section = library.sections[chunk.section_id]
    return Retrieved(
        document_id=chunk.document_id,
        section_number=section.cited_number,
        section_title=section.title,
    )
