"""What the fitted parts learn from: questions with their complete evidence.

Four sources. Synthetic extracts (``--cases``, invented) bring their own questions;
``sets/more-cases.jsonl`` asks more of the same extracts, in the words of people in a hurry.
``sets/fit.jsonl`` and ``sets/more-reports.jsonl`` ask about the reports; they were written without
sight of the dev and test sets, and what resembles a question of these is left out. Evidence in a
report is a section with patterns, or the digest of a sentence: no wording is kept.
"""

import argparse
import hashlib
import json
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from eval.questions import Gold, read_set, set_path
from ragkit.config import Config
from ragkit.embed import PassageEmbedder
from ragkit.gazetteer import Entity, Gazetteer, load_gazetteer
from ragkit.index import Library, open_library
from ragkit.ingest import ingest
from ragkit.question import Interpreter, Query
from ragkit.retrieve import HybridRetriever
from ragkit.select.features import Describer
from ragkit.types import Section, Sentence, Turn
from ragkit.words import fold

SETS = Path(__file__).parent / "sets"
FIT_SET = SETS / "fit.jsonl"
MORE_CASES = SETS / "more-cases.jsonl"
MORE_REPORTS = SETS / "more-reports.jsonl"
_HELD_LETTER = "g"  # these cases validate
_HELD_SHARE = 6  # of the questions of ``more-reports.jsonl`` every sixth validates
_TOO_LIKE = 0.9  # cosine to a question of the dev or test set from which a question is left out
# Places that no report describes: a question about one of them has no answer there.
_ELSEWHERE = (
    *("Norfolk", "Swindon", "Cumbria", "Oxfordshire", "Plymouth", "Lincolnshire", "Derby"),
    *("Rutland", "Coventry", "Shropshire", "Blackpool", "Devon", "Bedford", "Gwynedd"),
)


class FitQuestion(BaseModel):
    """A line of ``fit.jsonl``: evidence is what meets a pattern in a gold section."""

    model_config = ConfigDict(extra="forbid")

    id: str
    type: str
    question: str
    history: list[dict[str, str]]
    status: str
    gold: list[Gold]
    patterns: list[str]


class MoreQuestion(BaseModel):
    """A line of ``more-cases.jsonl`` or ``more-reports.jsonl``, or a case's own question."""

    model_config = ConfigDict(extra="forbid")

    id: str
    type: str
    question: str
    history: list[dict[str, str]] = []
    status: str
    document: str  # a case's or a report's id
    evidence: list[str]  # of a case ids of its sentences, of a report their digests
    optional: list[str]


@dataclass(frozen=True)
class Bench:
    """A library with what is needed to ask it questions."""

    retriever: HybridRetriever
    interpreter: Interpreter
    describer: Describer

    @property
    def library(self) -> Library:
        """The library asked."""
        return self.retriever.library

    @cached_property
    def by_digest(self) -> dict[str, tuple[str, ...]]:
        """Ids of the sentences of each digest; the same words may stand twice."""
        found: dict[str, tuple[str, ...]] = {}
        for sentence in self.library.sentences.values():
            key = digest(sentence)
            found[key] = (*found.get(key, ()), sentence.id)
        return found


@dataclass(frozen=True)
class Asked:
    """A question with its evidence as ids of sentences."""

    bench: Bench
    group: str
    question: str
    history: tuple[Turn, ...]
    status: str
    evidence: frozenset[str]
    optional: frozenset[str] = frozenset()  # neither right nor wrong
    is_held_out: bool = False  # validates, and fits what rests on a trained model

    @property
    def is_answerable(self) -> bool:
        """Whether there is something to show."""
        return self.status != "not_found"

    @cached_property
    def query(self) -> Query:
        """The question as understood."""
        return self.bench.interpreter.read(self.question, history=self.history)


def digest(sentence: Sentence) -> str:
    """Names a sentence of a document without its wording."""
    folded = " ".join(fold(sentence.text).split())
    return hashlib.sha256(f"{sentence.document_id}|{folded}".encode()).hexdigest()[:10]


def open_bench(files: Path, index: Path, gazetteer: Gazetteer, embedder: PassageEmbedder) -> Bench:
    """Ingest a folder and open it."""
    config = Config(index=str(index))
    ingest([files], config, embedder=embedder)
    library = open_library(index, embedder=embedder.model_id)
    gazetteer = gazetteer.with_aliases(library.abbreviations)
    retriever = HybridRetriever(library, embedder, gazetteer)
    documents = tuple(library.documents.values())
    interpreter = Interpreter(gazetteer, documents, library.vocabulary)
    return Bench(retriever, interpreter, Describer(retriever))


