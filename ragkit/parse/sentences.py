"""Split the bodies of sections into sentences, each with its kind and what introduces it.

Blocks first (paragraphs, list items, table rows, notes), mended across page breaks; then sentences,
by sentencex. A bullet keeps its lead-in, a table row its header, a header its caption.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import sentencex

from ragkit.parse.lines import Line
from ragkit.types import Document, Section, Sentence, SentenceKind
from ragkit.words import reading_form

_MAX_CAPTION_WORDS = 16
_ATTRIBUTION = re.compile(r"\s*\([^()]{1,120}\)\.?(?=\s|$)")
_SAYS = re.compile(r"\b(?:said|says|commented|added|stated|explained|wrote):$", re.IGNORECASE)
_OPENING = "“\"‘'"
_BAR = re.compile(r"(?<!\\)\|")
_EDGES = "* \t\n\f\v\u00a0"
_NO_MARKS = str.maketrans('“”"', "   ")  # sentencex keeps quoted speech whole


@dataclass(slots=True)
class _Block:
    """Lines that belong together; the span may hold a page break."""

    kind: SentenceKind
    start: int
    end: int
    lines: list[Line]

    @property
    def last(self) -> Line:
        return self.lines[-1]


@dataclass(slots=True)
class _ListLevel:
    """One open list: the form of its markers, what introduces it, and its key."""

    style: str
    indent: int
    introduced_by: str
    group: str


@dataclass(slots=True)
class _Table:
    """The open table; a footnote or a page break does not close it, another width does."""

    group: str
    cells: int
    caption: str
    header: str = ""
    header_cells: set[str] = field(default_factory=set)  # first cells of its header rows
    in_header: bool = False  # the row before was a header row


@dataclass(slots=True)
class _State:
    """What the sentences read so far mean for the next block of the section."""

    lead: str = ""  # the sentence that introduces what comes next
    lists: list[_ListLevel] = field(default_factory=list)
    after_orphan: bool = False
    table: "_Table | None" = None
    speaker: str = ""  # the sentence that says whose words follow without quotation marks


def find_sentences(
    document: Document, lines: Sequence[Line], sections: Sequence[Section]
) -> tuple[Sentence, ...]:
    """The sentences of every section that may be searched, headings included, in text order."""
    found: list[Sentence] = []
    joins = bool(document.hints) or _is_wrapped(lines)
    for section in sections:
        if not section.is_searchable:
            continue
        found.extend(_heading(document, section))
        body = tuple(_body(lines, section))
        found.extend(_read_body(document, section, _blocks(body, joins=joins)))
    return tuple(replace(s, ordinal=i) for i, s in enumerate(found))


def _body(lines: Sequence[Line], section: Section) -> Iterator[Line]:
    """The lines of a section's body; a clause begins on the line of its number."""
    for line in lines:
        if section.body_start <= line.start < section.end:
            yield line
        elif line.start < section.body_start < line.end and section.start == line.start:
            text = line.text[section.body_start - line.start :]
            yield Line(section.body_start, line.end, text, reading_form(text), section.body_start)


def _heading(document: Document, section: Section) -> Iterable[Sentence]:
    text = document.text[section.start : section.body_start].strip()
    if text and section.start < section.body_start and section.title in reading_form(text):
        yield _sentence(document, section, SentenceKind.HEADING, section.start, section.body_start)


def _sentence(
    document: Document, section: Section, kind: SentenceKind, start: int, end: int
) -> Sentence:
    """A sentence of the span, white space and stray emphasis marks trimmed off its ends."""
    raw = document.text[start:end]
    left = len(raw) - len(raw.lstrip(_EDGES))
    right = len(raw.lstrip(_EDGES)) - len(raw.strip(_EDGES))
    return _span(document, section, kind, start + left, end - right)


def _span(
    document: Document, section: Section, kind: SentenceKind, start: int, end: int
) -> Sentence:
    return Sentence(
        id=f"{document.content_hash[:12]}:{start}-{end}",
        document_id=document.id,
        section_id=section.id,
        ordinal=0,
        kind=kind,
        start=start,
        end=end,
        text=document.text[start:end],
    )


def _is_wrapped(lines: Sequence[Line]) -> bool:
    """Whether line breaks only fold the text: short lines, mostly without blank ones between."""
    filled = [x for x in lines if not x.is_blank]
    short = sum(len(x.text) <= 100 for x in filled)
    pairs = sum(not a.is_blank and not b.is_blank for a, b in pairwise(lines))
    return short >= 0.95 * len(filled) and 2 * pairs >= len(filled) >= 10


