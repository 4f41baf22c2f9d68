"""Fit the weights of sentence selection and of abstention.

    python -m eval.fit --cases FOLDER_OF_CASES --reports FOLDER_OF_REPORTS

Sentences are fitted on synthetic extracts (letters a-f) and on ``eval/sets/fit.jsonl``, questions
on the reports written for this purpose; the decision to answer on those and the dev set. What rests
on the reranker, which was trained on the former, is fitted on extracts g and the dev set. Writes
``ragkit/select/weights.json`` and prints what came out; the test set is not read.
"""

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler

from eval.questions import Gold, read_set, set_path
from ragkit.config import Config
from ragkit.embed import PassageEmbedder, SentenceTransformerEmbedder
from ragkit.gazetteer import Entity, Gazetteer, load_gazetteer
from ragkit.index import open_library
from ragkit.ingest import ingest
from ragkit.question import Interpreter
from ragkit.rerank import CrossEncoder, candidate_text
from ragkit.retrieve import HybridRetriever
from ragkit.select.choose import SelectConfig
from ragkit.select.features import EVIDENCE_FEATURES, SENTENCE_FEATURES, Candidate, Describer
from ragkit.select.scorer import DEFAULT_PATH, JOINED, Linear, LinearFile, ScorerFile
from ragkit.types import Reranker, Turn

FIT_SET = Path(__file__).parent / "sets" / "fit.jsonl"
_SIGNS: dict[str, tuple[float | None, float | None]] = {
    **dict.fromkeys(("best", "second", "mean_of_three", "best_similarity"), (0, None)),
    **dict.fromkeys(("cover", "cover_of_best", "subject_found"), (0, None)),
    **dict.fromkeys(
        ("rarest_uncovered", "unknown_terms", "unknown_names", "figure_lacking"), (None, 0)
    ),
}
# Places that no report describes: a question about one of them has no answer there.
_ELSEWHERE = (
    *("Norfolk", "Swindon", "Cumbria", "Oxfordshire", "Plymouth", "Lincolnshire", "Derby"),
    *("Rutland", "Coventry", "Shropshire", "Blackpool", "Devon", "Bedford", "Gwynedd"),
)
_OWN_WEIGHT = 4.0  # of a question on real reports against a synthetic one, for abstention
_FALSE_ABSTENTION = 0.08  # the threshold lets at most this share of answerable questions go


class FitQuestion(BaseModel):
    """A line of ``fit.jsonl``."""

    model_config = ConfigDict(extra="forbid")

    id: str
    type: str
    question: str
    history: list[dict[str, str]]
    status: str
    gold: list[Gold]
    patterns: list[str]


@dataclass(frozen=True, slots=True)
class Example:
    """One question with its candidates, which of them are evidence, and whether it is answered."""

    group: str
    read_as: str
    candidates: tuple[Candidate, ...]
    labels: tuple[bool, ...]
    answerable: bool
    describe: "DescribeEvidence"


@dataclass(frozen=True, slots=True)
class DescribeEvidence:
    """The evidence features of one question, once sentence scores are known."""

    describer: Describer
    interpreter: Interpreter
    question: str
    history: tuple[Turn, ...]

    def __call__(
        self, scores: NDArray[np.float64], candidates: Sequence[Candidate]
    ) -> tuple[float, ...]:
        """Features in the order of EVIDENCE_FEATURES."""
        order = sorted(zip(scores.tolist(), candidates, strict=True), key=lambda p: -p[0])
        query = self.interpreter.read(self.question, history=self.history)
        return self.describer.describe_evidence(query, order)


@dataclass(frozen=True, slots=True)
class Bench:
    """A library with what is needed to ask it questions."""

    retriever: HybridRetriever
    interpreter: Interpreter
    describer: Describer


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


