"""Tile a document's text with sections: every character lies in exactly one."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ragkit.parse.lines import Line
from ragkit.parse.outline import Heading, Outline
from ragkit.types import Document, Section, SectionKind
from ragkit.words import terms

# A chapter that is divided by area and then speaks of all areas again says so in its first words.
_SPEAKS_OF_ALL = re.compile(
    r"(?:(?:from|across|among|in|for|of)\s+)?(?:the|these|those|all|many|most|several|some|both)\s+"
    r"(?:of\s+(?:the|these)\s+)?(?:\w+\s+){0,2}?"
    r"(?:models|programmes|frameworks|areas|towns|regions|interviewees|interviews|examples|sites|"
    r"localities|partnerships|case studies)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Cut:
    """Where a section begins, and what it is."""

    start: int
    body_start: int
    heading: Heading


def build_sections(
    document: Document, lines: Sequence[Line], outline: Outline
) -> tuple[Section, ...]:
    """The sections in text order, contents and front matter included."""
    cuts = sorted(_cuts(document, lines, outline), key=lambda c: c.start)
    ends = [*(c.start for c in cuts[1:]), len(document.text)]
    sections: list[Section] = []
    ancestors: list[Section] = []
    for cut, end in zip(cuts, ends, strict=True):
        level = cut.heading.level
        ancestors = [s for s in ancestors if 0 < s.level < level]
        section = _section(document, cut, end, ordinal=len(sections), ancestors=ancestors)
        sections.append(section)
        if section.kind is not SectionKind.CONTINUATION:
            ancestors.append(section)
    return tuple(sections)


def _section(
    document: Document, cut: _Cut, end: int, *, ordinal: int, ancestors: Sequence[Section]
) -> Section:
    heading = cut.heading
    parent = ancestors[-1] if ancestors else None
    title = heading.title or (parent.title if parent else "")
    label = f"{heading.number} {heading.title}".strip() or title
    above = parent.path if parent else ()
    is_more = heading.kind is SectionKind.CONTINUATION
    return Section(
        id=f"{document.content_hash[:12]}:{cut.start}-{end}",
        document_id=document.id,
        ordinal=ordinal,
        kind=heading.kind,
        number=heading.number,
        title=title,
        level=heading.level,
        path=above if is_more else (*above, label),
        cited_number=heading.number or (parent.cited_number if parent else ""),
        start=cut.start,
        body_start=cut.body_start,
        end=end,
        parent_id=parent.id if parent else "",
    )


def _cuts(document: Document, lines: Sequence[Line], outline: Outline) -> Iterator[_Cut]:
    headings, contents = outline.headings, outline.contents
    first = lines[headings[0].line].start if headings else len(document.text)
    if first > 0 or not headings:
        yield _plain_cut(0, SectionKind.FRONT, document.title)
    if contents:
        start = lines[contents.first].start
        yield _plain_cut(start, SectionKind.CONTENTS, "Contents")
        after = lines[contents.last - 1].end + 1
        if after < first and document.text[after:first].strip():
            yield _plain_cut(after, SectionKind.FRONT, document.title)
    for heading in headings:
        yield _heading_cut(document, lines[heading.line], heading)
    yield from _continuations(document, lines, headings)


def _plain_cut(start: int, kind: SectionKind, title: str) -> _Cut:
    return _Cut(start, start, Heading(-1, kind, "", title, 0))


def _heading_cut(document: Document, line: Line, heading: Heading) -> _Cut:
    if heading.kind is SectionKind.CLAUSE and line.plain.strip("# ") != heading.number:
        return _Cut(line.start, line.marker_end, heading)
    return _Cut(line.start, min(line.end + 1, len(document.text)), heading)


def _continuations(
    document: Document, lines: Sequence[Line], headings: Sequence[Heading]
) -> Iterator[_Cut]:
    """Where a chapter goes on after its last unnumbered sub-section, without a heading.

    The sign: the last of several sub-sections holds a paragraph that speaks of all of them, and
    the text from there on names at least three of the others.
    """
    ends = [h.line for h in headings[1:]] + [len(lines)] * bool(headings)
    for place, (heading, end) in enumerate(zip(headings, ends, strict=True)):
        siblings = _siblings_before(headings, place)
        is_last = place + 1 == len(headings) or headings[place + 1].level < heading.level
        if heading.kind is not SectionKind.UNNUMBERED or len(siblings) < 3 or not is_last:
            continue
        start = _return_to_parent(document, lines[heading.line + 1 : end], siblings)
        if start is not None:
            parent = next(h for h in reversed(headings[:place]) if h.level < heading.level)
            more = replace(parent, kind=SectionKind.CONTINUATION, number="", level=heading.level)
            yield _Cut(start, start, more)


def _siblings_before(headings: Sequence[Heading], place: int) -> list[Heading]:
    siblings: list[Heading] = []
    for earlier in reversed(headings[:place]):
        if earlier.level < headings[place].level:
            return siblings
        if earlier.level == headings[place].level:
            siblings.append(earlier)
    return []  # no parent above: nothing to return to


def _return_to_parent(
    document: Document, lines: Sequence[Line], siblings: Sequence[Heading]
) -> int | None:
    for line in lines:
        if not line.style and _SPEAKS_OF_ALL.match(line.plain):
            rest = set(terms(document.text[line.start : lines[-1].end]))
            named = sum(1 for s in siblings if set(terms(s.title)[:1]) & rest)
            return line.start if named >= 3 else None
    return None


def covers(sections: Sequence[Section], length: int) -> bool:
    """Whether sections tile a text of this length without gap or overlap."""
    if not sections:
        return length == 0
    touching = all(a.end == b.start for a, b in pairwise(sections))
    return touching and sections[0].start == 0 and sections[-1].end == length
