"""Shows an answer: JSON for programs, text, Markdown and HTML for people.

Everything here is a pure function of its input. In reading order: ``layout`` (what every form
shares: the words for a status, how a source is named, which sentences stand together), ``as_json``,
``as_text``, ``as_html`` and ``sections`` (a whole section with the cited words marked).
"""

from ragkit.render.as_html import (
    CITED_ID,
    answer_to_html,
    clean_html,
    documents_to_html,
    line_to_html,
    source_id,
    sources_to_html,
)
from ragkit.render.as_json import AnswerRecord, answer_record, answer_to_json
from ragkit.render.as_text import answer_to_markdown, answer_to_text
from ragkit.render.layout import STATUS_WORDS, citation_label
from ragkit.render.sections import SectionView, section_to_html

__all__ = [
    "CITED_ID",
    "STATUS_WORDS",
    "AnswerRecord",
    "SectionView",
    "answer_record",
    "answer_to_html",
    "answer_to_json",
    "answer_to_markdown",
    "answer_to_text",
    "citation_label",
    "clean_html",
    "documents_to_html",
    "line_to_html",
    "section_to_html",
    "source_id",
    "sources_to_html",
]
