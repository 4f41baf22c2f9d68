"""How an answer reads: its length, and whether it says things twice."""

from eval.records import Record
from ragkit.words import terms

_SAME = 0.8  # shared content words over all content words, from which two sentences say the same


def words(record: Record) -> int:
    """Words shown about the subject."""
    return len(record.shown.split())


def redundancy(record: Record) -> float | None:
    """The share of the sentences that say what an earlier one said; lower is better.

    Two sentences say the same when the Jaccard similarity of their content words is 0.8 or more.
    None where there are fewer than two sentences.
    """
    sets = [frozenset(terms(s.text)) for s in record.claims]
    if len(sets) < 2:
        return None
    repeats = [
        any(len(a & b) >= _SAME * max(1, len(a | b)) for b in sets[:i]) for i, a in enumerate(sets)
    ]
    return sum(repeats) / len(sets)
