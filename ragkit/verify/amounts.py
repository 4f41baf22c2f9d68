"""Amounts and dates: every one is in the quotation, with its unit, its rate and its qualifier."""

import re
from collections.abc import Iterator

from ragkit.figures import Figure, FigureKind
from ragkit.verify.case import Case
from ragkit.verify.view import read_view
from ragkit.words import stem

CALENDAR = frozenset({FigureKind.DATE, FigureKind.YEAR})
_MONTHS_IN = {"month": 1.0, "quarter": 3.0, "year": 12.0, "decade": 120.0}
_HOURS_IN = {
    "second": 1 / 3600,
    "minute": 1 / 60,
    "hour": 1.0,
    "day": 24.0,
    "night": 24.0,
    "week": 168.0,
    "fortnight": 336.0,
}
_MORE = frozenset(
    {
        *("over", "more than", "at least", "above", "exceeding", "no less than", "just over"),
        *("no fewer than", "as many as", "or more", "or over", "or above", "and over", "plus"),
    }
)
_LESS = frozenset(
    {
        *("under", "less than", "fewer than", "at most", "up to", "below", "no more than"),
        *("not more than", "just under", "or fewer", "or less", "or under", "nearly", "almost"),
        "as few as",
    }
)
_SCALED = re.compile(r"£000|\(000s?\)|£m\b|\(thousands\)|\(millions\)")
_LETTER = re.compile(r"[a-z]")
_NARROWS = re.compile(
    r"\b(?:of (?:whom|which|them|these|those)|for)"
    r"(?: (?:about|around|some|roughly|nearly|almost))?(?: an?)? ?$"
)
_PLURAL = re.compile(r"(?:[^s]s|people|men|women|children)$")
_DIGITS = re.compile(r"\d")
_PER = {"year": "annual yearly", "month": "monthly", "week": "weekly", "day": "daily"}


def check_figures(case: Case) -> Iterator[str]:
    """Every figure is in the quotation, at least as often, and means the same there."""
    left = list(case.figures)
    for figure in case.claim.figures:
        same = [f for f in left if _matches(figure, f, case)]
        if same:
            chosen = min(same, key=lambda f: len(tuple(_differences(figure, f, case))))
            if figure.kind not in CALENDAR and not _is_one(figure):
                left.remove(chosen)
            yield from _differences(figure, chosen, case)
        elif figure.kind in CALENDAR:
            if not _calendar_given(figure, case):
                yield f'date "{figure.text}" is not in the quotation'
        elif not _is_one(figure) or figure.kind is not FigureKind.COUNT:
            yield f"figure {figure.text} is not in the quotation"


def check_digits(case: Case) -> Iterator[str]:
    """Codes and references with digits ("P2", "Table 3") are in the quotation as written."""
    known = {w.text for view in (*case.evidence, *case.context) for w in view.words}
    for word in case.claim.words:
        inside = any(f.start <= word.start < f.end for f in case.claim.figures)
        if not inside and _DIGITS.search(word.text) and word.text not in known:
            yield f'"{word.text}" is not in the quotation'


def check_dropped_figures(case: Case) -> Iterator[str]:
    """A figure that narrows a clause in use is not left out: "a third of them", "over 2 ha"."""
    said = {f.value for f in case.claim.figures}
    for view in case.evidence:
        used = case.used_of(view)
        for figure in view.figures:
            inside = any(figure.start <= w.start < figure.end for w in used)
            narrows = _NARROWS.search(view.text[: figure.start]) or _side(figure.qualifier)
            if inside and narrows and figure.value not in said:
                yield f"figure {figure.text} is missing from the claim"


def _is_one(figure: Figure) -> bool:
    return figure.value == 1 and not _DIGITS.search(figure.text)


def _matches(claim: Figure, evidence: Figure, case: Case) -> bool:
    kinds = {claim.kind, evidence.kind}
    if FigureKind.DURATION in kinds and kinds <= {FigureKind.DURATION}:
        return _duration(claim) == _duration(evidence)
    if claim.value != evidence.value:
        return False
    if claim.kind is evidence.kind:
        return claim.kind is not FigureKind.DATE or claim.unit == evidence.unit
    if FigureKind.COUNT not in kinds:
        return False
    return _unit_stands_apart(claim, case)


def _duration(figure: Figure) -> tuple[str, float]:
    unit = figure.base_unit.split()[-1]
    if unit in _MONTHS_IN:
        return "months", round(figure.value * _MONTHS_IN[unit], 3)
    return "hours", round(figure.value * _HOURS_IN.get(unit, 1000.0), 3)


def _unit_stands_apart(figure: Figure, case: Case) -> bool:
    """A table gives the unit in its header: "Cost (£m): 0.93", "Time (seconds): 16.8"."""
    text = " ".join(view.text for view in (*case.evidence, *case.context)).lower()
    match figure.kind:
        case FigureKind.MONEY:
            return figure.base_unit in text
        case FigureKind.PERCENT:
            return "%" in text or "per cent" in text
        case FigureKind.DURATION:
            return figure.base_unit in text
        case _:
            return True


