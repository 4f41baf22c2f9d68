"""Logistic regressions over named features, kept in files that people can read."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from ragkit.errors import ConfigError


class LinearFile(BaseModel):
    """One logistic regression on disk."""

    model_config = ConfigDict(extra="forbid")

    bias: float
    weights: dict[str, float]

    def linear(self, names: tuple[str, ...], path: Path) -> "Linear":
        """The regression with its weights in the order of `names`.

        Raises:
            ConfigError: it was fitted for other features; `path` is named.
        """
        if set(self.weights) != set(names):
            odd = ", ".join(sorted(set(self.weights) ^ set(names)))
            raise ConfigError(f"'{path}' was fitted for other features ({odd}): fit again")
        return Linear(self.bias, tuple(self.weights[n] for n in names))


@dataclass(frozen=True, slots=True)
class Linear:
    """A logistic regression."""

    bias: float
    weights: tuple[float, ...]

    def probability(self, rows: Sequence[tuple[float, ...]]) -> NDArray[np.float64]:
        """Probabilities in (0, 1), one a row."""
        matrix = np.asarray(rows, dtype=np.float64).reshape(-1, len(self.weights))
        logits = matrix @ np.asarray(self.weights) + self.bias
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -30, 30))))

    def file(self, names: tuple[str, ...]) -> LinearFile:
        """What is written."""
        weights = {n: round(w, 4) for n, w in zip(names, self.weights, strict=True)}
        return LinearFile(bias=round(self.bias, 4), weights=weights)
