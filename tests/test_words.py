"""How text is read and compared."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit import words
from ragkit.words import date_words, fold, reading_form, terms, tokens


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(words).failed == 0


def test_names_with_signs_stay_whole() -> None:
    assert tokens("A&E and CC4C's hubs") == ["a&e", "and", "cc4c", "hubs"]


def test_composed_and_decomposed_letters_are_the_same() -> None:
    assert tokens("Caf\u00e9") == tokens("Cafe\u0301")


def test_hidden_characters_do_not_split_or_change_a_word() -> None:
    assert terms("bud\u00adget\u200b") == terms("budget")


@given(st.text())
def test_the_reading_form_is_one_tidy_line_and_stays_as_it_is(text: str) -> None:
    once = reading_form(text)
    assert once == once.strip()
    assert "\n" not in once
    assert "  " not in once


@given(st.text())
def test_folding_never_fails_and_tokens_are_folded(text: str) -> None:
    assert all(t == fold(t) for t in tokens(text) if t.isascii())


@pytest.mark.parametrize(
    ("date", "words"),
    [
        ("2016-09-15", "15 September 2016"),
        ("2022-01", "January 2022"),
        ("2019", "2019"),
        ("", ""),
        ("spring 2020", "spring 2020"),
        ("2020-13", "2020-13"),
        ("2020-Q1", "2020-Q1"),
    ],
)
def test_a_date_reads_as_it_is_known(date: str, words: str) -> None:
    assert date_words(date) == words
