"""The learning side of `ragkit.adapter` and `ragkit.crossencoder`."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer

from ragkit.adapter import RANK, SCALE, adapted_layers
from ragkit.crossencoder import encode, pooled


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


def attach(encoder: nn.Module) -> dict[str, LowRank]:
    """Freeze an encoder and put an adapter on its layers; by the layers' names."""
    encoder.requires_grad_(False)
    adapters = {}
    for name, layer in adapted_layers(encoder).items():
        parent, _, last = name.rpartition(".")
        adapters[name] = LowRank(layer)
        setattr(encoder.get_submodule(parent), last, adapters[name])
    return adapters


def weights_of(adapters: Mapping[str, LowRank]) -> dict[str, Tensor]:
    """What is shipped, in half precision."""
    found: dict[str, Tensor] = {}
    for name, adapter in adapters.items():
        found |= {f"{name}.down": adapter.down, f"{name}.up": adapter.up}
    return {k: v.detach().to(torch.float16).contiguous() for k, v in found.items()}


class PairModel(nn.Module):
    """A cross-encoder that learns: the encoder with its adapters, and the head."""

    def __init__(self, folder: Path, *, max_tokens: int, outputs: int = 1) -> None:
        super().__init__()
        self.tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self.encoder = AutoModel.from_pretrained(folder, local_files_only=True)
        self.adapters = attach(self.encoder)
        self.head = nn.Linear(self.encoder.config.hidden_size, outputs)
        self.max_tokens = max_tokens

    def forward(self, firsts: Sequence[str], others: Sequence[str]) -> Tensor:
        """Log-odds for each pair, shape (n_pairs, n_outputs)."""
        encoded = encode(self.tokenizer, firsts, others, max_tokens=self.max_tokens)
        tokens = self.encoder(**encoded).last_hidden_state
        logits: Tensor = self.head(pooled(tokens, encoded["attention_mask"]))
        return logits

    def weights(self) -> dict[str, Tensor]:
        """What is shipped, in half precision."""
        head = {"head.weight": self.head.weight, "head.bias": self.head.bias}
        half = {k: v.detach().to(torch.float16).contiguous() for k, v in head.items()}
        return half | weights_of(self.adapters)


class Schedule:
    """AdamW with a warm-up and a linear decay of the rate; gradients are clipped to norm 1."""

    def __init__(self, model: nn.Module, *, rate: float, warm_up: int, steps: int) -> None:
        self._learns = [p for p in model.parameters() if p.requires_grad]
        self._optimiser = torch.optim.AdamW(self._learns, lr=rate, weight_decay=0.01)
        self._rate, self._warm_up, self._steps, self._done = rate, warm_up, steps, 0

    def step(self) -> None:
        """Move along the gradients gathered, and clear them."""
        self._done += 1
        left = max(0.02, 1 - self._done / (self._steps + 1))
        for group in self._optimiser.param_groups:
            group["lr"] = self._rate * min(1.0, self._done / self._warm_up) * left
        nn.utils.clip_grad_norm_(self._learns, 1.0)
        self._optimiser.step()
        self._optimiser.zero_grad()
