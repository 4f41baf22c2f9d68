"""Decide which lines are headings, by weighing what speaks for and against each.

A number at the start of a line is no proof: lists are numbered too, and bullets begin with
decimals. What counts is that the numbering continues, that the contents list knows the title, that
the line stands alone and reads like a title. Unnumbered headings are looked for only where the
numbering stops short.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ragkit.parse.lines import Line
from ragkit.types import Document, SectionKind
from ragkit.words import reading_form, terms

_MAX_TITLE_WORDS = 14
_MAX_LABEL_WORDS = 22
_MAX_GAP = 3  # numbers that a damaged document may have lost between two headings
_CAPTION = re.compile(r"(table|figure|fig\.|box|chart)\s+\d", re.IGNORECASE)
_NUMBERED_TITLE = re.compile(r"(\d{1,2}(?:\.\d{1,2})*)\.?\s+(\S.*)")
_BARE_NUMBER = re.compile(r"\d{1,2}(?:\.\d{1,2})+")
_ANNOUNCES = re.compile(
    r"\b(is|are|was|were|has|have|said|says|includes?|including|will|should|can|must|below|"
    r"following|follows)\b|\b(?:to|that|by):$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Heading:
    """A line that opens a section."""

    line: int  # index into the lines
    kind: SectionKind
    number: str
    title: str
    level: int  # from 1


@dataclass(frozen=True, slots=True)
class ContentsList:
    """The table of contents: its lines, and the titles it gives, by number."""

    first: int
    last: int  # one past the last line
    titles: dict[str, str]


@dataclass(frozen=True, slots=True)
class Outline:
    """The headings in text order, and the table of contents if there is one."""

    headings: tuple[Heading, ...]
    contents: ContentsList | None


def read_outline(document: Document, lines: Sequence[Line]) -> Outline:
    """Find the headings; from the format's own hints where it has them."""
    if any(hint.kind == "heading" for hint in document.hints):
        return Outline(_hinted_headings(document, lines), None)
    contents = _find_contents(lines)
    body = _body_lines(lines, contents)
    numbered = _numbered_headings(lines, body, contents)
    unnumbered = _unnumbered_headings(lines, body, numbered)
    return Outline(tuple(sorted([*numbered, *unnumbered], key=lambda h: h.line)), contents)


def _find_contents(lines: Sequence[Line]) -> ContentsList | None:
    """The first run of three or more lines that give a heading and its page."""
    run = _contents_run(lines)
    if not run:
        return None
    first = run[0]
    before = [i for i in range(max(0, first - 4), first) if not lines[i].is_blank]
    if before and "contents" in lines[before[-1]].plain.casefold():
        first = before[-1]
    titles = {}
    for index in run:
        match = _NUMBERED_TITLE.match(re.sub(r"(\.{3,}|\t)\s*\d+\s*$", "", lines[index].text))
        if match:
            titles[match.group(1)] = reading_form(match.group(2))
    return ContentsList(first, run[-1] + 1, titles)


def _contents_run(lines: Sequence[Line]) -> list[int]:
    run: list[int] = []
    for index, line in enumerate(lines):
        if line.looks_like_contents and "|" not in line.text:
            run.append(index)
        elif not line.is_blank:
            if _is_contents_run(lines, run):
                return run
            run = []
    return run if _is_contents_run(lines, run) else []


def _is_contents_run(lines: Sequence[Line], run: Sequence[int]) -> bool:
    """Three lines or more, and at least half of them numbered: a table of figures is neither."""
    return len(run) >= 3 and 2 * sum(bool(lines[i].order) for i in run) >= len(run)


def _body_lines(lines: Sequence[Line], contents: ContentsList | None) -> tuple[int, ...]:
    skip = range(contents.first, contents.last) if contents else range(0)
    return tuple(i for i, line in enumerate(lines) if i not in skip and not line.is_blank)


def _hinted_headings(document: Document, lines: Sequence[Line]) -> tuple[Heading, ...]:
    levels = {h.start: h.level for h in document.hints if h.kind == "heading"}
    found = []
    for index, line in enumerate(lines):
        if line.start not in levels:
            continue
        found.append(_hinted(index, line.plain.strip("# "), levels[line.start]))
    return tuple(found)


def _hinted(index: int, text: str, level: int) -> Heading:
    """A number alone heads a numbered paragraph, a clause; it goes by its chapter's title."""
    if _BARE_NUMBER.fullmatch(text):
        return Heading(index, SectionKind.CLAUSE, text, "", level)
    match = _NUMBERED_TITLE.fullmatch(text)
    if match:
        return Heading(index, SectionKind.NUMBERED, match.group(1), match.group(2), level)
    return Heading(index, SectionKind.UNNUMBERED, "", text, level)


def _numbered_headings(
    lines: Sequence[Line], body: Sequence[int], contents: ContentsList | None
) -> tuple[Heading, ...]:
    dotted = [i for i in body if lines[i].style == "1.1"]
    kind = SectionKind.CLAUSE if _are_clauses(lines, dotted) else SectionKind.NUMBERED
    found: list[Heading] = []
    last: dict[str, int] = {}  # the last number used under each parent: {"": 5, "5": 8, "5.8": 7}
    for place, index in enumerate(body):
        line = lines[index]
        if line.style == "1." and not line.bulleted and line.indent == 0:
            if int(line.order) != last.get("", 0) + 1:
                continue
            if _is_chapter(lines, body, place, contents):
                found.append(_numbered(index, line, SectionKind.NUMBERED))
                last = {"": int(line.order)}
        elif line.style == "1.1" and _continues(line.order, last):
            if kind is SectionKind.NUMBERED and (line.bulleted or not _is_title(line)):
                continue
            found.append(_numbered(index, line, kind))
            parent, _, number = line.order.rpartition(".")
            last = {k: v for k, v in last.items() if not k.startswith(line.order)}
            last[parent] = int(number)
    return tuple(found)


