"""Train the reranker's adapter.

    python -m eval.fit_reranker --cases FOLDER_OF_CASES --reports FOLDER_OF_REPORTS

A low-rank adapter on the bundled embedding model learns to tell the sentences that a question needs
from those that selection confuses with them. Trained on synthetic extracts (letters a-f) and on
``eval/sets/fit.jsonl``; extracts g validate, the dev and test sets are not read. Writes
``ragkit/rerank.safetensors``. About half an hour on two cores.
"""

import argparse
import math
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer

from eval.fit import Example, case_examples, open_bench, own_questions, report_examples
from ragkit.config import Config
from ragkit.embed import SentenceTransformerEmbedder, find_model
from ragkit.gazetteer import load_gazetteer
from ragkit.rerank import ADAPTER, RANK, SCALE, adapted_layers, candidate_text, encode, pooled
from ragkit.select import load_scorer

SEED = 20
RATE = 1e-3
WARM_UP = 100  # questions
MOST_GOOD, MOST_HARD, MOST_EASY = 3, 5, 2  # texts of each kind that are read for a question
HARD = 16  # the best wrong candidates, of which the hard ones are drawn
GOOD_WEIGHT = 3.0  # of an evidence sentence in the loss: there are fewer of them


@dataclass(frozen=True, slots=True)
class Pairs:
    """A question with its candidates, wrong ones by the sentence weights, best first."""

    question: str
    good: tuple[str, ...]
    wrong: tuple[str, ...]


class LowRank(nn.Module):
    """A linear layer that stays as it is, plus a low-rank product that learns."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.layer = layer
        inner = torch.randn(RANK, layer.in_features) / math.sqrt(layer.in_features)
        self.down = nn.Parameter(inner)
        self.up = nn.Parameter(torch.zeros(layer.out_features, RANK))

    def forward(self, x: Tensor) -> Tensor:
        """The layer's output with the adapter's added."""
        own: Tensor = self.layer(x)
        return own + SCALE * (x @ self.down.T) @ self.up.T


class Model(nn.Module):
    """The encoder with its adapters, and the head."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self.encoder = AutoModel.from_pretrained(folder, local_files_only=True)
        self.encoder.requires_grad_(False)
        self.adapters: dict[str, LowRank] = {}
        for name, layer in adapted_layers(self.encoder).items():
            parent, _, last = name.rpartition(".")
            self.adapters[name] = LowRank(layer)
            setattr(self.encoder.get_submodule(parent), last, self.adapters[name])
        self.head = nn.Linear(self.encoder.config.hidden_size, 1)

    def forward(self, question: str, texts: Sequence[str]) -> Tensor:
        """Log-odds that each text answers."""
        encoded = encode(self.tokenizer, question, texts)
        tokens = self.encoder(**encoded).last_hidden_state
        logits: Tensor = self.head(pooled(tokens, encoded["attention_mask"]))
        return logits.squeeze(-1)

    def weights(self) -> dict[str, Tensor]:
        """What is shipped, in half precision."""
        found = {"head.weight": self.head.weight, "head.bias": self.head.bias}
        for name, adapter in self.adapters.items():
            found |= {f"{name}.down": adapter.down, f"{name}.up": adapter.up}
        return {k: v.detach().to(torch.float16).contiguous() for k, v in found.items()}


def pairs_of(examples: Sequence[Example]) -> Iterator[Pairs]:
    """The texts of each question, sorted into right and wrong."""
    sentence = load_scorer().sentence
    for e in examples:
        chances = sentence.probability([c.features for c in e.candidates])
        texts = [candidate_text(c.section, c.introduction, c.sentence) for c in e.candidates]
        order = np.argsort(-chances)
        good = tuple(texts[i] for i in order if e.labels[i])
        wrong = tuple(texts[i] for i in order if not e.labels[i])
        if good or wrong:
            yield Pairs(e.read_as, good, wrong)


