"""The fitted weights: three logistic regressions, kept as a file that people can read.

`python -m eval.fit` writes the file; it says there on what it was fitted and how well.
"""

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ragkit.errors import ConfigError
from ragkit.linear import Linear, LinearFile
from ragkit.select.features import EVIDENCE_FEATURES, SENTENCE_FEATURES

DEFAULT_PATH = Path(__file__).parent / "weights.json"
JOINED = ("sentence", "reranker")


class ScorerFile(BaseModel):
    """The file of weights."""

    model_config = ConfigDict(extra="forbid")

    fitted_on: str  # for people: what data, how much, what came out
    sentence: LinearFile
    evidence: LinearFile
    joined: LinearFile
    answerable_threshold: float
    premise_threshold: float


@dataclass(frozen=True, slots=True)
class Scorer:
    """Scores sentences, and the chance that the collection answers at all."""

    sentence: Linear
    evidence: Linear
    joined: Linear  # of the sentence's log-odds and the reranker's, in the order of JOINED
    answerable_threshold: float  # below it the answer is "not in the reports"
    premise_threshold: float  # from it on a sentence corrects what the question takes for granted


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
        sentence=data.sentence.linear(SENTENCE_FEATURES, path),
        evidence=data.evidence.linear(EVIDENCE_FEATURES, path),
        joined=data.joined.linear(JOINED, path),
        answerable_threshold=data.answerable_threshold,
        premise_threshold=data.premise_threshold,
    )
