"""Score pairs of texts, reading both together.

A cross-encoder (Nogueira and Cho 2019) made of parts already installed: the bundled embedding model
with a low-rank adapter of its own and a linear head, about a megabyte of weights.
"""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ragkit.adapter import merge
from ragkit.embed import EmbedConfig, find_model
from ragkit.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import BatchEncoding, PreTrainedTokenizerBase


class CrossEncoder:
    """Scores pairs of a text and others; safe to share between threads."""

    def __init__(self, config: EmbedConfig, adapter: Path, *, max_tokens: int) -> None:
        """Load the encoder and merge the adapter into it.

        Args:
            config: names the embedding model that the adapter was trained on.
            adapter: the weights, as written by its training.
            max_tokens: of a pair; the longer text is cut at its end.

        Raises:
            ModelError: the embedding model or the adapter is missing, or they do not fit.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load_file
        from transformers import AutoModel, AutoTokenizer

        folder = find_model(config)
        try:
            weights = load_file(adapter)
            self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            self._encoder = AutoModel.from_pretrained(folder, local_files_only=True)
            merge(self._encoder, weights)
            self._head = weights["head.weight"].float(), weights["head.bias"].float()
        except (OSError, SafetensorError, KeyError, RuntimeError) as error:
            raise ModelError(f"cannot load the weights '{adapter.name}': {error}") from error
        self._encoder.eval()
        self._max_tokens = max_tokens
        self._lock = threading.Lock()  # the tokenizer's truncation is state of its own

    def scores(self, first: str, others: Sequence[str]) -> NDArray[np.float32]:
        """Log-odds for each of the other texts beside the first, shape (n_others, n_outputs)."""
        import torch

        if not others:
            return np.zeros((0, len(self._head[1])), dtype=np.float32)
        with self._lock:
            firsts = [first] * len(others)
            encoded = encode(self._tokenizer, firsts, others, max_tokens=self._max_tokens)
        with torch.inference_mode():
            tokens = self._encoder(**encoded).last_hidden_state
            logits = pooled(tokens, encoded["attention_mask"]) @ self._head[0].T + self._head[1]
        return np.asarray(logits.numpy(), dtype=np.float32)


def encode(
    tokenizer: "PreTrainedTokenizerBase",
    firsts: Sequence[str],
    others: Sequence[str],
    *,
    max_tokens: int,
) -> "BatchEncoding":
    """Pairs as padded tokens; `firsts` and `others` have the same length."""
    encoded: BatchEncoding = tokenizer(
        list(firsts),
        list(others),
        truncation=True,
        max_length=max_tokens,
        padding=True,
        return_tensors="pt",
    )
    return encoded


def pooled(tokens: "Tensor", mask: "Tensor") -> "Tensor":
    """The mean of the tokens that are not padding, shape (n_texts, dimension)."""
    kept = mask.unsqueeze(-1)
    return (tokens * kept).sum(1) / kept.sum(1)