def case_examples(file: Path, work: Path, embedder: PassageEmbedder) -> Iterator[Example]:
    """The questions of one file of cases, asked of all its extracts together."""
    cases = [json.loads(x) for x in file.read_text(encoding="utf-8").splitlines() if x.strip()]
    folder = work / file.stem
    folder.mkdir(parents=True, exist_ok=True)
    for case in cases:
        (folder / f"{case['id']}.md").write_text(case_to_markdown(case), encoding="utf-8")
    known = load_gazetteer()
    gazetteer = Gazetteer(tuple(_case_entities(cases)), known.synonyms)
    bench = open_bench(folder, work / f"{file.stem}.index", gazetteer, embedder)
    for case in cases:
        text = bench.retriever.library.documents[case["id"]].text
        spans = {
            s["id"]: _span(text, " ".join(s["text"].split()))
            for section in case["sections"]
            for s in section["sentences"]
        }
        for q in case["questions"]:
            gold = [spans[i] for i in q["evidence"]]
            history = tuple(Turn(h["role"], h["content"]) for h in q["history"])
            yield _example(
                bench,
                group=case["id"],
                question=q["question"],
                history=history,
                answerable=q["status"] != "not_found",
                is_gold=lambda c, d=case["id"], g=gold: (  # type: ignore[misc]  # bound now, not later
                    c.sentence.document_id == d
                    and any(a < c.sentence.end and c.sentence.start < b for a, b in g)
                ),
            )


def _span(text: str, wanted: str) -> tuple[int, int]:
    start = text.find(wanted)
    return (start, start + len(wanted)) if start >= 0 else (-1, -1)


def own_questions(gazetteer: Gazetteer) -> list[FitQuestion]:
    """The questions of ``fit.jsonl``, and some of them moved to places that no report describes."""
    lines = FIT_SET.read_text(encoding="utf-8").splitlines()
    questions = [FitQuestion.model_validate_json(x) for x in lines]
    return [*questions, *_moved(questions, gazetteer)]


def dev_questions() -> Iterator[FitQuestion]:
    """The dev set in the form of ``fit.jsonl``: its vital nuggets are the patterns."""
    for q in read_set(set_path("dev")):
        yield FitQuestion(
            id=q.id,
            type=q.type,
            question=q.question,
            history=[{"role": t.role, "content": t.content} for t in q.history],
            status=q.status,
            gold=list(q.places),
            patterns=[p for n in q.vital for p in n.patterns],
        )


def report_examples(bench: Bench, questions: Iterable[FitQuestion]) -> Iterator[Example]:
    """Questions on the reports; a gold section's sentence that meets a pattern counts."""
    for q in questions:
        if q.status == "out_of_scope":
            continue
        patterns = [re.compile(p, re.IGNORECASE) for p in q.patterns]
        yield _example(
            bench,
            group=q.id,
            question=q.question,
            history=tuple(Turn(h["role"], h["content"]) for h in q.history),
            answerable=q.status != "not_found",
            is_gold=lambda c, q=q, p=patterns: (  # type: ignore[misc]  # bound now, not later
                any(_in_gold(c, g) for g in q.gold) and any(x.search(c.sentence.text) for x in p)
            ),
        )


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


def _in_gold(candidate: Candidate, gold: Gold) -> bool:
    section = candidate.section
    return gold.is_section(section.document_id, section.cited_number, section.title)


def _example(
    bench: Bench,
    *,
    group: str,
    question: str,
    history: tuple[Turn, ...],
    answerable: bool,
    is_gold: Callable[[Candidate], bool],
) -> Example:
    query = bench.interpreter.read(question, history=history)
    retrieved = bench.retriever.retrieve(query)
    candidates = bench.describer.candidates(query, retrieved)
    describe = DescribeEvidence(bench.describer, bench.interpreter, question, history)
    labels = tuple(bool(is_gold(c)) for c in candidates)
    return Example(group, query.read_as, candidates, labels, answerable, describe)


def fit_linear(x: NDArray[np.float64], y: NDArray[np.bool_], *, c: float) -> Linear:
    """A logistic regression with L2 penalty 1/c on standardised features, in plain weights."""
    scale = StandardScaler().fit(x)
    model = LogisticRegression(C=c, max_iter=4000).fit(scale.transform(x), y)
    weights = model.coef_[0] / scale.scale_
    bias = float(model.intercept_[0] - weights @ scale.mean_)
    return Linear(bias, tuple(float(w) for w in weights))