def case_questions(file: Path, work: Path, embedder: PassageEmbedder) -> Iterator[Asked]:
    """The questions of one file of cases, asked of all its extracts together."""
    cases = [json.loads(x) for x in file.read_text(encoding="utf-8").splitlines() if x.strip()]
    folder = work / file.stem
    folder.mkdir(parents=True, exist_ok=True)
    for case in cases:
        (folder / f"{case['id']}.md").write_text(case_to_markdown(case), encoding="utf-8")
    known = load_gazetteer()
    gazetteer = Gazetteer(tuple(_case_entities(cases)), known.synonyms)
    bench = open_bench(folder, work / f"{file.stem}.index", gazetteer, embedder)
    more = list(_read_more(MORE_CASES))
    is_held_out = file.stem.endswith(_HELD_LETTER)
    for case in cases:
        ids = _sentence_ids(case, bench.library)
        own = [_own_question(q, case["id"]) for q in case["questions"]]
        for q in (*own, *(m for m in more if m.document == case["id"])):
            yield _by_names(bench, q, ids, group=case["id"], is_held_out=is_held_out)


def report_questions(bench: Bench) -> Iterator[Asked]:
    """All that is asked of the reports for training, dev and test sets left alone."""
    kept = [q for q in _read_fit() if q.status != "out_of_scope"]
    for q in [*kept, *_moved(kept, bench.retriever.gazetteer)]:
        yield _by_patterns(bench, q)
    more = list(_read_more(MORE_REPORTS))
    for m, is_like in zip(more, _resemble(bench, [m.question for m in more]), strict=True):
        if not is_like:
            is_held_out = int(m.id.rpartition("-")[2]) % _HELD_SHARE == 0
            yield _by_names(bench, m, bench.by_digest, group=m.id, is_held_out=is_held_out)


def fit_parser(prog: str, description: str, *, out: Path) -> argparse.ArgumentParser:
    """What every command that learns is given."""
    parser = argparse.ArgumentParser(prog=prog, description=description)
    parser.add_argument("--cases", type=Path, required=True, help="folder of cases-?.jsonl")
    parser.add_argument("--reports", type=Path, required=True, help="folder of the reports")
    parser.add_argument("--out", type=Path, default=out)
    parser.add_argument("--work", type=Path, help="keep the indexes here for the next run")
    return parser


def all_questions(
    cases: Path, reports: Path, embedder: PassageEmbedder, *, work: Path | None
) -> list[Asked]:
    """The questions on every file of cases and on the reports; indexes are kept in `work`."""
    work = work or Path(tempfile.mkdtemp())
    asked = [
        a
        for file in sorted(cases.glob("cases-?.jsonl"))
        for a in case_questions(file, work, embedder)
    ]
    bench = open_bench(reports, work / "reports.index", load_gazetteer(), embedder)
    return [*asked, *report_questions(bench)]


def dev_questions(bench: Bench) -> Iterator[Asked]:
    """The dev set: sentences of its gold places that meet a pattern of a vital nugget."""
    for q in read_set(set_path("dev")):
        if q.status != "out_of_scope":
            yield _by_patterns(
                bench,
                FitQuestion(
                    id=q.id,
                    type=q.type,
                    question=q.question,
                    history=[{"role": t.role, "content": t.content} for t in q.history],
                    status=q.status,
                    gold=list(q.places),
                    patterns=[p for n in q.vital for p in n.patterns],
                ),
            )


def case_to_markdown(case: dict[str, object]) -> str:
    """A synthetic extract as a Markdown note with front matter."""
    document = case["document"]
    assert isinstance(document, dict)
    head = {"id": str(case["id"]), "title": document["title"], "kind": "report"}
    lines = ["---", *(f"{k}: {json.dumps(v)}" for k, v in head.items()), "---", ""]
    chapter = ""
    for section in case["sections"]:  # type: ignore[attr-defined]  # a list in the format
        if section["path"] and section["path"] != chapter:
            chapter = section["path"]
            lines += [f"# {chapter}", ""]
        lines += [f"## {section['number']} {section['title']}".replace("##  ", "## "), ""]
        for sentence in section["sentences"]:
            bullet = "- " if sentence["kind"] == "bullet" else ""
            lines += [bullet + " ".join(sentence["text"].split())]
            lines += [] if bullet else [""]
        lines.append("")
    return "\n".join(lines) + "\n"


