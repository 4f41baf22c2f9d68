"""Fit the weights of sentence selection and of abstention.

    python -m eval.fit --cases FOLDER_OF_CASES --reports FOLDER_OF_REPORTS

Sentences are fitted on the questions of `eval.training`; what rests on the embedder and the
reranker, which learnt from these, on those held out. Writes ``ragkit/select/weights.json`` and
prints what came out, the dev set's figures too, which nothing is fitted to; the test set is not
read.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_recall_curve, roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler

from eval.training import Asked, all_questions, dev_questions, fit_parser
from ragkit.config import Config
from ragkit.crossencoder import CrossEncoder
from ragkit.embed import SentenceTransformerEmbedder
from ragkit.linear import Linear
from ragkit.rerank import ADAPTER, MAX_TOKENS
from ragkit.select.choose import SelectConfig
from ragkit.select.features import (
    EVIDENCE_FEATURES,
    SENTENCE_FEATURES,
    Candidate,
    reranker_text,
)
from ragkit.select.scorer import DEFAULT_PATH, JOINED, ScorerFile
from ragkit.types import Reranker, Status

# Left free, a few hundred questions taught that an unknown name, or a word that no report holds,
# makes an answer likelier: near misses are written with the report's words.
_SIGNS: dict[str, tuple[float | None, float | None]] = {
    **dict.fromkeys(("best", "second", "mean_of_three", "best_similarity"), (0, None)),
    **dict.fromkeys(("cover", "cover_of_best", "subject_found"), (0, None)),
    **dict.fromkeys(("read_best", "read_second", "read_third"), (0, None)),
    **dict.fromkeys(
        ("rarest_uncovered", "unknown_terms", "unknown_names", "figure_lacking"), (None, 0)
    ),
}
_EVERY = 3  # of the questions held out, one in so many is asked of another library too
_PREMISE_PRECISION = 0.6  # of the false premises named, those that are
_FALSE_ABSTENTION = 0.05  # the threshold lets at most this share of answerable questions go


@dataclass(frozen=True, slots=True)
class Example:
    """One question with its candidates, and which of them are evidence."""

    asked: Asked
    candidates: tuple[Candidate, ...]
    labels: tuple[bool, ...]


def elsewhere(held: Sequence[Asked]) -> Iterator[Asked]:
    """Questions asked of a library that cannot answer them: extracts' of the reports, and back."""
    benches = list({id(a.bench): a.bench for a in held}.values())
    for a in held[::_EVERY]:
        other = next(b for b in benches if b is not a.bench)
        if a.is_answerable and not a.history:
            yield replace(a, bench=other, status="not_found", evidence=frozenset())


def example(asked: Asked) -> Example:
    """Ask a question and mark which of the candidates are evidence."""
    bench, query = asked.bench, asked.query
    candidates = bench.describer.candidates(query, bench.retriever.retrieve(query))
    labels = tuple(c.sentence.id in asked.evidence for c in candidates)
    return Example(asked, candidates, labels)


def fit_linear(x: NDArray[np.float64], y: NDArray[np.bool_], *, c: float) -> Linear:
    """A logistic regression with L2 penalty 1/c on standardised features, in plain weights."""
    scale = StandardScaler().fit(x)
    model = LogisticRegression(C=c, max_iter=4000).fit(scale.transform(x), y)
    weights = model.coef_[0] / scale.scale_
    bias = float(model.intercept_[0] - weights @ scale.mean_)
    return Linear(bias, tuple(float(w) for w in weights))


def fit_signed(x: NDArray[np.float64], y: NDArray[np.bool_], *, c: float) -> Linear:
    """Like `fit_linear`, with weights held to the sign that the feature's meaning demands.

    A few hundred questions do not outweigh sense: more evidence must never lower the chance that
    the collection answers, an unknown name must never raise it.
    """
    scale = StandardScaler().fit(x)
    z, sign = scale.transform(x), np.where(y, 1.0, -1.0)

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = sign * (z @ w[:-1] + w[-1])
        value = float(np.logaddexp(0, -margin).sum() + (w[:-1] @ w[:-1]) / (2 * c))
        slope = -sign / (1 + np.exp(np.clip(margin, -30, 30)))
        return value, np.append(z.T @ slope + w[:-1] / c, slope.sum())

    bounds = [_SIGNS.get(name, (None, None)) for name in EVIDENCE_FEATURES]
    start = np.zeros(x.shape[1] + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[*bounds, (None, None)])
    weights = found.x[:-1] / scale.scale_
    return Linear(float(found.x[-1] - weights @ scale.mean_), tuple(float(w) for w in weights))


