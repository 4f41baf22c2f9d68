"""Figures: the same value however it is written, and nothing that is no figure."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.figures import FigureKind, find_figures

VALUES = {
    "scaled": ("a fund of £2.3m", 2_300_000, FigureKind.MONEY, "£"),
    "thousands": ("£166k was left", 166_000, FigureKind.MONEY, "£"),
    "billions": ("£1.2 billion a year", 1.2e9, FigureKind.MONEY, "£/year"),
    "separators": ("12,450 loaves were baked", 12_450, FigureKind.COUNT, "loaves"),
    "per cent": ("39 per cent of otters", 39, FigureKind.PERCENT, "%"),
    "sign": ("up by 8.8%", 8.8, FigureKind.PERCENT, "%"),
    "points": ("3 percentage points higher", 3, FigureKind.PERCENT, "point"),
    "fifth": ("a fifth of the ferries", 20, FigureKind.PERCENT, "%"),
    "two thirds": ("two thirds of crews", 66.7, FigureKind.PERCENT, "%"),
    "half": ("half of the harbour", 50, FigureKind.PERCENT, "%"),
    "odds": ("one in five ferries", 20, FigureKind.PERCENT, "%"),
    "word": ("twelve boats", 12, FigureKind.COUNT, "boats"),
    "hyphen": ("twenty-five boats", 25, FigureKind.COUNT, "boats"),
    "words": ("one hundred and twenty boats", 120, FigureKind.COUNT, "boats"),
    "months": ("after 18 months", 18, FigureKind.DURATION, "month"),
    "a year": ("for a year", 1, FigureKind.DURATION, "year"),
    "working days": ("29 working days", 29, FigureKind.DURATION, "working day"),
    "rate": ("486 hours a week", 486, FigureKind.DURATION, "hour/week"),
    "two rates": ("£11 per person per month", 11, FigureKind.MONEY, "£/person/month"),
    "adjective rate": ("a yearly fee of £95", 95, FigureKind.MONEY, "£/year"),
    "full date": ("on 31 March 2023", 20230331, FigureKind.DATE, "day"),
    "month": ("by March 2024", 202403, FigureKind.DATE, "month"),
    "bare month": ("since October", 10, FigureKind.DATE, "month of year"),
    "financial year": ("in 2021/22", 2021, FigureKind.YEAR, "financial year"),
    "financial year, dash": ("in 2021-22", 2021, FigureKind.YEAR, "financial year"),
    "year": ("in 2019", 2019, FigureKind.YEAR, "year"),
    "clock": ("after 6.30pm", 18.5, FigureKind.TIME, "hour"),
    "label": ("a Tier 2 ferry", 2, FigureKind.ORDINAL, "tier"),
    "ordinal": ("the third ferry", 3, FigureKind.ORDINAL, "ferry"),
}


@pytest.mark.parametrize("case", VALUES.values(), ids=VALUES.keys())
def test_a_figure_is_read_with_its_value_kind_and_unit(
    case: tuple[str, float, FigureKind, str],
) -> None:
    text, value, kind, unit = case
    (figure,) = find_figures(text)
    assert (figure.value, figure.kind, figure.unit) == (value, kind, unit)


RANGES = {
    "ages": ("children aged 0-18", [0, 18]),
    "ages, en dash": ("children aged 0–19", [0, 19]),
    "counts": ("from 30,000 to 40,000 gulls", [30_000, 40_000]),
    "money": ("£2-3m was asked for", [2e6, 3e6]),
    "years": ("in 2015–18", [2015, 2018]),
    "durations": ("between 12 and 18 months", [12, 18]),
    "percentages": ("10% to 12% of rent", [10, 12]),
    "no range": ("£2m and 12 gulls", [2e6, 12]),
    "year and share": ("66 per cent in 2021/22 and 70 per cent later", [66, 2021, 70]),
}


@pytest.mark.parametrize("case", RANGES.values(), ids=RANGES.keys())
def test_a_range_is_two_figures(case: tuple[str, list[float]]) -> None:
    text, values = case
    assert [figure.value for figure in find_figures(text)] == values


@pytest.mark.parametrize(
    "text",
    [
        "open 24/7 to gulls",
        "no one came, and one of them said so",
        "as Table 3 and section 5.4.1 show",
        "3.2 The ferry sails",
        "a one-to-one talk",
        "it may rise",
        "",
    ],
)
def test_what_is_no_figure_is_left_alone(text: str) -> None:
    assert find_figures(text) == ()


@pytest.mark.parametrize(
    ("text", "qualifier"),
    [
        ("over 40 gulls", "over"),
        ("just under 40 gulls", "just under"),
        ("up to 40 gulls", "up to"),
        ("about 40 gulls", "about"),
        ("40 or more gulls", "or more"),
        ("the 40 gulls", ""),
    ],
)
def test_a_qualifier_is_kept_with_its_figure(text: str, qualifier: str) -> None:
    assert find_figures(text)[0].qualifier == qualifier


@given(st.text(max_size=200) | st.from_regex(r"([£0-9 ,.%/–-]|one|half|March|to|m){0,40}"))
def test_spans_reproduce_their_text_in_order_and_do_not_overlap(text: str) -> None:
    figures = find_figures(text)
    assert all(text[f.start : f.end] == f.text for f in figures)
    assert all(one.end <= two.start for one, two in pairwise(figures))


@given(st.integers(min_value=0, max_value=10**9))
def test_separators_do_not_change_a_value(n: int) -> None:
    plain, separated = find_figures(f"so £{n} it is"), find_figures(f"so £{n:,} it is")
    assert [f.value for f in plain] == [f.value for f in separated] == [n]
