"""Join the stages: from a question to an answer that is quoted or checked, sentence by sentence."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ragkit.config import Config
from ragkit.embed import PassageEmbedder, SentenceTransformerEmbedder, model_id
from ragkit.errors import ModelError
from ragkit.gazetteer import load_gazetteer
from ragkit.index import Library, open_library
from ragkit.llama import LlamaGenerator, LlamaOptions
from ragkit.models import bundled_model, choose_writer, load_check
from ragkit.prompts import PromptTemplate, load_prompt, prompts_dir
from ragkit.question import Interpreter, Query
from ragkit.render import SectionView
from ragkit.rerank import open_reranker
from ragkit.retrieve import HybridRetriever
from ragkit.select import Selector, Side, load_scorer
from ragkit.types import (
    Answer,
    AnswerSentence,
    Citation,
    Claim,
    Document,
    DocumentStatus,
    Evidence,
    Generator,
    Origin,
    RejectedClaim,
    Section,
    SelectedSentence,
    Sentence,
    SentenceKind,
    Status,
    Timings,
    Turn,
)
from ragkit.verify import VerifyConfig, verify
from ragkit.words import reading_form
from ragkit.write import REWORD_VARIABLES, WriteConfig, quote, reword

logger = logging.getLogger(__name__)

_CAUTIONS = {
    DocumentStatus.CURRENT: "",
    DocumentStatus.HISTORICAL: "of its time: bodies that it names have ended",
    DocumentStatus.SUPERSEDED: "superseded by a later document",
}


@dataclass(frozen=True, slots=True)
class Writing:
    """What puts evidence into words: a model with its prompt, and how far it may go."""

    generator: Generator
    template: PromptTemplate
    config: WriteConfig

    def claims(self, evidence: Evidence) -> Iterator[Claim]:
        """One claim for each sentence of the evidence, as soon as it is written."""
        return reword(
            evidence,
            generator=self.generator,
            template=self.template,
            config=self.config,
        )


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Holds what is expensive to open; answers any number of questions, from any thread."""

    library: Library
    interpreter: Interpreter
    retriever: HybridRetriever
    selector: Selector
    writing: Writing | None  # None: every sentence is a quotation
    verify_config: VerifyConfig

    @classmethod
    def open(cls, config: Config, *, use_model: bool = True) -> "Pipeline":
        """Open the index and the models.

        Args:
            config: every setting.
            use_model: False answers in quotations alone; no language model is loaded.

        Raises:
            RagkitError: the index, a model, a prompt or the gazetteer cannot be opened; the
                message says what to do.
        """
        library = open_library(config.index_dir, embedder=model_id(config.embed))
        writing = open_writing(config) if use_model else None
        return assemble(library, SentenceTransformerEmbedder(config.embed), config, writing)

    def ask(self, question: str, *, history: Sequence[Turn] = (), scope: str = "") -> Answer:
        """The final answer to a question.

        Args:
            question: as typed.
            history: the conversation before it, oldest first.
            scope: a document (id, file name, part of the title) or an area; "" for everything.

        Raises:
            QuestionError: the question is empty or too long, or nothing is known by the scope.
        """
        *_, last = self.stream(question, history=history, scope=scope)
        return last

    def stream(
        self, question: str, *, history: Sequence[Turn] = (), scope: str = ""
    ) -> Iterator[Answer]:
        """The answer as it grows: first in quotations, then sentence by sentence in words.

        Every snapshot is whole and checked; the last one is what `ask` returns.
        """
        started = time.perf_counter()
        query = self.interpreter.read(question, history=history, scope=scope)
        evidence, timings = self._evidence(query)
        base = self._base(question, query, evidence)
        first = self._with_claims(base, evidence, quote(evidence))
        yield _timed(first, timings, started)
        if evidence.sentences and self.writing is not None:
            yield from self._reworded(base, evidence, timings, started)

    def section_view(self, citation: Citation) -> SectionView:
        """The section that a citation opens."""
        return self.view(self.library.sections[citation.section_id])

    def view(self, section: Section) -> SectionView:
        """A section with its document and sentences, for reading."""
        return SectionView(
            document=self.library.documents[section.document_id],
            section=section,
            sentences=self.library.section_sentences(section.id),
        )

    def documents(self) -> tuple[Document, ...]:
        """The documents in the library, by id."""
        return tuple(self.library.documents.values())

    def _evidence(self, query: Query) -> tuple[Evidence, Timings]:
        """A comparison is answered side by side, where the sides have answers of their own."""
        started = time.perf_counter()
        sides = [
            Side(entity, part, self.retriever.retrieve(part))
            for entity, part in self.interpreter.of_sides(query)
        ]
        found = time.perf_counter()
        evidence = self.selector.compare(sides) if len(sides) > 1 else None
        chosen = time.perf_counter()
        timings = Timings(retrieve_s=found - started, select_s=chosen - found)
        if evidence is not None:
            return evidence, timings
        retrieved = self.retriever.retrieve(query)
        found = time.perf_counter()
        evidence = self.selector.select(query, retrieved)
        return evidence, Timings(
            retrieve_s=timings.retrieve_s + found - chosen,
            select_s=timings.select_s + time.perf_counter() - found,
        )

    def _base(self, question: str, query: Query, evidence: Evidence) -> Answer:
        return Answer(
            question=question,
            status=evidence.status,
            sentences=(),
            citations=tuple(
                _citation(n, s, caution=self._caution(s.document))
                for n, s in enumerate(_sources(evidence), start=1)
            ),
            retrieved=evidence.passages,
            missing=evidence.missing,
            nearest=evidence.nearest,
            rejected=(),
            timings=Timings(),
            model=self.writing.generator.model_id if self.writing else None,
            index=self.library.digest,
            read_as=_read_as(query),
            confidence=evidence.confidence,
        )

    def _caution(self, document: Document) -> str:
        """Why a document may no longer hold: what replaces it, or that its time is over."""
        later = [d.title for d in self.documents() if document.id in d.supersedes]
        if later:
            return f"superseded by {later[0]}"
        return _CAUTIONS[document.status]

    def _with_claims(self, base: Answer, evidence: Evidence, claims: Sequence[Claim]) -> Answer:
        places = {s.sentence.id: n for n, s in enumerate(_sources(evidence), start=1)}
        sentences = [
            AnswerSentence(c.text, c.origin, _numbers(c, evidence, places)) for c in claims
        ]
        notice = _notice(evidence)
        if notice:
            sentences.append(AnswerSentence(notice, Origin.NOTICE))
        return replace(base, sentences=tuple(sentences))

    def _reworded(
        self, base: Answer, evidence: Evidence, timings: Timings, started: float
    ) -> Iterator[Answer]:
        assert self.writing is not None
        claims = list(quote(evidence))
        rejected: list[RejectedClaim] = []
        verifying = 0.0
        begun = time.perf_counter()

        def snapshot() -> Answer:
            spent = time.perf_counter() - begun
            now = replace(timings, write_s=spent - verifying, verify_s=verifying)
            answer = self._with_claims(base, evidence, claims)
            return _timed(replace(answer, rejected=tuple(rejected)), now, started)

        for i, draft in enumerate(self.writing.claims(evidence)):
            before = time.perf_counter()
            finding = self._check(draft, evidence)
            verifying += time.perf_counter() - before
            if finding:
                rejected.append(RejectedClaim(draft.text, finding))
            elif draft != claims[i]:
                claims[i] = draft
                yield snapshot()
        yield snapshot()

    def _check(self, claim: Claim, evidence: Evidence) -> str:
        """Why a claim is thrown away; "" when it stands. Quotations and table rows are copies."""
        if claim.origin in (Origin.QUOTE, Origin.TABLE):
            return ""
        sources = [evidence.sentences[i] for i in claim.evidence]
        finding = verify(
            claim.text,
            [reading_form(s.sentence.text) for s in sources],
            context=[t for s in sources for t in _context(s)],
            config=self.verify_config,
        )
        return "; ".join(finding.reasons)


