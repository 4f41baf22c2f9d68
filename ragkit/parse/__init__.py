"""Find the section tree and the sentences of a document.

Reading order: ``lines`` says what each line looks like, ``outline`` weighs the evidence for
headings, ``tree`` tiles the text with sections, ``sentences`` splits the bodies.
"""

from ragkit.parse.lines import read_lines
from ragkit.parse.outline import read_outline
from ragkit.parse.sentences import find_sentences
from ragkit.parse.tree import build_sections
from ragkit.types import Document, ParsedDocument

__all__ = ["parse"]


def parse(document: Document) -> ParsedDocument:
    """The sections, which tile the text, and the sentences of a document, in text order."""
    lines = read_lines(document.text)
    outline = read_outline(document, lines)
    sections = build_sections(document, lines, outline)
    sentences = find_sentences(document, lines, sections)
    return ParsedDocument(document, sections, sentences)
