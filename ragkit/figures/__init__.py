"""Finds the figures of a text, as values that can be compared however they are written.

"2.3m" and "2,300,000", "a fifth" and "20 per cent", "2021/22" and "2021-22" are the same figures.
The guard compares them; selection asks whether a sentence holds the kind of figure that a question
wants. References ("Table 3", "24/7", the "5.2" of a numbered paragraph) are not figures.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import takewhile

from ragkit.figures.figure import Figure, FigureKind
from ragkit.figures.numbers import singular
from ragkit.figures.readers import RECOGNISERS

__all__ = ["Figure", "FigureKind", "find_figures"]

_RATED = (FigureKind.COUNT, FigureKind.MONEY, FigureKind.DURATION, FigureKind.PERCENT)
_QUALIFIER = re.compile(
    r"\b(just over|just under|more than|less than|fewer than|at least|at most|up to|no more than|"
    r"no fewer than|no less than|not more than|as many as|as few as|approximately|approx\.?|around|"
    r"about|roughly|some|nearly|almost|over|under|above|below|exceeding|only|estimated|within|"
    r"between|from)(?: (?:an?|the|every|its|estimated))?\s?$",
    re.IGNORECASE,
)
_QUALIFIER_AFTER = re.compile(
    r"\s(or more|or over|or above|or fewer|or less|or under|and over|plus)\b"
)
_RATE = re.compile(
    r"^\W?(?:(?!and |or |in |for |with |was |is |were |to )[\w'’&-]+ ){0,4}?"
    r"(?:(?:each|every|per(?! cent)|an?)[ -])([a-z][\w-]*)((?: (?:an?|per)[ -][a-z]\w+)*)",
    re.IGNORECASE,
)
_RATE_ADJECTIVE = re.compile(
    r"\b(annual|yearly|monthly|weekly|daily|hourly)(?: [\w-]+){0,2} (?:of )?$"
)
_ADJECTIVE_PERIOD = {
    "annual": "year",
    "yearly": "year",
    "monthly": "month",
    "weekly": "week",
    "daily": "day",
    "hourly": "hour",
}
_NOUN = re.compile(r"^(?:\s|-)((?:[a-z][\w'’-]*\s?){1,3})", re.IGNORECASE)
_FOLLOWERS = """
a an and are as at be because been before being but by can compared could did do does each every
for from had has have if in into is it later earlier ago less more fewer most not of on out over
per said since so some still than that the their them then there these they this to under until up
was we were when where which while who will with within would you
"""
_NOT_NOUNS = frozenset(_FOLLOWERS.split())  # may follow a number without being what it counts


Spans = list[tuple[int, int]]


def _free_matches(pattern: re.Pattern[str], text: str, taken: Spans) -> Iterator[re.Match[str]]:
    """The matches that touch no taken text; a search that runs into some goes on behind it."""
    start = 0
    while match := pattern.search(text, start):
        across = [end for begin, end in taken if begin < match.end() and match.start() < end]
        if across:
            start = min(across)
        else:
            yield match
            start = max(match.end(), match.start() + 1)


def _with_surroundings(figure: Figure, text: str) -> Figure:
    """The figure with its qualifier, its rate and, for a count, the noun that it counts."""
    before, after = text[max(0, figure.start - 40) : figure.start], text[figure.end :][:60]
    found = _QUALIFIER.search(before)
    late = _QUALIFIER_AFTER.match(after)
    qualifier = found[1].lower() if found else late[1] if late else ""
    unit = figure.unit
    if figure.kind in (FigureKind.COUNT, FigureKind.ORDINAL) and not unit:
        unit = _noun_after(after)
    if figure.kind in _RATED:
        unit += _rate_of(before, after)
    return replace(figure, unit=unit, qualifier=qualifier)


def _noun_after(after: str) -> str:
    found = _NOUN.match(after)
    words = found[1].lower().split() if found else []
    return " ".join(takewhile(lambda word: word not in _NOT_NOUNS, words))


def _rate_of(before: str, after: str) -> str:
    adjective = _RATE_ADJECTIVE.search(before)
    if adjective:
        return "/" + _ADJECTIVE_PERIOD[adjective[1].lower()]
    found = _RATE.match(after)
    if not found:
        return ""
    further = re.findall(r"[ -](?:an?|per)[ -](\w+)", found[2])
    return "/" + "/".join(singular(word) for word in (found[1], *further))


@lru_cache(maxsize=16_384)
def find_figures(text: str) -> tuple[Figure, ...]:
    """The figures of a text in reading order; empty when it has none.

    >>> [(f.value, f.kind.value, f.unit) for f in find_figures("£2.3m a year for 18 months")]
    [(2300000.0, 'money', '£/year'), (18.0, 'duration', 'month')]
    """
    taken: Spans = []
    figures: list[Figure] = []
    for pattern, reader in RECOGNISERS:
        for match in tuple(_free_matches(pattern, text, taken)):
            taken.append(match.span())
            figures += (_with_surroundings(figure, text) for figure in reader(match))
    return tuple(sorted(figures, key=lambda figure: figure.start))