def _blocks(lines: Sequence[Line], *, joins: bool) -> Iterator[_Block]:
    block: _Block | None = None
    for line in lines:
        if line.is_blank:
            continue
        if block and _belongs(line, block, joins=joins):
            block.lines.append(line)
            block.end = line.end
            continue
        if block:
            yield block
        block = _Block(_line_kind(line), line.marker_end, line.end, [line])
    if block:
        yield block


def _line_kind(line: Line) -> SentenceKind:
    if line.is_note:
        return SentenceKind.NOTE
    if line.is_table_row and not line.style:
        return SentenceKind.TABLE_ROW
    if line.style or line.is_orphan:
        return SentenceKind.BULLET
    return SentenceKind.PROSE


def _belongs(line: Line, block: _Block, *, joins: bool) -> bool:
    """Whether a line goes on with the block: a sentence that a page break or a wrap cut."""
    if _line_kind(line) is not SentenceKind.PROSE or block.last.is_orphan:
        return False
    if block.kind not in (SentenceKind.PROSE, SentenceKind.BULLET):
        return False
    if joins and line.start == block.end + 1:
        return True
    is_open = not block.last.ends_sentence and not block.last.plain.endswith(":")
    return is_open and line.starts_lower


def _read_body(
    document: Document, section: Section, blocks: Iterable[_Block]
) -> Iterator[Sentence]:
    state = _State()
    ordered = list(blocks)
    for place, block in enumerate(ordered):
        follows = ordered[place + 1] if place + 1 < len(ordered) else None
        if block.kind is SentenceKind.TABLE_ROW:
            yield from _read_row(document, section, block, follows, state)
        elif block.kind is SentenceKind.BULLET:
            yield from _read_item(document, section, block, state)
        elif block.kind is SentenceKind.NOTE:
            yield _sentence(document, section, SentenceKind.NOTE, block.start, block.end)
        else:
            yield from _read_paragraph(document, section, block, follows, state)


def _read_paragraph(
    document: Document, section: Section, block: _Block, follows: _Block | None, state: _State
) -> Iterator[Sentence]:
    kind = _paragraph_kind(block, follows, state)
    lead, sentences = state.lead, _split(document, section, block, kind)
    if kind is SentenceKind.QUOTATION:
        lead = lead or state.speaker
        yield from (replace(s, introduced_by=lead) for s in sentences)
    elif kind is SentenceKind.LEAD_IN:
        yield from (replace(s, kind=SentenceKind.PROSE) for s in sentences[:-1])
        yield sentences[-1]
        state.speaker = sentences[-1].id if _SAYS.search(block.last.plain) else ""
    else:
        yield from sentences
    if kind is SentenceKind.QUOTATION:
        return  # words quoted inside a list do not end it
    state.lists = []
    introduces = kind is not SentenceKind.PROSE or (
        follows is not None and follows.kind is SentenceKind.BULLET
    )
    state.lead = sentences[-1].id if introduces else ""
    state.table = None


def _paragraph_kind(block: _Block, follows: _Block | None, state: _State) -> SentenceKind:
    text = reading_form(" ".join(x.text for x in block.lines))
    if _is_quotation(text) or state.speaker:
        return SentenceKind.QUOTATION
    if text.endswith(":"):
        return SentenceKind.LEAD_IN
    is_short = len(text.split()) <= _MAX_CAPTION_WORDS and not text.endswith((".", "!", "?", ";"))
    if is_short and text[:1].isupper() and not text.endswith(("”", '"', ",")):
        is_label = follows is not None and follows.kind is SentenceKind.BULLET
        return SentenceKind.LEAD_IN if is_label else SentenceKind.CAPTION
    return SentenceKind.PROSE


def _is_quotation(text: str) -> bool:
    """Somebody's words: marks at both ends, or an opening one that is not closed in between."""
    if text[:1] not in _OPENING:
        return False
    closing = {"“": "”", '"': '"', "‘": "’", "'": "'"}[text[0]]
    ends = text.rstrip(" .,…)*")
    return ends.endswith(closing) or closing not in text[1:]


