"""Train the embedder's adapter.

    python -m eval.fit_embedder --cases FOLDER_OF_CASES --reports FOLDER_OF_REPORTS

A low-rank adapter on the bundled embedding model learns to bring a question near the sentences that
answer it, in the words of people who have not read the report. Sentences are embedded as ingestion
embeds them, inside their chunk; every other sentence of a batch is a wrong answer (InfoNCE, van den
Oord et al. 2018), and a batch holds whole extracts, so that the wrong ones are near. Questions held
out validate; the dev and test sets are not read. Writes ``ragkit/embed.safetensors``.
"""

import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer

from eval.low_rank import Schedule, attach, weights_of
from eval.training import Asked, Bench, all_questions, fit_parser
from ragkit.crossencoder import pooled
from ragkit.embed import ADAPTER, EmbedConfig, SentenceTransformerEmbedder, find_model
from ragkit.index import Passage, passage_of

SEED = 20
RATE = 6e-4
WARM_UP = 20  # batches
TEMPERATURE = 0.05
MOST_CHUNKS = 28  # of a batch
MAX_TOKENS = 256  # of a chunk


@dataclass(frozen=True, slots=True)
class Item:
    """A question, the chunks that hold its evidence, and which sentences are right or neither."""

    question: str
    chunks: frozenset[str]
    evidence: frozenset[str]
    optional: frozenset[str]
    is_held_out: bool


@dataclass(frozen=True, slots=True)
class Pool:
    """The questions of one library, and its chunks as they are embedded."""

    items: tuple[Item, ...]
    passages: dict[str, Passage]
    sentences: dict[str, tuple[str, ...]]  # of each chunk


