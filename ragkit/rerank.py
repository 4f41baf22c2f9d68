"""Judge how likely a sentence is to answer a question, reading both together.

A cross-encoder (Nogueira and Cho 2019) made of parts already installed: the bundled embedding model
with a low-rank adapter (LoRA, Hu et al. 2021) and a linear head, about a megabyte of weights beside
this file, trained by ``python -m eval.fit_reranker``.
"""

import threading
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ragkit.embed import EmbedConfig, find_model
from ragkit.errors import ModelError
from ragkit.types import Section, Sentence
from ragkit.words import reading_form

if TYPE_CHECKING:
    from torch import Tensor, nn
    from transformers import BatchEncoding, PreTrainedTokenizerBase

ADAPTER = Path(__file__).parent / "rerank.safetensors"
MAX_TOKENS = 88  # of question and sentence together; longer sentences are cut at their end
RANK = 16
SCALE = 2.0  # of the low-rank product, alpha / rank
_LEAD_CHARS = 150
ADAPTED = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)  # the linear layers of each block


def candidate_text(section: Section, introduction: Sequence[Sentence], sentence: Sentence) -> str:
    """A sentence as the reranker reads it: under its headings, after what introduces it."""
    lead = " ".join(reading_form(s.text) for s in introduction)[-_LEAD_CHARS:]
    words = " ".join(filter(None, (lead, reading_form(sentence.text))))
    return f"{' > '.join(section.path[-2:])}: {words}"


class CrossEncoder:
    """Scores pairs of question and text; safe to share between threads."""

    def __init__(self, config: EmbedConfig, adapter: Path = ADAPTER) -> None:
        """Load the encoder and merge the adapter into it.

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
            raise ModelError(f"cannot load the reranker '{adapter.name}': {error}") from error
        self._encoder.eval()
        self._lock = threading.Lock()  # the tokenizer's truncation is state of its own

    def scores(self, question: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """Log-odds that each text answers the question; empty for no texts."""
        import torch

        if not texts:
            return np.zeros(0, dtype=np.float32)
        with self._lock:
            encoded = encode(self._tokenizer, question, texts)
        with torch.inference_mode():
            tokens = self._encoder(**encoded).last_hidden_state
            logits = pooled(tokens, encoded["attention_mask"]) @ self._head[0].T + self._head[1]
        return np.asarray(logits[:, 0].numpy(), dtype=np.float32)


@lru_cache(maxsize=1)
def open_reranker(config: EmbedConfig) -> CrossEncoder | None:
    """The reranker that belongs to an embedding model; None for a model of the user's own."""
    return None if config.model else CrossEncoder(config)


def encode(
    tokenizer: "PreTrainedTokenizerBase", question: str, texts: Sequence[str]
) -> "BatchEncoding":
    """Question and text of each pair as padded tokens."""
    encoded: BatchEncoding = tokenizer(
        [question] * len(texts),
        list(texts),
        truncation=True,
        max_length=MAX_TOKENS,
        padding=True,
        return_tensors="pt",
    )
    return encoded


def pooled(tokens: "Tensor", mask: "Tensor") -> "Tensor":
    """The mean of the tokens that are not padding, shape (n_texts, dimension)."""
    kept = mask.unsqueeze(-1)
    return (tokens * kept).sum(1) / kept.sum(1)


def adapted_layers(encoder: "nn.Module") -> Mapping[str, "nn.Linear"]:
    """The linear layers that carry an adapter, by name."""
    modules = dict(encoder.named_modules())
    found = {}
    for name, module in modules.items():
        if any(name.endswith(f".{part}") for part in ADAPTED):
            found[name] = module
    return found


def merge(encoder: "nn.Module", weights: Mapping[str, "Tensor"]) -> None:
    """Add the low-rank products to the layers' own weights."""
    import torch

    with torch.no_grad():
        for name, layer in adapted_layers(encoder).items():
            down, up = weights[f"{name}.down"].float(), weights[f"{name}.up"].float()
            layer.weight += SCALE * (up @ down)
