"""Means with their uncertainty."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import bootstrap

RESAMPLES = 2_000
_SEED = 20


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean of n values with its 95 % bootstrap interval (percentile method, Efron 1979)."""

    mean: float
    n: int
    low: float
    high: float

    def __str__(self) -> str:
        """``0.812 [0.74, 0.88] n=120``; a dash for no values."""
        return f"{self.mean:.3f} [{self.low:.2f}, {self.high:.2f}] n={self.n}" if self.n else "-"


def mean_of(values: Sequence[float]) -> Mean:
    """The mean; of no values it is 0 with n = 0, of equal values the interval is a point."""
    if not values:
        return Mean(0.0, 0, 0.0, 0.0)
    data = np.asarray(values, dtype=np.float64)
    mean = float(data.mean())
    if np.ptp(data) == 0:
        return Mean(mean, len(data), mean, mean)
    found = bootstrap(
        (data,),
        np.mean,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(_SEED),
    ).confidence_interval
    return Mean(mean, len(data), float(found.low), float(found.high))
