"""The recognisers: a pattern, and what makes figures of its match.

They run in order, and text taken by one is closed to the next, so the most particular come first.
"""

import re
from collections.abc import Callable, Iterable

from ragkit.figures.figure import Figure, FigureKind
from ragkit.figures.numbers import (
    CURRENCY,
    DIGITS,
    LABELS,
    MONTH,
    MONTH_NUMBER,
    MONTHS,
    NUMBER,
    ONES,
    ORDINALS,
    PARTS,
    PERIOD,
    REFERENCES,
    SCALE,
    TO,
    WORD_NUMBER,
    YEAR,
    read_number,
    scale_of,
    singular,
)

Reader = Callable[[re.Match[str]], Iterable[Figure]]


def _figure(
    match: re.Match[str], value: float, kind: FigureKind, unit: str = "", group: str | int = 0
) -> Figure:
    start, end = match.span(group)
    return Figure(float(value), kind, unit, match.string[start:end], start, end)


def _read_nothing(_: re.Match[str]) -> Iterable[Figure]:
    """References take their text, so that no later recogniser reads a figure in it."""
    return ()


def _read_full_date(match: re.Match[str]) -> Iterable[Figure]:
    month = MONTH_NUMBER[match["month"].lower().rstrip(".")]
    day = int(match["day"])
    if match["year"]:
        value = int(match["year"]) * 10_000 + month * 100 + day
        yield _figure(match, value, FigureKind.DATE, "day")
    else:
        yield _figure(match, month * 100 + day, FigureKind.DATE, "day of year")


def _read_month(match: re.Match[str]) -> Iterable[Figure]:
    month = MONTH_NUMBER[match["month"].lower().rstrip(".")]
    if match["year"]:
        yield _figure(match, int(match["year"]) * 100 + month, FigureKind.DATE, "month")
    else:
        yield _figure(match, month, FigureKind.DATE, "month of year")


def _read_financial_year(match: re.Match[str]) -> Iterable[Figure]:
    first, last = int(match["first"]), int(match["last"][-2:])
    if (first + 1) % 100 == last:
        yield _figure(match, first, FigureKind.YEAR, "financial year")
    else:
        yield _figure(match, first, FigureKind.YEAR, "year", "first")
        century = first - first % 100
        yield _figure(match, century + last, FigureKind.YEAR, "year", "last")


def _read_money(match: re.Match[str]) -> Iterable[Figure]:
    unit = CURRENCY[match["sign"]]
    first, last = match["n"], match["n2"]
    if not last:
        yield _figure(match, read_number(first), FigureKind.MONEY, unit)
        return
    scale = scale_of(last) if scale_of(first) == 1 else 1.0  # "£2-3m" begins at two million
    yield _figure(match, read_number(first) * scale, FigureKind.MONEY, unit, "n")
    yield _figure(match, read_number(last), FigureKind.MONEY, unit, "n2")


def _read_percent(match: re.Match[str]) -> Iterable[Figure]:
    unit = "point" if match["point"] else "%"
    if match["n0"]:
        yield _figure(match, read_number(match["n0"]), FigureKind.PERCENT, unit, "n0")
    yield _figure(match, read_number(match["n"]), FigureKind.PERCENT, unit, "all")


def _read_fraction(match: re.Match[str]) -> Iterable[Figure]:
    word = match["many"].lower()
    many = 1.0 if word in {"a", "an"} else read_number(word)
    parts = PARTS[match["part"].lower()]
    yield _figure(match, round(100 * many / parts, 1), FigureKind.PERCENT, "%")


def _read_half(match: re.Match[str]) -> Iterable[Figure]:
    yield _figure(match, 50.0, FigureKind.PERCENT, "%")


def _read_odds(match: re.Match[str]) -> Iterable[Figure]:
    of = read_number(match["of"])
    if of:
        value = round(100 * read_number(match["many"]) / of, 1)
        yield _figure(match, value, FigureKind.PERCENT, "%")


def _read_time(match: re.Match[str]) -> Iterable[Figure]:
    hours = float(match["h"]) % 12 + (12 if match["half"].lower() == "p" else 0)
    yield _figure(match, hours + float(match["m"] or 0) / 60, FigureKind.TIME, "hour")


def _read_duration(match: re.Match[str]) -> Iterable[Figure]:
    unit = singular(match["unit"])
    if match["n0"]:
        yield _figure(match, read_number(match["n0"]), FigureKind.DURATION, unit, "n0")
    yield _figure(match, read_number(match["n"]), FigureKind.DURATION, unit, "all")


def _read_one_period(match: re.Match[str]) -> Iterable[Figure]:
    yield _figure(match, 1.0, FigureKind.DURATION, singular(match["unit"]), "all")


def _read_age(match: re.Match[str]) -> Iterable[Figure]:
    for group in ("n", "n2"):
        if match[group]:
            yield _figure(match, read_number(match[group]), FigureKind.AGE, "year", group)


def _read_year(match: re.Match[str]) -> Iterable[Figure]:
    yield _figure(match, float(match[0]), FigureKind.YEAR, "year")


def _read_label(match: re.Match[str]) -> Iterable[Figure]:
    yield _figure(match, read_number(match["n"]), FigureKind.ORDINAL, match["label"].lower())


def _read_ordinal(match: re.Match[str]) -> Iterable[Figure]:
    word = match[0].lower()
    value = ORDINALS.index(word) + 1 if word in ORDINALS else int(word[:-2])
    yield _figure(match, value, FigureKind.ORDINAL)


def _read_count(match: re.Match[str]) -> Iterable[Figure]:
    yield _figure(match, read_number(match[0]), FigureKind.COUNT)