def fit_signed(
    x: NDArray[np.float64], y: NDArray[np.bool_], weight: NDArray[np.float64], *, c: float
) -> Linear:
    """Like `fit_linear`, with weights held to the sign that the feature's meaning demands.

    A few hundred questions do not outweigh sense: more evidence must never lower the chance that
    the collection answers, an unknown name must never raise it.
    """
    scale = StandardScaler().fit(x)
    z, sign = scale.transform(x), np.where(y, 1.0, -1.0)

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = sign * (z @ w[:-1] + w[-1])
        value = float(weight @ np.logaddexp(0, -margin) + (w[:-1] @ w[:-1]) / (2 * c))
        slope = -sign * weight / (1 + np.exp(np.clip(margin, -30, 30)))
        return value, np.append(z.T @ slope + w[:-1] / c, slope.sum())

    bounds = [_SIGNS.get(name, (None, None)) for name in EVIDENCE_FEATURES]
    start = np.zeros(x.shape[1] + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[*bounds, (None, None)])
    weights = found.x[:-1] / scale.scale_
    return Linear(float(found.x[-1] - weights @ scale.mean_), tuple(float(w) for w in weights))


def sentence_data(
    examples: Iterable[Example],
) -> tuple[NDArray[np.float64], NDArray[np.bool_], list[str]]:
    """Rows, labels and groups of all candidates of answerable questions, and of the others."""
    rows: list[tuple[float, ...]] = []
    labels: list[bool] = []
    groups: list[str] = []
    for e in examples:
        rows += [c.features for c in e.candidates]
        labels += e.labels
        groups += [e.group] * len(e.labels)
    return np.asarray(rows), np.asarray(labels), groups


@dataclass(frozen=True, slots=True)
class Reread:
    """A question's best candidates by the sentence weights, with what the reranker says of them."""

    example: Example
    order: tuple[int, ...]
    rows: NDArray[np.float64]  # shape (n, 2): log-odds of the sentence weights and the reranker

    @property
    def labels(self) -> NDArray[np.bool_]:
        """Which of them are evidence."""
        return np.asarray([self.example.labels[i] for i in self.order], dtype=np.bool_)

    @property
    def candidates(self) -> list[Candidate]:
        """The candidates in this order."""
        return [self.example.candidates[i] for i in self.order]


def reread(example: Example, sentence: Linear, reranker: Reranker) -> Reread:
    """Hand the best candidates to the reranker, as selection does."""
    chances = sentence.probability([c.features for c in example.candidates])
    order = tuple(int(i) for i in np.argsort(-chances)[: SelectConfig().reranked])
    best = [example.candidates[i] for i in order]
    texts = [candidate_text(c.section, c.introduction, c.sentence) for c in best]
    read = reranker.scores(example.read_as, texts)
    odds = np.log(chances[list(order)] / (1 - chances[list(order)]))
    return Reread(example, order, np.column_stack([odds, read]))