def sentence_data(
    examples: Iterable[Example],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Features and labels of the candidates of all questions, one a row."""
    rows: list[tuple[float, ...]] = []
    labels: list[bool] = []
    for e in examples:
        rows += [c.features for c in e.candidates]
        labels += e.labels
    return np.asarray(rows), np.asarray(labels)


@dataclass(frozen=True, slots=True)
class Reread:
    """A question's best candidates by the sentence weights, with what the reranker says of them."""

    example: Example
    order: tuple[int, ...]
    rows: NDArray[np.float64]  # shape (n, 2): log-odds of the sentence weights and the reranker
    corrects: NDArray[np.float64]  # shape (n,): probability that one corrects the question

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
    library = example.asked.bench.library
    texts = [reranker_text(library, example.candidates[i].sentence) for i in order]
    read = reranker.scores(example.asked.query.read_as, texts)
    odds = np.log(chances[list(order)] / (1 - chances[list(order)]))
    corrects = 1 / (1 + np.exp(-read[:, 1]))
    return Reread(example, order, np.column_stack([odds, read[:, 0]]), corrects)


def evidence_data(
    found: Sequence[Reread], joined: Linear
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Evidence features of questions whose best candidates were read again, and if answerable."""
    rows = []
    for r in found:
        asked, chances = r.example.asked, joined.probability(r.rows.tolist()).tolist()
        scored = sorted(zip(chances, r.candidates, strict=True), key=lambda p: -p[0])
        read = r.rows[:, 1].tolist()
        rows.append(asked.bench.describer.describe_evidence(asked.query, scored, read))
    return np.asarray(rows), np.asarray([r.example.asked.is_answerable for r in found])


def threshold_for(
    chances: NDArray[np.float64], answerable: NDArray[np.bool_], *, false_abstention: float
) -> float:
    """The largest threshold that refuses at most this share of the answerable questions."""
    return float(np.quantile(chances[answerable], false_abstention))


def premise_threshold(found: Sequence[Reread], joined: Linear) -> tuple[float, str]:
    """The threshold for naming a false premise, and a line on it.

    Naming one where there is none misleads, so the threshold is the one of the highest recall that
    keeps the precision; where none does, none is ever named.

    What counts is the highest probability among the three best sentences.
    """
    chances, labels = [], []
    for r in found:
        best = np.argsort(-joined.probability(r.rows.tolist()))[:3]
        chances.append(float(r.corrects[best].max()))
        labels.append(r.example.asked.status == Status.FALSE_PREMISE)
    precise, recalled, at = precision_recall_curve(labels, chances)
    enough = [i for i, p in enumerate(precise[:-1]) if p >= _PREMISE_PRECISION]
    best_at = max(enough, key=lambda i: recalled[i], default=None)
    line = (
        f"false premise on held out: n={sum(labels)} of {len(labels)}, AUC "
        f"{roc_auc_score(labels, chances):.3f}, recall "
        f"{0 if best_at is None else recalled[best_at]:.3f} at precision {_PREMISE_PRECISION}"
    )
    return 2.0 if best_at is None else float(at[best_at]), line


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
    answerable = [r for r in found if r.example.asked.is_answerable]
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
    parser = fit_parser("python -m eval.fit", str(__doc__), out=DEFAULT_PATH)
    args = parser.parse_args(argv)
    embedder = SentenceTransformerEmbedder(Config().embed)
    asked = all_questions(args.cases, args.reports, embedder, work=args.work)
    bench = asked[-1].bench  # the reports
    held = [a for a in asked if a.is_held_out]
    lines = _fit_and_write(
        [example(a) for a in asked if not a.is_held_out],
        [example(a) for a in (*held, *elsewhere(held))],
        [example(a) for a in dev_questions(bench)],
        args.out,
    )
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def _fit_and_write(
    train: Sequence[Example], held: Sequence[Example], dev: Sequence[Example], out: Path
) -> list[str]:
    x, y = sentence_data(train)
    sentence = fit_linear(x, y, c=0.3)
    reranker = CrossEncoder(Config().embed, ADAPTER, max_tokens=MAX_TOKENS)
    found = [reread(e, sentence, reranker) for e in held]
    joined = fit_linear(
        np.concatenate([r.rows for r in found]), np.concatenate([r.labels for r in found]), c=1.0
    )
    found_in_dev = [reread(e, sentence, reranker) for e in dev]
    lines = []
    for name, some in (("held out", found), ("dev", found_in_dev)):
        lines.append(f"sentence weights on {name}: {ranking(some, None)}")
        lines.append(f"with the reranker on {name}: {ranking(some, joined)}")
    xe, ye = evidence_data(found, joined)
    crossed = np.zeros(len(ye))
    for kept, left in GroupKFold(10).split(xe, groups=[r.example.asked.group for r in found]):
        part = fit_signed(xe[kept], ye[kept], c=0.3)
        crossed[left] = part.probability(xe[left].tolist())
    evidence = fit_signed(xe, ye, c=0.3)
    threshold = threshold_for(crossed, ye, false_abstention=_FALSE_ABSTENTION)
    lines.append(report("abstention on held out, crossed", crossed, ye, threshold))
    xd, yd = evidence_data(found_in_dev, joined)
    lines.append(report("abstention on dev", evidence.probability(xd.tolist()), yd, threshold))
    premise, line = premise_threshold(found, joined)
    lines.append(line)
    for names, linear in (
        (SENTENCE_FEATURES, sentence),
        (JOINED, joined),
        (EVIDENCE_FEATURES, evidence),
    ):
        pairs = zip(names, linear.weights, strict=True)
        lines.append("weights: " + ", ".join(f"{n} {w:+.2f}" for n, w in pairs))
    file = ScorerFile(
        fitted_on=f"{len(train)} questions, {len(found)} held out for what rests on the reranker, "
        "by eval.fit; " + "; ".join(lines[:7]),
        sentence=sentence.file(SENTENCE_FEATURES),
        evidence=evidence.file(EVIDENCE_FEATURES),
        joined=joined.file(JOINED),
        answerable_threshold=round(threshold, 4),
        premise_threshold=round(premise, 4),
    )
    out.write_text(file.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return [*lines, f"threshold {threshold:.3f}, written to {out.name}"]


if __name__ == "__main__":
    sys.exit(main())
