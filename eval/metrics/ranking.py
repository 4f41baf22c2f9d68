"""Measures of a ranked list, from 0 (worst) to 1.

All take the gains of the ranked passages, best first: True where a passage lies in a gold section
that no earlier passage lay in, so that ten chunks of one section count once.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T", bound=Hashable)


def gains(ranked: Iterable[T], is_relevant: Callable[[T], bool]) -> tuple[bool, ...]:
    """Whether each item is relevant and comes for the first time."""
    seen: set[T] = set()
    found = []
    for item in ranked:
        found.append(item not in seen and is_relevant(item))
        seen.add(item)
    return tuple(found)


def success_at_k(gains: Sequence[bool], k: int) -> float:
    """1 when a relevant passage is among the first k."""
    return float(any(gains[:k]))


def recall_at_k(gains: Sequence[bool], k: int, *, relevant: int) -> float:
    """The share of the relevant sections that is among the first k passages.

    Args:
        gains: see above.
        k: how many passages count.
        relevant: how many relevant sections there are, at least 1.
    """
    return sum(gains[:k]) / relevant


def mrr(gains: Sequence[bool]) -> float:
    """The reciprocal of the first relevant rank; 0 when there is none (Voorhees 1999)."""
    return next((1 / rank for rank, gain in enumerate(gains, start=1) if gain), 0.0)


def ndcg_at_k(gains: Sequence[bool], k: int, *, relevant: int) -> float:
    """Discounted gain of the first k passages over that of the best order.

    Binary gains, discount 1 / log2(rank + 1) (Jarvelin and Kekalainen 2002).
    """
    discount = 1 / np.log2(np.arange(2, k + 2))
    got = float(sum(discount[i] for i, gain in enumerate(gains[:k]) if gain))
    return got / float(discount[: min(k, relevant)].sum())