def _read_bare_month(match: re.Match[str]) -> Iterable[Figure]:
    month = MONTH_NUMBER[match["month"].lower()]
    yield _figure(match, month, FigureKind.DATE, "month of year", "month")


def _any(words: Iterable[str]) -> str:
    return "|".join(words)


_CAPITAL_MONTHS = _any(m.title() for m in MONTHS if m != "may")
_READERS: tuple[tuple[str, Reader], ...] = (
    # not figures
    (r"\b24/7\b|\bone[- ]to[- ]one\b|\bno[- ]one\b", _read_nothing),
    (rf"\b(?:{_any(REFERENCES)})s? \d+(?:\.\d+)*(?:(?: and |, |–|-)\d+(?:\.\d+)*)*", _read_nothing),
    (
        r"^\s*(?:[-•*]\s*)?(?:\d+(?:\.\d+)+\.?|\d+[.)]|\(\w{1,3}\))\s(?=\W?(?-i:[A-Z]))",
        _read_nothing,
    ),
    # dates and years
    (
        rf"(?<![\w.,])(?P<day>[0-3]?\d)(?:st|nd|rd|th)?(?: of)? (?P<month>{MONTH})"
        rf"(?:,? (?P<year>{YEAR})\b)?",
        _read_full_date,
    ),
    (rf"\b(?P<month>{MONTH}),? (?:of )?(?P<year>{YEAR})\b", _read_month),
    (rf"\b(?P<month>(?-i:{_CAPITAL_MONTHS}))\b", _read_bare_month),
    (
        r"\b(?:in|by|to|of|from|until|since|the|and|early|late) (?P<month>(?-i:May))\b",
        _read_bare_month,
    ),
    (rf"(?<![\w£€$,.])(?P<first>{YEAR})[/–-](?P<last>{YEAR}|\d\d)\b(?!%)", _read_financial_year),
    # amounts
    (
        rf"(?P<sign>[£€$])\s?(?P<n>{DIGITS}{SCALE}?)"
        rf"(?:(?:{TO}[£€$]|\s?(?:-|–|to)\s?)(?P<n2>{DIGITS}{SCALE}?)(?!\s?(?:%|per cent)|\w))?",
        _read_money,
    ),
    (
        rf"(?:(?!{YEAR}\b)(?P<n0>{NUMBER})\s?(?:%|per cent|percent)?{TO})?"
        rf"(?P<all>(?P<n>{NUMBER})(?:\s?%| ?per ?cent\b|(?= percentage point))"
        r"(?P<point>[- ](?:percentage )?points?\b)?)",
        _read_percent,
    ),
    (
        rf"\b(?P<many>an?|one)[ -](?P<part>{_any(PARTS)})\b"
        r"(?= of\b|(?<!quarter)(?:\W*$|[,;.)])"
        r"| (?:were|was|had|have|said|more|less|fewer|higher|lower))",
        _read_fraction,
    ),
    (
        rf"\b(?P<many>{_any(ONES[2:10])})[ -](?P<part>{_any(PARTS)})s\b",
        _read_fraction,
    ),
    (
        r"(?<!first )(?<!second )(?<!other )(?<![-\w])half\b"
        r"(?![- ](?:term|day|hour|year|way|an?)\b|-)",
        _read_half,
    ),
    (
        rf"\b(?P<many>{WORD_NUMBER}|\d+)(?: people| patients)? in (?:every )?"
        rf"(?P<of>{WORD_NUMBER}|\d+)\b(?! (?:{_any(MONTHS)}|{PERIOD}))",
        _read_odds,
    ),
    (r"\b(?P<h>1[0-2]|0?\d)(?:[.:](?P<m>[0-5]\d))?\s?(?P<half>[ap])\.?m\b", _read_time),
    (
        rf"\bage[ds]?(?: between| from| over| under)? (?P<n>\d{{1,3}})(?:{TO}(?P<n2>\d{{1,3}})\b)?",
        _read_age,
    ),
    (
        rf"(?:(?!{YEAR}\b)(?P<n0>{NUMBER}){TO})?(?P<all>(?P<n>{NUMBER})[- ]"
        rf"(?:(?:further|more|consecutive|full|whole|extra)[- ])?"
        rf"(?P<unit>(?:(?:working|calendar)[- ])?{PERIOD})\b(?![- ]old))",
        _read_duration,
    ),
    (
        r"\b(?:for|in|within|after|than|nearly|almost|over|under|about|around|roughly|half|once|twice|"
        r"takes?|took|last(?:s|ed)?) "
        rf"(?P<all>an? (?P<unit>{PERIOD}))\b",
        _read_one_period,
    ),
    (
        rf"\b(?P<all>an? (?P<unit>{PERIOD}))(?= (?:ago|earlier|later|before|after|longer)\b)",
        _read_one_period,
    ),
    # labels and plain numbers
    (rf"\b(?P<label>{_any(LABELS)})s? (?P<n>\d+|{WORD_NUMBER})\b", _read_label),
    (
        rf"(?<![\w.,/£$€-]){YEAR}(?![\w/%]|[.,]\d| (?:people|patients|residents|homes|hours))",
        _read_year,
    ),
    (
        rf"\b(?:{_any(w for w in ORDINALS if w != 'second')}|second(?! to\b)|\d+(?:st|nd|rd|th))\b",
        _read_ordinal,
    ),
    (
        r"\bone (?:of|another|or|who|that|which|is|was|has|in|to|for|and|on|at)\b|"
        r"\bone\b(?! [a-z])|"
        r"\b(?:any|some|every|each|this|that|which|the|other|first|last)[ -]one\b",
        _read_nothing,
    ),
    (NUMBER, _read_count),
)
RECOGNISERS = tuple(
    (re.compile(pattern, re.IGNORECASE | re.MULTILINE), reader) for pattern, reader in _READERS
)