def assemble(
    library: Library, embedder: PassageEmbedder, config: Config, writing: Writing | None
) -> Pipeline:
    """A pipeline from opened parts; tests bring an embedder and a writer of their own."""
    gazetteer = load_gazetteer(config.gazetteer_path).with_aliases(library.abbreviations)
    retriever = HybridRetriever(library, embedder, gazetteer, config.retrieve)
    documents = tuple(library.documents.values())
    return Pipeline(
        library=library,
        interpreter=Interpreter(gazetteer, documents, library.vocabulary),
        retriever=retriever,
        selector=Selector(
            retriever, load_scorer(), config.select, reranker=open_reranker(config.embed)
        ),
        writing=writing,
        verify_config=config.verify,
    )


def open_writing(config: Config) -> Writing | None:
    """Load the language model and its prompt; None where the settings ask for quotations only.

    Raises:
        ModelError: no model is installed or named, or it cannot be loaded.
        PromptError: the prompt is missing or does not fit.
    """
    if config.write.writer == "quote":
        return None
    path = Path(config.model.path) if config.model.path else bundled_model()
    if path is None:
        raise ModelError(
            "no language model is installed: run 'make setup', name a GGUF file under [model] "
            "path in ragkit.toml, or ask with --no-llm"
        )
    folder = prompts_dir()
    template = load_prompt(folder / "reword.md", variables=REWORD_VARIABLES)
    generator = LlamaGenerator(
        path,
        LlamaOptions(
            n_ctx=config.model.context_tokens,
            n_threads=config.model.threads,
            timeout_s=config.model.timeout_s,
        ),
    )
    check = load_check(config.index_dir, model_id=generator.model_id, prompt_digest=template.digest)
    if choose_writer(config.write, check) == "quote":
        return None
    return Writing(generator, template, config.write)