def _differences(claim: Figure, evidence: Figure, case: Case) -> Iterator[str]:
    yield from _unit_difference(claim, evidence)
    yield from _scale_difference(claim, case)
    yield from _rate_difference(claim, evidence, case)
    yield from _noun_difference(claim, evidence)
    yield from _qualifier_difference(claim, evidence)


def _scale_difference(claim: Figure, case: Case) -> Iterator[str]:
    unscaled = claim.kind in (FigureKind.MONEY, FigureKind.COUNT) and not _LETTER.search(claim.text)
    if unscaled and _SCALED.search(case.headers):
        yield f"unit: the table does not count {claim.text} in ones"


def _unit_difference(claim: Figure, evidence: Figure) -> Iterator[str]:
    if claim.kind is not evidence.kind or claim.kind in (FigureKind.COUNT, FigureKind.ORDINAL):
        return
    said, quoted = claim.base_unit, evidence.base_unit
    if claim.kind is FigureKind.DURATION:
        said, quoted = said.rpartition(" ")[0], quoted.rpartition(" ")[0]
    if said != quoted:
        yield f"unit: claim says {claim.text}, quotation says {evidence.text}"


def _rate_difference(claim: Figure, evidence: Figure, case: Case) -> Iterator[str]:
    said, quoted = frozenset(claim.rate.split("/")), frozenset(evidence.rate.split("/"))
    if not evidence.rate:
        missing = sorted(r for r in said if r and not _rate_given(r, case.evidence_stems))
        if missing:
            yield f"unit: {claim.text} per {missing[0]} is not in the quotation"
    elif not claim.rate:
        stems = frozenset(word.stem for word in case.claim.words)
        if not any(_rate_given(r, stems) for r in quoted):
            yield f"unit: per {evidence.rate} is missing after {claim.text}"
    elif {stem(r) for r in said} != {stem(r) for r in quoted}:
        yield f"unit: claim says per {claim.rate}, quotation says per {evidence.rate}"


def _rate_given(rate: str, stems: frozenset[str]) -> bool:
    return any(stem(word) in stems for word in (rate, *_PER.get(rate, "").split()))


def _noun_difference(claim: Figure, evidence: Figure) -> Iterator[str]:
    """A count of people is not a count of beds; only plain nouns on both sides are compared."""
    if {claim.kind, evidence.kind} != {FigureKind.COUNT}:
        return
    if not all(_PLURAL.search(f.base_unit) for f in (claim, evidence)):
        return
    said, quoted = claim.base_unit, evidence.base_unit
    if not read_view(said).keys & read_view(quoted).keys:
        yield f"unit: claim says {claim.text} {said}, quotation says {quoted}"


def _qualifier_difference(claim: Figure, evidence: Figure) -> Iterator[str]:
    said, quoted = _side(claim.qualifier), _side(evidence.qualifier)
    if said != quoted:
        if said:
            yield f'"{claim.qualifier}" {claim.text} is not in the quotation'
        else:
            yield f'"{evidence.qualifier}" is missing before {claim.text}'


def _side(qualifier: str) -> str:
    if qualifier in _MORE:
        return "more"
    return "less" if qualifier in _LESS else ""


def _calendar_given(figure: Figure, case: Case) -> bool:
    """Whether the quotation gives a date in parts or more exactly: June 2022 as 5 June 2022."""
    wanted = _date_parts(figure)
    for view in case.evidence:
        dated = [f for f in view.figures if f.kind in CALENDAR]
        if any(wanted.items() <= _date_parts(f).items() for f in dated):
            return True
        if _parts_lie_apart(wanted, dated):
            return True
    return False


def _parts_lie_apart(wanted: dict[str, float], dated: list[Figure]) -> bool:
    """Whether "June and July 2022" gives June 2022; "June 2021 and July 2022" does not."""
    if len(wanted) < 2 or "year" not in wanted:
        return False
    rest = {part: n for part, n in wanted.items() if part != "year"}
    partial = [f for f in dated if "year" not in _date_parts(f)]
    return any(
        rest.items() <= _date_parts(part).items()
        and _date_parts(whole).get("year") == wanted["year"]
        and 0 < whole.start - part.end < 25
        for part in partial
        for whole in dated
    )


def _date_parts(figure: Figure) -> dict[str, float]:
    value = figure.value
    match figure.unit:
        case "day":
            return {"year": value // 10_000, "month": value // 100 % 100, "day": value % 100}
        case "month":
            return {"year": value // 100, "month": value % 100}
        case "day of year":
            return {"month": value // 100, "day": value % 100}
        case "month of year":
            return {"month": value}
        case "financial year":
            return {"financial year": value}
        case _:
            return {"year": value}
