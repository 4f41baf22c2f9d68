"""Nearest neighbours with FAISS; the only module that imports it."""

from collections.abc import Sequence
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from ragkit.errors import IndexFileError
from ragkit.types import Hit


class FaissStore:
    """An exact index of inner products; on normalised vectors these are cosine similarities.

    Exact search over 100,000 vectors of 384 numbers takes some ten milliseconds, so nothing
    approximate is used yet.
    """

    def __init__(self, index: faiss.Index, keys: Sequence[str]) -> None:
        if index.ntotal != len(keys):
            raise IndexFileError(
                f"the vector file holds {index.ntotal} vectors for {len(keys)} texts: "
                "run 'ragkit ingest' again"
            )
        self._index = index
        self._keys = tuple(keys)

    @classmethod
    def build(cls, vectors: NDArray[np.float32], keys: Sequence[str]) -> "FaissStore":
        """An index of L2-normalised vectors, shape (len(keys), dimension)."""
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(np.ascontiguousarray(vectors))
        return cls(index, keys)

    @classmethod
    def load(cls, path: Path, keys: Sequence[str]) -> "FaissStore":
        """Read an index file.

        Raises:
            IndexFileError: the file is damaged or belongs to other texts.
        """
        try:
            return cls(faiss.read_index(str(path)), keys)
        except RuntimeError as error:
            raise IndexFileError(
                f"the vector file '{path.name}' is damaged: run 'ragkit ingest' again"
            ) from error

    def save(self, path: Path) -> None:
        """Write the index file; the caller makes it durable."""
        faiss.write_index(self._index, str(path))

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys in the order of the vectors."""
        return self._keys

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._index.d)

    def vectors(self) -> NDArray[np.float32]:
        """All vectors in the order of their keys, shape (n, dimension)."""
        return np.asarray(
            self._index.reconstruct_n(0, self._index.ntotal), dtype=np.float32
        ).reshape(-1, self.dimension)

    def search(self, queries: NDArray[np.float32], *, k: int) -> list[tuple[Hit, ...]]:
        """Find the nearest vectors of each query, best first.

        Args:
            queries: L2-normalised, shape (n_queries, dimension).
            k: hits per query; fewer come back when the index holds fewer vectors.

        Raises:
            IndexFileError: `queries` has another dimension than the index.
        """
        if queries.shape[1] != self.dimension:
            raise IndexFileError(
                f"the index holds vectors of {self.dimension} numbers, the question has "
                f"{queries.shape[1]}: run 'ragkit ingest' with the configured embedder"
            )
        scores, rows = self._index.search(np.ascontiguousarray(queries), k)
        return [
            tuple(
                Hit(self._keys[row], float(score))
                for row, score in zip(row_list, score_list, strict=True)
                if row >= 0
            )
            for row_list, score_list in zip(rows.tolist(), scores.tolist(), strict=True)
        ]