def _read_item(
    document: Document, section: Section, block: _Block, state: _State
) -> Iterator[Sentence]:
    line = block.lines[0]
    if line.is_orphan:
        state.after_orphan = True
        return
    level = _list_level(line, section, state)
    text = reading_form(document.text[block.start : block.end])
    kind = SentenceKind.QUOTATION if _is_quotation(text) else SentenceKind.BULLET
    sentences = _split(document, section, block, kind)
    for sentence in sentences:
        yield replace(sentence, introduced_by=level.introduced_by, group=level.group)
    state.lead = sentences[-1].id
    state.after_orphan = False


def _list_level(line: Line, section: Section, state: _State) -> _ListLevel:
    """The list that an item belongs to: an open one of the same form, or a new one inside it."""
    for depth in range(len(state.lists) - 1, -1, -1):
        level = state.lists[depth]
        deeper = line.style == "bullet" and line.indent >= level.indent + 2
        if level.style == line.style and (not deeper or state.after_orphan):
            del state.lists[depth + 1 :]
            return level
    group = f"{section.id}/{line.start}"
    level = _ListLevel(line.style, line.indent, state.lead, group)
    state.lists.append(level)
    return level


def _read_row(
    document: Document, section: Section, block: _Block, follows: _Block | None, state: _State
) -> Iterator[Sentence]:
    line = block.lines[0]
    if line.is_table_rule:
        return
    cells = split_cells(line.text)
    table = state.table
    if table is None or table.cells != len(cells):
        table = _Table(f"{section.id}/{line.start}", len(cells), state.lead)
    is_header = _is_header(cells, follows, table, is_first=table is not state.table)
    kind = SentenceKind.TABLE_HEADER if is_header else SentenceKind.TABLE_ROW
    row = _span(document, section, kind, line.start, line.end)
    if is_header:
        above = table.header if table.in_header else table.caption
        table.header = row.id
        table.header_cells.add(cells[0])
    else:
        above = table.header or table.caption
    table.in_header = is_header
    state.table = table
    yield replace(row, introduced_by=above, group=table.group)


def _is_header(
    cells: Sequence[str], follows: _Block | None, table: _Table, *, is_first: bool
) -> bool:
    """Column heads: an empty first cell, a repeat of earlier heads, or short words on top."""
    if follows is None or follows.kind is not SentenceKind.TABLE_ROW:
        return False
    if follows.lines[0].is_table_rule or cells[0] in table.header_cells:
        return True
    if not cells[0]:
        return not any(c[:1].isdigit() for c in cells)
    below = split_cells(follows.lines[0].text)
    short = all(len(c.split()) <= 8 and not re.search(r"\d|•", c) for c in cells)
    longer = any(len(b.split()) > 8 or b[:1].isdigit() for b in below[1:])
    return is_first and short and (longer or not below[0])


def split_cells(row: str) -> tuple[str, ...]:
    """The cells of a table row in reading form."""
    return tuple(reading_form(row[a:b].replace("\\|", "|")) for a, b in cell_spans(row))


def cell_spans(row: str) -> tuple[tuple[int, int], ...]:
    """Where the cells of a table row lie: parted by tabs or, in Markdown, by bars."""
    end = len(row.rstrip("\n"))
    if not row.lstrip().startswith("|"):
        edges = [-1, *(m.start() for m in re.finditer("\t", row[:end])), end]
    else:
        bars = [m.start() for m in _BAR.finditer(row)]
        edges = bars if not row[bars[-1] + 1 :].strip() and len(bars) > 1 else [*bars, end]
    return tuple((a + 1, b) for a, b in pairwise(edges))


def _split(
    document: Document, section: Section, block: _Block, kind: SentenceKind
) -> list[Sentence]:
    raw = document.text[block.start : block.end]
    flat = raw.replace("\n", " ").replace("\t", " ")
    if kind is SentenceKind.QUOTATION:
        flat = flat.translate(_NO_MARKS)
    cuts = list(_boundaries(flat))
    spans = zip(cuts, [*cuts[1:], len(raw)], strict=True)
    sentences = [
        _sentence(document, section, kind, block.start + a, block.start + b) for a, b in spans
    ]
    kept = [s for s in sentences if any(c.isalnum() for c in s.text)]
    return kept or sentences[:1]


def _boundaries(text: str) -> Iterator[int]:
    """Where sentences begin; a bracketed attribution stays with the sentence before it."""
    yield 0
    position = 0
    pieces = list(sentencex.segment("en", text))
    for piece, after in pairwise(pieces):
        position += len(piece)
        attribution = _ATTRIBUTION.match(after)
        cut = position + attribution.end() if attribution else position
        if text[cut:].strip():
            yield cut
