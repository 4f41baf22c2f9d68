"""The words that decide meaning, read once from ``lexicon.toml``, which explains each list."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Opposites:
    """Two sides of which a word of one asserts the contrary of the other."""

    label: str
    one: Words
    other: Words
    is_stated: bool  # the quotation must say it in words; figures alone do not bear it out


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The lists of ``lexicon.toml``; a phrase is one entry with spaces."""

    negations: Words
    causes: Words
    weak_causes: Words
    changers: Words
    disclaimers: Words
    conditions: Words
    strong: Words
    openers: Words
    light: Words
    universals: tuple[Words, ...]
    limits: tuple[Words, ...]
    hedges: tuple[Words, ...]
    synonyms: tuple[Words, ...]
    opposites: tuple[Opposites, ...]


def _words(text: str) -> Words:
    return tuple(word.replace("_", " ") for word in text.split())


@lru_cache(maxsize=1)
def load_lexicon() -> Lexicon:
    """The lexicon that ships with the package."""
    source = files("ragkit.verify").joinpath("lexicon.toml").read_text(encoding="utf-8")
    raw = tomllib.loads(source)
    return Lexicon(
        negations=_words(raw["negations"]),
        causes=_words(raw["causes"]),
        weak_causes=_words(raw["weak_causes"]),
        changers=_words(raw["changers"]),
        disclaimers=_words(raw["disclaimers"]),
        conditions=_words(raw["conditions"]),
        strong=_words(raw["strong"]),
        openers=_words(raw["openers"]),
        light=_words(raw["light"]),
        universals=tuple(map(_words, raw["universals"])),
        limits=tuple(map(_words, raw["limits"])),
        hedges=tuple(map(_words, raw["hedges"])),
        synonyms=tuple(map(_words, raw["synonyms"])),
        opposites=tuple(
            Opposites(o["label"], _words(o["one"]), _words(o["other"]), o.get("stated", False))
            for o in raw["opposites"]
        ),
    )


LEXICON = load_lexicon()