def evidence_data(
    examples: Sequence[Example], sentence: Linear
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Evidence features of every question under given sentence weights."""
    rows = []
    for e in examples:
        scores = sentence.probability([c.features for c in e.candidates])
        rows.append(e.describe(scores, e.candidates))
    return np.asarray(rows), np.asarray([e.answerable for e in examples])


def threshold_for(
    chances: NDArray[np.float64], answerable: NDArray[np.bool_], *, false_abstention: float
) -> float:
    """The largest threshold that refuses at most this share of the answerable questions."""
    return float(np.quantile(chances[answerable], false_abstention))


def report(name: str, chances: NDArray[np.float64], y: NDArray[np.bool_], threshold: float) -> str:
    """One line of figures on the decision to answer."""
    refused = chances < threshold
    return (
        f"{name}: n={len(y)} AUC={roc_auc_score(y, chances):.3f} "
        f"abstention recall={refused[~y].mean():.3f} false abstention={refused[y].mean():.3f}"
    )


def ranking(found: Sequence[Reread], linear: Linear | None) -> str:
    """How well sentences are ranked: evidence among the best one, three and five, and at all.

    Args:
        found: questions with their best candidates.
        linear: joins the columns of their rows; None ranks by the sentence weights alone.
    """
    answerable = [r for r in found if r.example.answerable]
    hits = {1: 0, 3: 0, 5: 0}
    for r in answerable:
        scores = linear.probability(r.rows.tolist()) if linear else r.rows[:, 0]
        labels = r.labels[np.argsort(-scores, kind="stable")]
        for k in hits:
            hits[k] += bool(labels[:k].any())
    n = len(answerable)
    reached = sum(any(r.example.labels) for r in answerable)
    shares = ", ".join(f"in {k} {hit / n:.3f}" for k, hit in hits.items())
    return f"n={n} evidence reached {reached / n:.3f}, {shares}"


def main(argv: Sequence[str] | None = None) -> int:
    """Fit, print, write."""
    parser = argparse.ArgumentParser(prog="python -m eval.fit", description=__doc__)
    parser.add_argument("--cases", type=Path, required=True, help="folder of cases-?.jsonl")
    parser.add_argument("--reports", type=Path, required=True, help="folder of the reports")
    parser.add_argument("--out", type=Path, default=DEFAULT_PATH)
    parser.add_argument("--work", type=Path, help="keep the indexes here for the next run")
    args = parser.parse_args(argv)
    work = args.work or Path(tempfile.mkdtemp())
    embedder = SentenceTransformerEmbedder(Config().embed)
    by_file = {
        f.stem[-1]: list(case_examples(f, work, embedder))
        for f in sorted(args.cases.glob("cases-?.jsonl"))
    }
    bench = open_bench(args.reports, work / "reports.index", load_gazetteer(), embedder)
    own = list(report_examples(bench, own_questions(bench.retriever.gazetteer)))
    cases = [e for k, es in by_file.items() if k != "g" for e in es]
    dev = list(report_examples(bench, dev_questions()))
    lines = _fit_and_write(cases, own, dev, by_file.get("g", []), args.out)
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def _fit_and_write(
    cases: Sequence[Example],
    own: Sequence[Example],
    dev: Sequence[Example],
    held: Sequence[Example],
    out: Path,
) -> list[str]:
    train = [*cases, *own]
    x, y, groups = sentence_data(train)
    sentence = fit_linear(x, y, c=0.3)
    reranker = CrossEncoder(Config().embed)
    found = [reread(e, sentence, reranker) for e in (*held, *dev)]
    rows = np.concatenate([r.rows for r in found])
    joined = fit_linear(rows, np.concatenate([r.labels for r in found]), c=1.0)
    lines = []
    for name, some in (("cases g", found[: len(held)]), ("dev", found[len(held) :])):
        lines.append(f"sentence weights on {name}: {ranking(some, None)}")
        lines.append(f"with the reranker on {name}: {ranking(some, joined)}")
    asked = [*train, *dev]
    xe, ye = evidence_data(asked, sentence)
    is_own = np.asarray([False] * len(cases) + [True] * (len(own) + len(dev)))
    weight = np.where(is_own, _OWN_WEIGHT, 1.0)
    crossed = np.zeros(len(ye))
    for kept, left in GroupKFold(5).split(xe, groups=[e.group for e in asked]):
        part = fit_signed(xe[kept], ye[kept], weight[kept], c=0.3)
        crossed[left] = part.probability(xe[left].tolist())
    evidence = fit_signed(xe, ye, weight, c=0.3)
    is_dev = np.asarray([False] * len(train) + [True] * len(dev))
    threshold = threshold_for(crossed[is_own], ye[is_own], false_abstention=_FALSE_ABSTENTION)
    for name, mask in (("dev", is_dev), ("own", is_own & ~is_dev)):
        lines.append(report(f"abstention on {name}, crossed", crossed[mask], ye[mask], threshold))
    xg, yg = evidence_data(held, sentence)
    lines.append(report("abstention on cases g", evidence.probability(xg.tolist()), yg, threshold))
    for names, linear in (
        (SENTENCE_FEATURES, sentence),
        (JOINED, joined),
        (EVIDENCE_FEATURES, evidence),
    ):
        pairs = zip(names, linear.weights, strict=True)
        lines.append("weights: " + ", ".join(f"{n} {w:+.2f}" for n, w in pairs))
    file = ScorerFile(
        fitted_on=f"{len(train)} questions, {len(found)} for what rests on the reranker, by "
        "eval.fit; " + "; ".join(lines[:7]),
        sentence=_file(sentence, SENTENCE_FEATURES),
        evidence=_file(evidence, EVIDENCE_FEATURES),
        joined=_file(joined, JOINED),
        answerable_threshold=round(threshold, 4),
    )
    out.write_text(file.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return [*lines, f"{len(set(groups))} groups, threshold {threshold:.3f}, written to {out.name}"]


def _file(linear: Linear, names: Sequence[str]) -> LinearFile:
    weights = {n: round(w, 4) for n, w in zip(names, linear.weights, strict=True)}
    return LinearFile(bias=round(linear.bias, 4), weights=weights)


if __name__ == "__main__":
    sys.exit(main())
