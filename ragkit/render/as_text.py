"""An answer for the terminal, and as Markdown."""

import re
import textwrap

from ragkit.render.layout import (
    STATUS_WORDS,
    Block,
    BlockKind,
    answer_blocks,
    citation_label,
    citation_note,
    nearest_labels,
    plain,
    speaker_note,
)
from ragkit.types import Answer, AnswerSentence, Citation

_MISSING = "No evidence found for:"
_NEAREST = "Nearest places in the reports:"
_READ_AS = "Read as:"

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~!&$])")
_LINE_START = re.compile(r"^(\s*)([-+=]|\d+(?=[.)]))")
_ADDRESS = re.compile(r":(?=//)|(?<=\bwww)\.", re.IGNORECASE)


def answer_to_text(answer: Answer, *, width: int = 100) -> str:
    """The answer for a terminal, wrapped at `width` columns; ends without a line break."""
    parts = [STATUS_WORDS[answer.status]]
    if answer.read_as:
        parts.append(_wrap(f"{_READ_AS} {plain(answer.read_as)}", width))
    parts += [_block_text(b, answer, width) for b in answer_blocks(answer)]
    parts += _list_text(_MISSING, tuple(plain(m) for m in answer.missing), width)
    parts += _list_text(_NEAREST, nearest_labels(answer), width)
    if answer.citations:
        parts.append("Sources")
        parts += [_source_text(c, width) for c in answer.citations]
    return "\n\n".join(parts)


def answer_to_markdown(answer: Answer) -> str:
    """The answer as CommonMark in which the documents' own text can form no mark-up."""
    parts = [f"**{STATUS_WORDS[answer.status]}**"]
    if answer.read_as:
        parts.append(f"*{_READ_AS}* {escape_markdown(answer.read_as)}")
    parts += [_block_markdown(b, answer) for b in answer_blocks(answer)]
    parts += _list_markdown(_MISSING, answer.missing)
    parts += _list_markdown(_NEAREST, nearest_labels(answer))
    if answer.citations:
        parts.append("## Sources")
        parts += [_source_markdown(c) for c in answer.citations]
    return "\n\n".join(parts) + "\n"


def escape_markdown(text: str) -> str:
    r"""The text with everything that Markdown would act upon made literal, on one line.

    >>> print(escape_markdown("![x](https://evil.example)"))
    \!\[x\](https\://evil.example)
    """
    escaped = _MARKDOWN.sub(r"\\\1", plain(text))
    escaped = _ADDRESS.sub(lambda m: f"\\{m[0]}", escaped)
    return _LINE_START.sub(_escape_line_start, escaped)


def _escape_line_start(match: re.Match[str]) -> str:
    space, mark = match.groups()
    # "1." opens a list; the digit cannot be escaped, so an empty entity stands before it.
    return f"{space}&#8203;{mark}" if mark.isdigit() else f"{space}\\{mark}"


def _shown(sentence: AnswerSentence, answer: Answer) -> str:
    note = speaker_note(sentence, answer)
    markers = "".join(f"[{n}]" for n in sentence.citations)
    return " ".join(filter(None, (plain(sentence.text), markers, note)))


def _shown_markdown(sentence: AnswerSentence, answer: Answer) -> str:
    note = speaker_note(sentence, answer)
    markers = "".join(rf"\[{n}\]" for n in sentence.citations)
    return " ".join(filter(None, (escape_markdown(sentence.text), markers, note)))


def _block_text(block: Block, answer: Answer, width: int) -> str:
    shown = [_shown(s, answer) for s in block.sentences]
    if block.kind is BlockKind.ITEMS:
        return "\n".join(_wrap(s, width, first="- ", rest="  ") for s in shown)
    if block.kind is BlockKind.PROSE:
        return _wrap(" ".join(shown), width)
    return "\n\n".join(_wrap(s, width) for s in shown)


def _block_markdown(block: Block, answer: Answer) -> str:
    shown = [_shown_markdown(s, answer) for s in block.sentences]
    if block.kind is BlockKind.ITEMS:
        return "\n".join(f"- {s}" for s in shown)
    if block.kind is BlockKind.PROSE:
        return " ".join(shown)
    if block.kind is BlockKind.QUOTE:
        return "\n>\n".join(f"> {s}" for s in shown)
    return "\n\n".join(shown)


def _list_text(heading: str, items: tuple[str, ...], width: int) -> list[str]:
    lines = [_wrap(item, width, first="- ", rest="  ") for item in items]
    return ["\n".join([heading, *lines])] if items else []


def _list_markdown(heading: str, items: tuple[str, ...]) -> list[str]:
    lines = [f"- {escape_markdown(item)}" for item in items]
    return [heading, "\n".join(lines)] if items else []


def _source_text(citation: Citation, width: int) -> str:
    margin = " " * len(f"[{citation.n}] ")
    label = _wrap(citation_label(citation), width, first=f"[{citation.n}] ", rest=margin)
    words = f'"{plain(citation.quote)}" {citation_note(citation)}'.strip()
    return f"{label}\n{_wrap(words, width, first=margin, rest=margin)}"


def _source_markdown(citation: Citation) -> str:
    label = escape_markdown(citation_label(citation))
    words = f"{escape_markdown(citation.quote)} {citation_note(citation)}".strip()
    return f"**\\[{citation.n}\\]** {label}\n\n> {words}"


def _wrap(text: str, width: int, *, first: str = "", rest: str = "") -> str:
    return textwrap.fill(
        text,
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
