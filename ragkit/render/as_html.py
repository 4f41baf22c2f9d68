"""An answer as HTML, with two walls against mark-up in the documents.

First, every word that is not ours is escaped before it meets a tag. Second, the result passes
through nh3 with a list of the few tags and attributes used here, so that a slip in the first wall
still lets through no script, style, image or address outside the page.

The HTML is one line: the chat shows it through a Markdown component, for which a blank line would
end the HTML and begin Markdown.
"""

import html
import re
from collections.abc import Sequence
from typing import Literal

import nh3

from ragkit.render.layout import (
    STATUS_WORDS,
    Block,
    BlockKind,
    answer_blocks,
    citation_label,
    citation_note,
    nearest_labels,
    plain,
    section_label,
    speaker_note,
)
from ragkit.types import Answer, AnswerSentence, Citation, Document, DocumentStatus
from ragkit.words import date_words

CITED_ID = "cited"

LineKind = Literal["asked", "error", "notice"]

_PLAIN_TAGS = frozenset(
    {"blockquote", "div", "h2", "h3", "h4", "li", "p", "strong"}
    | {"details", "summary", "table", "tbody", "td", "tr", "ul"}
)
_ATTRIBUTES: dict[str, set[str]] = {
    "a": {"href", "id", "aria-label"},
    "mark": {"id", "tabindex"},
    "section": {"aria-label"},
    "span": set(),
    "th": {"scope"},
}
_CLASSES: dict[str, set[str]] = {
    "a": {"marker", "open", "back"},
    "div": {"answer", "section-text"},
    "h2": {"asked"},
    "p": {"status", "read-as", "notice", "aside", "error", "place"},
    "section": {"source"},
    "span": {"aside"},
    "ul": {"quoted", "items"},
}
_OWN_ID = re.compile(r"[a-z][a-z0-9-]*")
_SPACE = re.compile(r"\s+")
_OWN_LINK = re.compile(r"#[a-z][a-z0-9-]*")


def answer_to_html(answer: Answer, *, prefix: str = "", with_sources: bool = True) -> str:
    """The answer with its markers as links to its sources.

    Args:
        answer: what is shown.
        prefix: put before every id, so that several answers can stand in one page.
        with_sources: whether the numbered sources follow; without them, the page must hold an
            element ``source_id(n, prefix)`` for each citation.
    """
    parts = [f'<p class="status">{escaped(STATUS_WORDS[answer.status])}</p>']
    if answer.read_as:
        parts.append(f'<p class="read-as">Read as: {escaped(answer.read_as)}</p>')
    parts.append(_blocks_html(answer, prefix))
    parts.append(_list_html("No evidence found for:", answer.missing))
    parts.append(_list_html("Nearest places in the reports:", nearest_labels(answer)))
    if with_sources and answer.citations:
        parts.append(f"<h2>Sources</h2>{sources_to_html(answer.citations, prefix=prefix)}")
    return clean_html(f'<div class="answer">{"".join(parts)}</div>')


def sources_to_html(
    citations: tuple[Citation, ...], *, prefix: str = "", sections: tuple[str, ...] = ()
) -> str:
    """The numbered sources.

    Args:
        citations: what is listed, in this order.
        prefix: as given to `answer_to_html`.
        sections: for each citation, the HTML of its whole section, which must hold the element
            ``source_id(n, prefix)``; without sections the quotation itself is that element.
    """
    shown = [(c, _quote_html(c, source_id(c.n, prefix))) for c in citations]
    if sections:
        pairs = zip(citations, sections, strict=True)
        shown = [(c, f"{_quote_html(c)}{section}") for c, section in pairs]
    return clean_html("".join(_source_html(c, prefix, body) for c, body in shown))


def line_to_html(text: str, kind: LineKind) -> str:
    """One line that stands outside an answer: the question asked, an error, a notice."""
    tag = "h2" if kind == "asked" else "p"
    return clean_html(f'<{tag} class="{kind}">{escaped(text)}</{tag}>')


def documents_to_html(documents: Sequence[Document]) -> str:
    """A list, folded up, of the documents that answers are drawn from."""
    items = "".join(f"<li>{escaped(_document_label(d))}</li>" for d in documents)
    count = f"{len(documents)} document{'' if len(documents) == 1 else 's'}"
    return clean_html(
        f"<details><summary>What the answers are drawn from: {count}</summary>"
        f'<ul class="items">{items}</ul></details>'
    )


