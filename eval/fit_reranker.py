"""Train the reranker's adapter.

    python -m eval.fit_reranker --cases FOLDER_OF_CASES --reports FOLDER_OF_REPORTS

A low-rank adapter on the bundled embedding model learns to tell the sentences that a question needs
from those that selection confuses with them. Questions held out validate; the dev and test sets are
not read. Writes ``ragkit/rerank.safetensors``. About half an hour on two cores.
"""

import random
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from eval.low_rank import PairModel, Schedule
from eval.training import Asked, all_questions, fit_parser
from ragkit.config import Config
from ragkit.embed import SentenceTransformerEmbedder, find_model
from ragkit.index import Library
from ragkit.rerank import ADAPTER, MAX_TOKENS
from ragkit.select.features import reranker_text
from ragkit.types import SentenceKind, Status

SEED = 20
RATE = 1e-3
WARM_UP = 200  # questions
BATCH = 3  # questions between two steps
MOST_GOOD, MOST_HARD, MOST_EASY = 3, 4, 1  # texts of each kind that are read for a question
HARD = 24  # sentences near a question, of which the hard wrong ones are drawn
EASY = 4  # chunks that share its words
GOOD_WEIGHT = 3.0  # of an evidence sentence in the loss: there are fewer of them


@dataclass(frozen=True, slots=True)
class Pairs:
    """A question with its candidates."""

    question: str
    good: tuple[str, ...]
    hard: tuple[str, ...]  # wrong ones near the question in meaning, nearest first
    easy: tuple[str, ...]  # other wrong ones that share its words
    is_corrected: bool  # the right ones correct what the question takes for granted


def pairs_of(asked: Iterable[Asked]) -> Iterator[Pairs]:
    """The texts of each question: right ones, and those near it in meaning or in words."""
    for a in asked:
        query, library = a.query, a.bench.library
        vector = a.bench.retriever.embedder.embed([query.read_as])
        near = [h.key for h in library.sentence_store.search(vector, k=HARD)[0]]
        chunks = library.search_words(query.terms, k=EASY)
        alike = [i for h in chunks for i in library.chunks[h.key].sentence_ids]
        known = a.evidence | a.optional
        good = [i for i in a.evidence if library.sentences[i].kind is not SentenceKind.HEADING]
        if good or not a.is_answerable:
            yield Pairs(
                question=query.read_as,
                good=_texts(library, sorted(good)),
                hard=_texts(library, [i for i in near if i not in known]),
                easy=_texts(library, [i for i in alike if i not in known and i not in near]),
                is_corrected=a.status == Status.FALSE_PREMISE,
            )


def _texts(library: Library, ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(reranker_text(library, library.sentences[i]) for i in ids)


def loss_of(model: PairModel, pairs: Pairs, draw: random.Random) -> Tensor:
    """Each text for itself, and the right ones against the others (softmax over the list)."""
    good = draw.sample(pairs.good, min(MOST_GOOD, len(pairs.good)))
    hard = draw.sample(pairs.hard, min(MOST_HARD, len(pairs.hard)))
    easy = draw.sample(pairs.easy, min(MOST_EASY, len(pairs.easy)))
    texts = [*good, *hard, *easy]
    scores = model([pairs.question] * len(texts), texts).float()
    labels = torch.zeros_like(scores)
    labels[: len(good), 0] = 1
    labels[: len(good), 1] = float(pairs.is_corrected)
    loss = nn.functional.binary_cross_entropy_with_logits(
        scores, labels, pos_weight=torch.tensor([GOOD_WEIGHT, GOOD_WEIGHT])
    )
    if good:
        answers = scores[:, 0]
        loss = loss + torch.logsumexp(answers, 0) - torch.logsumexp(answers[: len(good)], 0)
    return loss


def train(model: PairModel, pairs: list[Pairs], *, epochs: int) -> Iterator[str]:
    """Train in place; yields a line now and then."""
    draw = random.Random(SEED)
    steps = epochs * len(pairs) // BATCH
    schedule = Schedule(model, rate=RATE, warm_up=WARM_UP // BATCH, steps=steps)
    done, started = 0, time.monotonic()
    model.train()
    for epoch in range(epochs):
        draw.shuffle(pairs)
        total = 0.0
        for n, one in enumerate(pairs, start=1):
            with torch.autocast("cpu", torch.bfloat16):
                loss = loss_of(model, one, draw)
            (loss / BATCH).backward()  # type: ignore[no-untyped-call]  # torch's
            total += loss.item()
            done += 1
            if done % BATCH == 0:
                schedule.step()
            if n % 100 == 0:
                spent = time.monotonic() - started
                yield f"epoch {epoch + 1} question {n}: loss {total / 100:.3f}, {spent:.0f} s"
                total = 0.0
    model.eval()


def validate(model: PairModel, pairs: Sequence[Pairs]) -> str:
    """How often a right sentence is ranked first and in the first three, of the best few."""
    first = third = n = 0
    for one in pairs:
        if not one.good:
            continue
        texts = [*one.good, *one.hard[:15]]
        with torch.inference_mode():
            scores = model([one.question] * len(texts), texts)[:, 0]
        order = torch.argsort(scores, descending=True).tolist()
        n += 1
        first += order[0] < len(one.good)
        third += any(i < len(one.good) for i in order[:3])
    return f"validation on {n} questions: right first {first / n:.3f}, in three {third / n:.3f}"


def main(argv: Sequence[str] | None = None) -> int:
    """Train, print, write."""
    from safetensors.torch import save_file

    parser = fit_parser("python -m eval.fit_reranker", str(__doc__), out=ADAPTER)
    parser.add_argument("--epochs", type=int, default=1)
    args = parser.parse_args(argv)
    torch.manual_seed(SEED)
    embedder = SentenceTransformerEmbedder(Config().embed)
    asked = all_questions(args.cases, args.reports, embedder, work=args.work)
    pairs = list(pairs_of(a for a in asked if not a.is_held_out))
    held = list(pairs_of(a for a in asked if a.is_held_out))
    model = PairModel(find_model(Config().embed), max_tokens=MAX_TOKENS, outputs=2)
    for line in train(model, pairs, epochs=args.epochs):
        sys.stderr.write(f"{line}\n")
    save_file(model.weights(), args.out)
    sys.stdout.write(f"{len(pairs)} questions, {args.epochs} epochs; {validate(model, held)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