def _numbered(index: int, line: Line, kind: SectionKind) -> Heading:
    title = "" if kind is SectionKind.CLAUSE else line.after_marker
    return Heading(index, kind, line.order, title, line.order.count(".") + 1)


def _are_clauses(lines: Sequence[Line], dotted: Sequence[int]) -> bool:
    """Numbered paragraphs, not titles: most of them are whole sentences."""
    sentences = sum(1 for i in dotted if lines[i].ends_sentence or not _is_title(lines[i]))
    return 2 * sentences > len(dotted)


def _continues(order: str, last: dict[str, int]) -> bool:
    """Whether a dotted number follows the last one under the same parent.

    The same number may come twice: reports do that, and both are headings.
    """
    parent, _, number = order.rpartition(".")
    grand, _, child = parent.rpartition(".")
    if last and last.get(grand) != int(child):
        return False
    before = last.get(parent, 0)
    return before <= int(number) <= before + _MAX_GAP and int(number) > 0


def _is_title(line: Line) -> bool:
    title = line.after_marker
    return (
        len(title.split()) <= _MAX_TITLE_WORDS
        and not title.endswith((".", ";", ",", ":"))
        and title[:1].isupper()
    )


def _is_chapter(
    lines: Sequence[Line], body: Sequence[int], place: int, contents: ContentsList | None
) -> bool:
    line = lines[body[place]]
    if contents and contents.titles:
        return _same_title(contents.titles.get(line.order, ""), line.after_marker)
    neighbours = {*body[max(0, place - 1) : place], *body[place + 1 : place + 2]}
    follows = lines[body[place + 1]] if place + 1 < len(body) else None
    score = 2 * _is_title(line)
    score += line.after_marker.isupper()
    score += follows is not None and follows.order == f"{line.order}.1"
    score -= 3 * any(lines[i].style == "1." for i in neighbours)
    return score >= 2


def _same_title(known: str, title: str) -> bool:
    ours, theirs = set(terms(title)), set(terms(known))
    return bool(ours & theirs) and 5 * len(ours & theirs) >= 3 * len(ours | theirs)


def _unnumbered_headings(
    lines: Sequence[Line], body: Sequence[int], numbered: Sequence[Heading]
) -> Iterable[Heading]:
    major = [h.title for h in numbered if h.level <= 2 and h.title]
    for first, last, level in _open_regions(lines, numbered):
        region = [i for i in body if first <= i < last]
        spaced = _is_spaced(lines, region)
        for place, index in enumerate(region):
            if not numbered and index == body[0]:
                continue  # the first line names the document
            line = lines[index]
            follows = lines[region[place + 1]] if place + 1 < len(region) else None
            if spaced and not _is_isolated(lines, index):
                continue
            if _reads_like_heading(line, follows, major, has_numbers=bool(numbered)):
                title = line.plain.rstrip(":")
                yield Heading(index, SectionKind.UNNUMBERED, "", title, level)


def _open_regions(
    lines: Sequence[Line], numbered: Sequence[Heading]
) -> Iterable[tuple[int, int, int]]:
    """Where the numbering stops short: (first line, one past the last, level of a heading there).

    That is the whole text when nothing is numbered; otherwise the numbered sections without
    numbered parts of their own, where others of the document are divided further.
    """
    if not numbered:
        yield 0, len(lines), 1
        return
    deepest = max(h.level for h in numbered)
    ends = [*(h.line for h in numbered[1:]), len(lines)]
    for place, (heading, end) in enumerate(zip(numbered, ends, strict=True)):
        has_parts = place + 1 < len(numbered) and numbered[place + 1].level > heading.level
        if not has_parts and (heading.level < deepest or deepest == 1):
            yield heading.line + 1, end, heading.level + 1


def _is_spaced(lines: Sequence[Line], region: Sequence[int]) -> bool:
    """Whether paragraphs are set apart by blank lines."""
    apart = sum(1 for i in region if i > 0 and lines[i - 1].is_blank)
    return 3 * apart > len(region)


def _is_isolated(lines: Sequence[Line], index: int) -> bool:
    before = index == 0 or lines[index - 1].is_blank
    after = index + 1 == len(lines) or lines[index + 1].is_blank
    return before and after


def _reads_like_heading(
    line: Line, follows: Line | None, major: Sequence[str], *, has_numbers: bool
) -> bool:
    title = line.plain
    if line.style or line.is_table_row or line.is_note or line.starts_quotation:
        return False
    if not title[:1].isupper() or _CAPTION.match(title):
        return False
    if title.endswith(":"):
        return not has_numbers and _is_label_heading(title, follows)
    if title.endswith((".", ";", ",", "!", "?")) or len(title.split()) > _MAX_TITLE_WORDS:
        return False
    if any(_same_title(known, title) for known in major):
        return True
    return follows is not None and _is_prose(follows)


def _is_label_heading(title: str, follows: Line | None) -> bool:
    """A heading that ends in a colon names what comes; a lead-in says it in a sentence."""
    if len(title.split()) > _MAX_LABEL_WORDS or _ANNOUNCES.search(title):
        return False
    return follows is None or _is_prose(follows)


def _is_prose(line: Line) -> bool:
    is_sentence = line.ends_sentence or line.plain.endswith(":")
    return not line.style and not line.is_table_row and is_sentence