class Model(nn.Module):
    """The encoder with its adapters."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self.encoder = AutoModel.from_pretrained(folder, local_files_only=True)
        self.adapters = attach(self.encoder)

    def questions(self, texts: Sequence[str]) -> Tensor:
        """Normalised vectors of questions, shape (n, dimension)."""
        encoded = self.tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
        tokens = self.encoder(**encoded).last_hidden_state
        return nn.functional.normalize(pooled(tokens, encoded["attention_mask"]), dim=-1)

    def sentences(self, passages: Sequence[Passage]) -> Tensor:
        """Normalised vectors of all sentences of the passages in their order."""
        encoded = self.tokenizer(
            [p.text for p in passages],
            padding=True,
            truncation=True,
            max_length=MAX_TOKENS,
            return_offsets_mapping=True,
            return_tensors="pt",
        )
        offsets = encoded.pop("offset_mapping")
        tokens = self.encoder(**encoded).last_hidden_state
        rows = []
        for n, passage in enumerate(passages):
            first, last = offsets[n, :, 0], offsets[n, :, 1]
            own = encoded["attention_mask"][n].bool()
            for start, end in passage.parts:
                inside = own & (first >= start) & (last <= end) & (first < last)
                rows.append(tokens[n][inside if inside.any() else own].mean(0))
        return nn.functional.normalize(torch.stack(rows), dim=-1)


def pool_of(bench: Bench, asked: Sequence[Asked]) -> Pool:
    """What can be learnt from one library."""
    chunk_of = {i: c.id for c in bench.library.chunks.values() for i in c.sentence_ids}
    items = []
    for a in asked:
        chunks = frozenset(chunk_of[i] for i in a.evidence if i in chunk_of)
        if a.is_answerable and chunks:
            items.append(Item(a.query.read_as, chunks, a.evidence, a.optional, a.is_held_out))
    spans = {s.id: (s.start, s.end) for s in bench.library.sentences.values()}
    return Pool(
        tuple(items),
        {
            c.id: passage_of(c, [spans[i] for i in c.sentence_ids])
            for c in bench.library.chunks.values()
        },
        {c.id: c.sentence_ids for c in bench.library.chunks.values()},
    )


def batches(pools: Sequence[Pool], draw: random.Random) -> list[tuple[Pool, list[Item]]]:
    """Questions of one library whose evidence fits into a batch of chunks, all once an epoch.

    Questions are taken along the text with a random start, so that neighbours share chunks.
    """
    made: list[tuple[Pool, list[Item]]] = []
    for pool in pools:
        order = {c: n for n, c in enumerate(pool.passages)}
        learnt = [i for i in pool.items if not i.is_held_out]
        items = sorted(learnt, key=lambda i: (min(order[c] for c in i.chunks), draw.random()))
        if not items:
            continue
        cut = draw.randrange(len(items))
        current: list[Item] = []
        chunks: set[str] = set()
        for item in [*items[cut:], *items[:cut]]:
            if current and len(chunks | item.chunks) > MOST_CHUNKS:
                made.append((pool, current))
                current, chunks = [], set()
            current.append(item)
            chunks |= item.chunks
        made.append((pool, current))
    draw.shuffle(made)
    return made


def loss_of(model: Model, pool: Pool, items: Sequence[Item], draw: random.Random) -> Tensor:
    """Each right sentence against all wrong ones of the batch."""
    chunks = sorted({c for i in items for c in i.chunks})
    free = MOST_CHUNKS - len(chunks)
    others = sorted(set(pool.passages) - set(chunks))
    chunks += draw.sample(others, min(max(0, free), len(others)))
    ids = [i for c in chunks for i in pool.sentences[c]]
    vectors = model.sentences([pool.passages[c] for c in chunks])
    scores = model.questions([i.question for i in items]) @ vectors.T / TEMPERATURE
    right = torch.tensor([[s in i.evidence for s in ids] for i in items])
    skip = torch.tensor([[s in i.optional for s in ids] for i in items])
    wrong = torch.logsumexp(scores.masked_fill(right | skip, -1e9), dim=1, keepdim=True)
    each = nn.functional.softplus(wrong - scores)
    return ((each * right).sum(1) / right.sum(1)).mean()


def train(model: Model, pools: Sequence[Pool], *, epochs: int) -> Iterator[str]:
    """Train in place; yields a line an epoch."""
    draw = random.Random(SEED)
    steps, started = epochs * len(batches(pools, random.Random(SEED))), time.monotonic()
    schedule = Schedule(model, rate=RATE, warm_up=WARM_UP, steps=steps)
    model.train()
    for epoch in range(epochs):
        losses = []
        for pool, items in batches(pools, draw):
            with torch.autocast("cpu", torch.bfloat16):
                loss = loss_of(model, pool, items, draw)
            loss.backward()  # type: ignore[no-untyped-call]  # torch's
            schedule.step()
            losses.append(loss.item())
        spent = time.monotonic() - started
        yield f"epoch {epoch + 1}: {len(losses)} batches, loss {np.mean(losses):.3f}, {spent:.0f} s"
    model.eval()


def validate(model: Model, pools: Sequence[Pool]) -> str:
    """Where the first right sentence of a held out question is ranked in its library."""
    ranks = [r for pool in pools for r in _ranks(model, pool)]
    found = np.asarray(ranks)
    shares = ", ".join(f"in {k} {(found < k).mean():.3f}" for k in (1, 3, 10, 40))
    return f"held out n={len(found)} MRR {(1 / (found + 1)).mean():.3f}, {shares}"


def _ranks(model: Model, pool: Pool) -> Iterator[int]:
    held = [i for i in pool.items if i.is_held_out]
    if not held:
        return
    keys = list(pool.passages)
    ids = [i for k in keys for i in pool.sentences[k]]
    with torch.inference_mode():
        some = [keys[i : i + 16] for i in range(0, len(keys), 16)]
        vectors = torch.cat([model.sentences([pool.passages[k] for k in ks]) for ks in some])
        for item in held:
            scores = (model.questions([item.question]) @ vectors.T)[0]
            order = torch.argsort(scores, descending=True).tolist()
            yield next(n for n, row in enumerate(order) if ids[row] in item.evidence)


def main(argv: Sequence[str] | None = None) -> int:
    """Train, print, write."""
    from safetensors.torch import save_file

    parser = fit_parser("python -m eval.fit_embedder", str(__doc__), out=ADAPTER)
    parser.add_argument("--epochs", type=int, default=4)
    args = parser.parse_args(argv)
    torch.manual_seed(SEED)
    config = EmbedConfig(is_adapted=False)
    embedder = SentenceTransformerEmbedder(config)
    by_bench: dict[int, list[Asked]] = {}
    for asked in all_questions(args.cases, args.reports, embedder, work=args.work):
        by_bench.setdefault(id(asked.bench), []).append(asked)
    pools = [pool_of(some[0].bench, some) for some in by_bench.values()]
    model = Model(find_model(config))
    sys.stderr.write(f"before: {validate(model, pools)}\n")
    for line in train(model, pools, epochs=args.epochs):
        sys.stderr.write(f"{line}; {validate(model, pools)}\n")
    save_file(weights_of(model.adapters), args.out)
    n = sum(not i.is_held_out for p in pools for i in p.items)
    sys.stdout.write(f"{n} questions, {args.epochs} epochs; {validate(model, pools)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
