"""A whole section as HTML, with the cited words marked in their place."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby

from ragkit.parse.sentences import cell_spans
from ragkit.render.as_html import CITED_ID, clean_html, escaped
from ragkit.types import Document, Section, Sentence, SentenceKind

_TABLE = (SentenceKind.TABLE_HEADER, SentenceKind.TABLE_ROW)
_BLANK_LINE = re.compile(r"\n\s*\n")
_TEXT = re.compile(r"[^\s\W_]")


@dataclass(frozen=True, slots=True)
class SectionView:
    """A section with what is needed to show it; the sentences are the section's, in text order."""

    document: Document
    section: Section
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of the section that is set as one paragraph, list item or table row."""

    kind: SentenceKind
    start: int
    end: int


@dataclass(slots=True)
class _Marker:
    """Wraps the part of each stretch that lies in the cited span in ``mark``.

    Only the first mark carries the id, because a link can have one target.
    """

    text: str
    start: int
    end: int
    mark_id: str
    is_used: bool = False

    def html(self, start: int, end: int) -> str:
        """The document's text from start to end, escaped, the cited part of it marked."""
        low, high = max(start, self.start), min(end, self.end)
        if low >= high or not _TEXT.search(self.text[low:high]):
            return self._escaped(start, end)
        return f"{self._escaped(start, low)}{self._mark(low, high)}{self._escaped(high, end)}"

    def _mark(self, start: int, end: int) -> str:
        identity = "" if self.is_used else f' id="{self.mark_id}" tabindex="-1"'
        self.is_used = True
        return f"<mark{identity}>{self._escaped(start, end).strip()}</mark>"

    def _escaped(self, start: int, end: int) -> str:
        raw = self.text[start:end]
        before = " " if raw[:1].isspace() else ""
        after = " " if raw[-1:].isspace() and raw.strip() else ""
        return f"{before}{escaped(raw)}{after}"


def section_to_html(view: SectionView, marked: tuple[int, int], *, mark_id: str = CITED_ID) -> str:
    """The section's text as paragraphs, lists and tables, with the span `marked` in ``mark``.

    Args:
        view: the section and its sentences.
        marked: start and end of the cited words in the document's text.
        mark_id: id of the first ``mark``, the target of links; there is always exactly one.
    """
    marker = _Marker(view.document.text, marked[0], marked[1], mark_id)
    body = "".join(_blocks_html(_pieces(view), marker))
    if not marker.is_used:
        # The cited words lie in the heading or outside this section: show them all the same.
        quote = escaped(view.document.text[marked[0] : marked[1]])
        body = f'<p><mark id="{mark_id}" tabindex="-1">{quote}</mark></p>{body}'
    return clean_html(f'<div class="section-text">{body}</div>')


def _pieces(view: SectionView) -> list[_Piece]:
    """The section's text in stretches: sentences of one paragraph joined, the heading left out."""
    sentences = [s for s in view.sentences if s.end > view.section.body_start]
    if not sentences:
        return _paragraphs(view.document.text, view.section)
    pieces = [_piece(sentences[0])]
    for piece in map(_piece, sentences[1:]):
        last = pieces[-1]
        gap = view.document.text[last.end : piece.start]
        if piece.kind is last.kind and last.kind not in _TABLE and "\n" not in gap:
            pieces[-1] = _Piece(last.kind, last.start, piece.end)
        else:
            pieces.append(piece)
    return pieces


def _piece(sentence: Sentence) -> _Piece:
    is_lead_in = sentence.kind is SentenceKind.LEAD_IN
    kind = SentenceKind.PROSE if is_lead_in else sentence.kind
    return _Piece(kind, sentence.start, sentence.end)


def _paragraphs(text: str, section: Section) -> list[_Piece]:
    """What stands in a section without sentences, cut at blank lines."""
    edges = [section.body_start]
    for gap in _BLANK_LINE.finditer(text, section.body_start, section.end):
        edges += [gap.start(), gap.end()]
    edges.append(section.end)
    spans = zip(edges[::2], edges[1::2], strict=True)
    return [_Piece(SentenceKind.PROSE, a, b) for a, b in spans if text[a:b].strip()]


def _blocks_html(pieces: list[_Piece], marker: _Marker) -> Iterator[str]:
    for is_table, run in groupby(pieces, key=lambda p: p.kind in _TABLE):
        if is_table:
            yield _table_html(list(run), marker)
            continue
        for kind, same in groupby(run, key=lambda p: p.kind):
            yield _SETTINGS.get(kind, _paragraphs_html)([*same], marker)


def _paragraphs_html(pieces: list[_Piece], marker: _Marker) -> str:
    return "".join(f"<p>{marker.html(p.start, p.end)}</p>" for p in pieces)


def _headings_html(pieces: list[_Piece], marker: _Marker) -> str:
    inner = (f"<strong>{marker.html(p.start, p.end)}</strong>" for p in pieces)
    return "".join(f"<p>{html}</p>" for html in inner)


def _asides_html(pieces: list[_Piece], marker: _Marker) -> str:
    return "".join(f'<p class="aside">{marker.html(p.start, p.end)}</p>' for p in pieces)


def _list_html(pieces: list[_Piece], marker: _Marker) -> str:
    items = "".join(f"<li>{marker.html(p.start, p.end)}</li>" for p in pieces)
    return f"<ul>{items}</ul>"


def _quotation_html(pieces: list[_Piece], marker: _Marker) -> str:
    return f"<blockquote>{_paragraphs_html(pieces, marker)}</blockquote>"


def _table_html(pieces: list[_Piece], marker: _Marker) -> str:
    rows = "".join(f"<tr>{_cells_html(p, marker)}</tr>" for p in pieces)
    return f"<table><tbody>{rows}</tbody></table>"


def _cells_html(piece: _Piece, marker: _Marker) -> str:
    is_header = piece.kind is SentenceKind.TABLE_HEADER
    opening, closing = ('<th scope="col">', "</th>") if is_header else ("<td>", "</td>")
    spans = cell_spans(marker.text[piece.start : piece.end])
    cells = (marker.html(piece.start + a, piece.start + b) for a, b in spans)
    return "".join(f"{opening}{cell}{closing}" for cell in cells)


_SETTINGS: dict[SentenceKind, Callable[[list[_Piece], _Marker], str]] = {
    SentenceKind.BULLET: _list_html,
    SentenceKind.QUOTATION: _quotation_html,
    SentenceKind.HEADING: _headings_html,
    SentenceKind.CAPTION: _asides_html,
    SentenceKind.NOTE: _asides_html,
}