def _case_entities(cases: Sequence[dict[str, object]]) -> Iterator[Entity]:
    """Invented places: capitalised words of headings that no text writes small."""
    text = " ".join(json.dumps(c, ensure_ascii=False) for c in cases)
    small = set(re.findall(r"\b[a-z]{3,}\b", text))
    seen: set[str] = set()
    for case in cases:
        for section in case["sections"]:  # type: ignore[attr-defined]  # a list in the format
            label = f"{section['path']} . {section['title']}"
            for name in re.findall(r"\b[A-Z][a-z]{3,}(?: [A-Z][a-z]{3,})*", label):
                if not any(w.lower() in small for w in name.split()) and name not in seen:
                    seen.add(name)
                    yield Entity(name.lower(), "place", name)


def _sentence_ids(case: dict[str, object], library: Library) -> dict[str, tuple[str, ...]]:
    """Our sentences inside each sentence of a case."""
    text = library.documents[str(case["id"])].text
    ours = [s for s in library.sentences.values() if s.document_id == case["id"]]
    found = {}
    for section in case["sections"]:  # type: ignore[attr-defined]  # a list in the format
        for sentence in section["sentences"]:
            wanted = " ".join(sentence["text"].split())
            start = text.find(wanted)
            end = start + len(wanted)
            inside = (s.id for s in ours if start >= 0 and s.start < end and start < s.end)
            found[sentence["id"]] = tuple(inside)
    return found


def _all_of(names: Iterable[str], ids: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    return frozenset(i for name in names for i in ids.get(name, ()))


def _read_fit() -> list[FitQuestion]:
    lines = FIT_SET.read_text(encoding="utf-8").splitlines()
    return [FitQuestion.model_validate_json(x) for x in lines]


def _read_more(path: Path) -> Iterator[MoreQuestion]:
    for line in path.read_text(encoding="utf-8").splitlines():
        yield MoreQuestion.model_validate_json(line)


def _resemble(bench: Bench, questions: Sequence[str]) -> list[bool]:
    """Whether each question says nearly the same as one of the dev or test set."""
    held = [q.question for name in ("dev", "test") for q in read_set(set_path(name))]
    embed = bench.retriever.embedder.embed
    if not questions:
        return []
    nearest = np.max(embed(questions) @ embed(held).T, axis=1)
    return [bool(n > _TOO_LIKE) for n in nearest]


def _own_question(question: Mapping[str, Any], case: str) -> MoreQuestion:
    kept = {k: v for k, v in question.items() if k != "answer"}
    return MoreQuestion.model_validate({**kept, "document": case})


def _by_names(
    bench: Bench,
    question: MoreQuestion,
    ids: Mapping[str, tuple[str, ...]],
    *,
    group: str,
    is_held_out: bool,
) -> Asked:
    """A question whose evidence is named; `ids` are our sentences under each name."""
    return Asked(
        bench,
        group=group,
        question=question.question,
        history=_turns(question.history),
        status=question.status,
        evidence=_all_of(question.evidence, ids),
        optional=_all_of(question.optional, ids),
        is_held_out=is_held_out,
    )


def _turns(history: Iterable[Mapping[str, str]]) -> tuple[Turn, ...]:
    return tuple(Turn(h["role"], h["content"]) for h in history)


def _by_patterns(bench: Bench, question: FitQuestion) -> Asked:
    patterns = [re.compile(p, re.IGNORECASE) for p in question.patterns]
    sections = [
        s.id
        for s in bench.library.sections.values()
        if any(_is_gold(s, gold) for gold in question.gold)
    ]
    return Asked(
        bench,
        group=question.id,
        question=question.question,
        history=_turns(question.history),
        status=question.status,
        evidence=frozenset(
            s.id
            for section in sections
            for s in bench.library.section_sentences(section)
            if any(p.search(s.text) for p in patterns)
        ),
    )


def _is_gold(section: Section, gold: Gold) -> bool:
    return gold.is_section(section.document_id, section.cited_number, section.title)


def _moved(questions: Sequence[FitQuestion], gazetteer: Gazetteer) -> Iterator[FitQuestion]:
    """Answerable questions asked of a place that no report describes: these have no answer."""
    for n, q in enumerate(questions):
        names = sorted((x for e in gazetteer.entities for x in e.names), key=len, reverse=True)
        named = next((x for x in names if re.search(rf"\b{re.escape(x)}\b", q.question, re.I)), "")
        if q.status in ("answered", "conflict") and not q.history and named and n % 2:
            place = _ELSEWHERE[n % len(_ELSEWHERE)]
            place = place.lower() if n % 3 else place
            moved = re.sub(rf"\b{re.escape(named)}\b", place, q.question, flags=re.I)
            left = gazetteer.find(moved)
            if not left:
                yield q.model_copy(
                    update={"question": moved, "status": "not_found", "gold": [], "patterns": []}
                )
