"""The fitted weights: three logistic regressions, kept as a file that people can read.

`python -m eval.fit` writes the file; it says there on what it was fitted and how well.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from ragkit.errors import ConfigError
from ragkit.select.features import EVIDENCE_FEATURES, SENTENCE_FEATURES

DEFAULT_PATH = Path(__file__).parent / "weights.json"
JOINED = ("sentence", "reranker")


class LinearFile(BaseModel):
    """One logistic regression on disk."""

    model_config = ConfigDict(extra="forbid")

    bias: float
    weights: dict[str, float]


class ScorerFile(BaseModel):
    """The file of weights."""

    model_config = ConfigDict(extra="forbid")

    fitted_on: str  # for people: what data, how much, what came out
    sentence: LinearFile
    evidence: LinearFile
    joined: LinearFile
    answerable_threshold: float


@dataclass(frozen=True, slots=True)
class Linear:
    """A logistic regression over named features."""

    bias: float
    weights: tuple[float, ...]

    def probability(self, rows: Sequence[tuple[float, ...]]) -> NDArray[np.float64]:
        """Probabilities in (0, 1), one a row."""
        matrix = np.asarray(rows, dtype=np.float64).reshape(-1, len(self.weights))
        logits = matrix @ np.asarray(self.weights) + self.bias
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -30, 30))))


@dataclass(frozen=True, slots=True)
class Scorer:
    """Scores sentences, and the chance that the collection answers at all."""

    sentence: Linear
    evidence: Linear
    joined: Linear  # of the sentence's log-odds and the reranker's, in the order of JOINED
    answerable_threshold: float  # below it the answer is "not in the reports"


def load_scorer(path: Path = DEFAULT_PATH) -> Scorer:
    """Read a file of weights.

    Raises:
        ConfigError: the file is missing, damaged, or was fitted for other features.
    """
    try:
        data = ScorerFile.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        line = " ".join(str(error).split())
        raise ConfigError(f"cannot read the weights '{path}': {line}") from error
    return Scorer(
        sentence=_linear(data.sentence, SENTENCE_FEATURES, path),
        evidence=_linear(data.evidence, EVIDENCE_FEATURES, path),
        joined=_linear(data.joined, JOINED, path),
        answerable_threshold=data.answerable_threshold,
    )


def _linear(data: LinearFile, names: tuple[str, ...], path: Path) -> Linear:
    if set(data.weights) != set(names):
        odd = sorted(set(data.weights) ^ set(names))
        raise ConfigError(f"'{path}' was fitted for other features ({', '.join(odd)}): fit again")
    return Linear(data.bias, tuple(data.weights[n] for n in names))