def loss_of(model: Model, pairs: Pairs, draw: random.Random) -> Tensor:
    """Each text for itself, and the right ones against the others (softmax over the list)."""
    good = draw.sample(pairs.good, min(MOST_GOOD, len(pairs.good)))
    hard = draw.sample(pairs.wrong[:HARD], min(MOST_HARD, len(pairs.wrong[:HARD])))
    easy = draw.sample(pairs.wrong[HARD:], min(MOST_EASY, len(pairs.wrong[HARD:])))
    scores = model(pairs.question, [*good, *hard, *easy])
    labels = torch.zeros(len(scores))
    labels[: len(good)] = 1
    loss = nn.functional.binary_cross_entropy_with_logits(
        scores, labels, pos_weight=torch.tensor(GOOD_WEIGHT)
    )
    if good:
        loss = loss + torch.logsumexp(scores, 0) - torch.logsumexp(scores[: len(good)], 0)
    return loss


def train(model: Model, pairs: list[Pairs], *, epochs: int) -> Iterator[str]:
    """Train in place; yields a line now and then."""
    draw = random.Random(SEED)
    learns = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(learns, lr=RATE, weight_decay=0.01)
    steps, done, started = epochs * len(pairs), 0, time.monotonic()
    model.train()
    for epoch in range(epochs):
        draw.shuffle(pairs)
        total = 0.0
        for n, one in enumerate(pairs, start=1):
            loss = loss_of(model, one, draw)
            (loss / 2).backward()  # type: ignore[no-untyped-call]  # torch's
            total += loss.item()
            done += 1
            if done % 2 == 0:
                rate = RATE * min(1.0, done / WARM_UP) * max(0.02, 1 - done / steps)
                for group in optimiser.param_groups:
                    group["lr"] = rate
                nn.utils.clip_grad_norm_(learns, 1.0)
                optimiser.step()
                optimiser.zero_grad()
            if n % 100 == 0:
                spent = time.monotonic() - started
                yield f"epoch {epoch + 1} question {n}: loss {total / 100:.3f}, {spent:.0f} s"
                total = 0.0
    model.eval()


def validate(model: Model, pairs: Sequence[Pairs]) -> str:
    """How often a right sentence is ranked first and in the first three, of the best 25."""
    first = third = n = 0
    for one in pairs:
        if not one.good:
            continue
        texts = [*one.good, *one.wrong[:25]]
        with torch.inference_mode():
            order = torch.argsort(model(one.question, texts), descending=True).tolist()
        n += 1
        first += order[0] < len(one.good)
        third += any(i < len(one.good) for i in order[:3])
    return f"validation on {n} questions: right first {first / n:.3f}, in three {third / n:.3f}"


def main(argv: Sequence[str] | None = None) -> int:
    """Train, print, write."""
    from safetensors.torch import save_file

    parser = argparse.ArgumentParser(prog="python -m eval.fit_reranker", description=__doc__)
    parser.add_argument("--cases", type=Path, required=True, help="folder of cases-?.jsonl")
    parser.add_argument("--reports", type=Path, required=True, help="folder of the reports")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=ADAPTER)
    args = parser.parse_args(argv)
    torch.manual_seed(SEED)
    work = Path(tempfile.mkdtemp())
    embedder = SentenceTransformerEmbedder(Config().embed)
    files = sorted(args.cases.glob("cases-?.jsonl"))
    by_letter = {f.stem[-1]: list(case_examples(f, work, embedder)) for f in files}
    bench = open_bench(args.reports, work / "reports.index", load_gazetteer(), embedder)
    own = list(report_examples(bench, own_questions(bench.retriever.gazetteer)))
    held = list(pairs_of(by_letter.pop("g", [])))
    pairs = list(pairs_of([*(e for es in by_letter.values() for e in es), *own]))
    model = Model(find_model(Config().embed))
    for line in train(model, pairs, epochs=args.epochs):
        sys.stderr.write(f"{line}\n")
    save_file(model.weights(), args.out)
    sys.stdout.write(f"{len(pairs)} questions, {args.epochs} epochs; {validate(model, held)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