def source_id(n: int, prefix: str = "") -> str:
    """The id of the element that shows source `n`."""
    return f"{prefix}source-{n}"


def escaped(text: str) -> str:
    """Document text made safe to stand between tags or in a quoted attribute, on one line."""
    return html.escape(plain(text), quote=True)


def clean_html(markup: str) -> str:
    """The second wall: only this package's tags, attributes and in-page links pass."""
    cleaned = nh3.clean(
        markup,
        tags={*_PLAIN_TAGS, *_ATTRIBUTES},
        attributes=_ATTRIBUTES,
        attribute_filter=_keep_attribute,
        allowed_classes=_CLASSES,
        url_schemes=set(),
        link_rel=None,
    )
    return _SPACE.sub(" ", cleaned)


def _keep_attribute(tag: str, name: str, value: str) -> str | None:
    del tag
    form = {"href": _OWN_LINK, "id": _OWN_ID}.get(name)
    return value if form is None or form.fullmatch(value) else None


def _blocks_html(answer: Answer, prefix: str) -> str:
    linked: set[int] = set()
    return "".join(_block_html(b, answer, prefix, linked) for b in answer_blocks(answer))


def _block_html(block: Block, answer: Answer, prefix: str, linked: set[int]) -> str:
    shown = [_sentence_html(s, answer, prefix, linked) for s in block.sentences]
    if block.kind is BlockKind.ITEMS:
        return f'<ul class="quoted">{"".join(f"<li>{s}</li>" for s in shown)}</ul>'
    if block.kind is BlockKind.PROSE:
        return f"<p>{' '.join(shown)}</p>"
    if block.kind is BlockKind.QUOTE:
        return f"<blockquote>{''.join(f'<p>{s}</p>' for s in shown)}</blockquote>"
    return "".join(f'<p class="notice">{s}</p>' for s in shown)


def _sentence_html(sentence: AnswerSentence, answer: Answer, prefix: str, linked: set[int]) -> str:
    known = {c.n: c for c in answer.citations}
    markers = "".join(_marker_html(known[n], prefix, linked) for n in sentence.citations)
    note = speaker_note(sentence, answer)
    aside = f'<span class="aside">{escaped(note)}</span>' if note else ""
    return " ".join(filter(None, (escaped(sentence.text), markers, aside)))


def _marker_html(citation: Citation, prefix: str, linked: set[int]) -> str:
    # Only a source's first marker has an id: "Back to the answer" leads there.
    identity = "" if citation.n in linked else f' id="{prefix}marker-{citation.n}"'
    linked.add(citation.n)
    name = escaped(f"Source {citation.n}: {citation_label(citation)}")
    return (
        f'<a class="marker" href="#{source_id(citation.n, prefix)}"{identity}'
        f' aria-label="{name}">[{citation.n}]</a>'
    )


def _source_html(citation: Citation, prefix: str, body: str) -> str:
    n, target = citation.n, source_id(citation.n, prefix)
    place = section_label(citation.section_number, citation.section_title)
    page = "" if citation.page is None else f", p. {citation.page}"
    note = citation_note(citation)
    aside = f' <span class="aside">{escaped(note)}</span>' if note else ""
    return (
        f'<section class="source" aria-label="Source {n}">'
        f'<h3><a class="open" href="#{target}">[{n}] {escaped(citation.document_title)}</a></h3>'
        f'<p class="place">{escaped(place)}{page}{aside}</p>'
        f'<p><a class="back" href="#{prefix}marker-{n}">Back to the answer, source {n}</a></p>'
        f"{body}</section>"
    )


def _quote_html(citation: Citation, target: str = "") -> str:
    quote = escaped(citation.quote)
    if target:
        quote = f'<mark id="{target}" tabindex="-1">{quote}</mark>'
    return f"<blockquote><p>{quote}</p></blockquote>"


def _document_label(document: Document) -> str:
    note = "evidence note" if document.is_note else ""
    status = "" if document.status is DocumentStatus.CURRENT else document.status.value
    facts = [document.publisher, date_words(document.date), note, status]
    known = ", ".join(filter(None, facts))
    return f"{document.title} ({known})" if known else document.title


def _list_html(heading: str, items: tuple[str, ...]) -> str:
    listed = "".join(f"<li>{escaped(item)}</li>" for item in items)
    return f'<p>{heading}</p><ul class="items">{listed}</ul>' if items else ""