def _read_as(query: Query) -> str:
    """How the question was understood, where it was not taken word for word; otherwise ""."""
    if query.ended:
        return f"{query.read_as} ({'; '.join(query.ended)})"
    return query.read_as if query.read_as != query.text else ""


def _sources(evidence: Evidence) -> tuple[SelectedSentence, ...]:
    """What is cited: the evidence, then the header rows and captions that its rows are read by."""
    known = {s.sentence.id for s in evidence.sentences}
    further: dict[str, SelectedSentence] = {}
    for row in evidence.sentences:
        for above in _read_by(row):
            if above.id not in known:
                further[above.id] = replace(row, sentence=above, introduction=())
    return (*evidence.sentences, *further.values())


def _read_by(selected: SelectedSentence) -> tuple[Sentence, ...]:
    is_row = selected.sentence.kind is SentenceKind.TABLE_ROW
    return selected.introduction if is_row else ()


def _numbers(claim: Claim, evidence: Evidence, places: Mapping[str, int]) -> tuple[int, ...]:
    """The citations of a claim: its evidence, and what its rows are read by."""
    used = [evidence.sentences[i] for i in claim.evidence]
    wanted = [*(s.sentence.id for s in used), *(a.id for s in used for a in _read_by(s))]
    return tuple(dict.fromkeys(places[i] for i in wanted))


def _citation(n: int, selected: SelectedSentence, *, caution: str) -> Citation:
    sentence, section, document = selected.sentence, selected.section, selected.document
    return Citation(
        n=n,
        document_id=document.id,
        document_title=document.title,
        source_file=document.file_at(sentence.start),
        section_id=section.id,
        section_number=section.cited_number,
        section_title=section.title,
        section_path=" > ".join(section.path),
        page=None,
        quote=sentence.text,
        start=sentence.start,
        end=sentence.end,
        kind=sentence.kind,
        is_note=document.is_note,
        date=document.date,
        caution=caution,
    )


def _context(selected: SelectedSentence) -> tuple[str, ...]:
    """Text that may lend names to a claim: headings, lead-ins, the document's title."""
    introduction = tuple(reading_form(s.text) for s in selected.introduction)
    return (selected.document.title, *selected.section.path, *introduction)


def _notice(evidence: Evidence) -> str:
    """The product's own words about an answer; they assert nothing about the subject."""
    if evidence.status is Status.PARTIAL:
        return f"The reports in the library hold nothing on this for {_joined(evidence.missing)}."
    return evidence.reason if not evidence.status.asserts_facts else ""


def _joined(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def _timed(answer: Answer, timings: Timings, started: float) -> Answer:
    total = time.perf_counter() - started
    return replace(answer, timings=replace(timings, total_s=total))
