"""A sentence as the checks see it: its words with stems, its names, its figures, its clauses."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from ragkit.figures import Figure, find_figures
from ragkit.verify.lexicon import LEXICON
from ragkit.words import STOP_WORDS, fold, reading_form, stem

_WORD = re.compile(r"a&e|[^\W_]+(?:'[a-z]+)?")
_QUOTES = str.maketrans("‘’‛“”„", "'''\"\"\"")
_CLAUSE_END = re.compile(
    r"[;:]|[.!?](?=\s)|,? (?=(?:but|whereas|while|although|though|because|unless|however|"
    r"compared with|against|except|other than|provided|subject to)\b)|, ",
    re.IGNORECASE,
)
_COMMON_ENDINGS = ("ly", "ing", "ed", "ions", "ion", "ment", "ments", "ers", "ness", "ance", "ence")
SYNONYM = "="  # opens the key of a group of synonyms, so that it is no stem
_ROW = re.compile(r"(?:^|; )[^:;]{1,80}: ")


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a sentence; words that share a key may stand for each other."""

    text: str  # folded
    stem: str
    start: int
    end: int
    is_capital: bool
    is_content: bool  # carries meaning of its own, and is not a figure

    @property
    def keys(self) -> frozenset[str]:
        """The word, its stem and the groups of synonyms that it belongs to."""
        return _keys(self.text, self.stem)


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside a figure or a name, nearest first."""

    before: tuple[frozenset[str], ...]
    after: tuple[frozenset[str], ...]

    def likeness(self, other: "Beside") -> float:
        """How far two surroundings agree; a word counts less the more its distance differs."""
        return _side_likeness(self.before, other.before) + _side_likeness(self.after, other.after)


def _side_likeness(one: tuple[frozenset[str], ...], other: tuple[frozenset[str], ...]) -> float:
    return sum(
        max((1 / (1 + abs(i - j)) for j, there in enumerate(other) if keys & there), default=0.0)
        for i, keys in enumerate(one)
    )


@dataclass(frozen=True, slots=True)
class Name:
    """A run of words with capitals; `label` is folded."""

    label: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class View:
    """One sentence, read once for all checks."""

    text: str
    words: tuple[Word, ...]
    figures: tuple[Figure, ...]
    clauses: tuple[tuple[int, int], ...]

    @property
    def is_row(self) -> bool:
        """A table row: "header: value; header: value"."""
        return len(_ROW.findall(self.text)) > 1

    @property
    def keys(self) -> frozenset[str]:
        """The keys of every word."""
        return frozenset().union(*(word.keys for word in self.words)) if self.words else frozenset()

    def is_name(self, word: Word) -> bool:
        """Written with a capital, and no month, number or common opening of a sentence."""
        if not word.is_capital or not word.is_content:
            return False
        raw = self.text[word.start : word.end]
        if len(raw) > 1 and raw[1].isupper():
            return True
        before = self.text[: word.start].rstrip("\"'( ")
        opens = not before or before[-1] in ".:;!?"
        common = word.stem in _common_openers() or word.text.endswith(_COMMON_ENDINGS)
        return not (opens and common)

    def beside(self, start: int, end: int) -> Beside:
        """The words that stand beside a span, up to four of meaning on either side."""
        content = [w for w in self.words if w.is_content]
        before = [w.keys for w in content if w.end <= start][-4:]
        after = [w.keys for w in content if w.start >= end][:4]
        return Beside(tuple(reversed(before)), tuple(after))

    def names(self) -> tuple[Name, ...]:
        """Runs of names, in reading order; an abbreviation in brackets repeats the one before."""
        found: list[Name] = []
        for word in self.words:
            if not self.is_name(word) or self.text[: word.start].endswith("("):
                continue
            joined = found and self.text[found[-1].end : word.start] in (" ", " of ", "-", "'s ")
            last = found.pop() if joined else Name("", word.start, word.start)
            found.append(Name(f"{last.label} {word.text}".strip(), last.start, word.end))
        return tuple(found)

    def within(self, clause: tuple[int, int]) -> tuple[Word, ...]:
        """The words of one clause."""
        return tuple(w for w in self.words if clause[0] <= w.start < clause[1])


@lru_cache(maxsize=1)
def _synonyms() -> dict[str, frozenset[str]]:
    groups: dict[str, set[str]] = {}
    for n, group in enumerate(LEXICON.synonyms):
        for word in group:
            groups.setdefault(stem(word), set()).add(f"{SYNONYM}{n}")
    return {word: frozenset(found) for word, found in groups.items()}


@lru_cache(maxsize=1)
def _common_openers() -> frozenset[str]:
    """Stems of words that open sentences without being names."""
    groups = (word for group in LEXICON.synonyms for word in group)
    return frozenset(stem(word) for word in (*groups, *LEXICON.light, *LEXICON.openers))


@lru_cache(maxsize=65_536)
def _keys(text: str, stemmed: str) -> frozenset[str]:
    return frozenset({text, stemmed}) | _synonyms().get(stemmed, frozenset())


@lru_cache(maxsize=4096)
def read_view(text: str) -> View:
    """Read a sentence; citation markers must be gone, mark-up need not."""
    text = reading_form(text).translate(_QUOTES)
    figures = find_figures(text)
    words = tuple(_words(text, figures))
    cuts = [m.start() for m in _CLAUSE_END.finditer(text)]
    clauses = tuple(zip([0, *cuts], [*cuts, len(text)], strict=True))
    return View(text, words, figures, clauses)


def _words(text: str, figures: tuple[Figure, ...]) -> Iterable[Word]:
    lowered = text.lower()
    if len(lowered) != len(text):  # a few letters grow when lowered; positions must hold
        lowered = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    for match in _WORD.finditer(lowered):
        raw = fold(match[0]).removesuffix("'s")
        in_figure = any(f.start <= match.start() < f.end for f in figures)
        yield Word(
            text=raw,
            stem=stem(raw),
            start=match.start(),
            end=match.end(),
            is_capital=text[match.start()].isupper(),
            is_content=raw not in STOP_WORDS and not in_figure and len(raw) > 1,
        )


@lru_cache(maxsize=4096)
def _phrase_stems(phrase: str) -> tuple[str, ...]:
    return tuple(stem(part) for part in phrase.split())


def any_of(words: Iterable[Word], phrases: Iterable[str]) -> str:
    """The first of the phrases whose words stand in a row, compared by stem; or ""."""
    stems = tuple(word.stem for word in words)
    held = frozenset(stems)
    for phrase in phrases:
        wanted = _phrase_stems(phrase)
        if not held.issuperset(wanted):
            continue
        size = len(wanted)
        if any(stems[i : i + size] == wanted for i in range(len(stems) - size + 1)):
            return phrase
    return ""
