"""What each line of a text looks like, before anything is decided about it."""

import re
from dataclasses import dataclass

from ragkit.words import reading_form

_BULLET = re.compile(r"\s*[-•*▪–✓]\s+(?:✓\s+)?(?=\S)|\s*[•▪✓](?=\S)")
_ORPHAN = re.compile(r"\s*[-•]\s*$")
_ORDER = re.compile(
    r"""\s*\**\s*(?:
        (?P<dotted>\d{1,2}(?:\.\d{1,2}){1,3})\.?
      | \(?(?P<number>\d{1,2})(?P<numend>[.)]|\*+)
      | \(?(?P<letter>[a-z])[.)]
      )\**(?:\s+\**|(?<=\*)\s*)(?=\S)""",
    re.VERBOSE,
)
_CONTENTS = re.compile(r"\s*(?:\d{1,2}(?:\.\d{1,2})*\.?\s+)?\S.*?(?:\.{3,}\s*|\t)\s*\d{1,4}\s*$")
_NOTE = re.compile(r"\s*[¹²³⁴-⁹]")
_MARKDOWN_RULE = re.compile(r"\s*\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?\s*$")


@dataclass(frozen=True, slots=True)
class Line:
    """One line and its outward signs; offsets are into the document's text."""

    start: int
    end: int  # without the line break
    text: str
    plain: str  # reading form
    marker_end: int  # where the text after list markers begins
    style: str = ""  # of the innermost list marker: "bullet", "1.", "1)", "a" or ""
    order: str = ""  # the number or letter of the marker: "3", "5.8", "a"
    bulleted: bool = False
    indent: int = 0

    @property
    def is_blank(self) -> bool:
        """Nothing but white space."""
        return not self.plain

    @property
    def is_orphan(self) -> bool:
        """A list marker that lost its text."""
        return bool(_ORPHAN.match(self.text))

    @property
    def is_note(self) -> bool:
        """A footnote, by its raised figure."""
        return bool(_NOTE.match(self.text))

    @property
    def is_table_rule(self) -> bool:
        """The line of dashes under the header of a Markdown table."""
        return "|" in self.text and bool(_MARKDOWN_RULE.match(self.text))

    @property
    def is_table_row(self) -> bool:
        """Cells, parted by tabs or by bars."""
        return "\t" in self.text.strip("\n") or self.text.lstrip().startswith("|")

    @property
    def looks_like_contents(self) -> bool:
        """A heading, leaders or a tab, and a page number."""
        return bool(_CONTENTS.match(self.text))

    @property
    def after_marker(self) -> str:
        """The reading form of what follows the list marker."""
        return reading_form(self.text[self.marker_end - self.start :])

    @property
    def ends_sentence(self) -> bool:
        """Closed by a full stop or the like, quotation marks and brackets aside."""
        return self.plain.rstrip("\"'”’)*] ").endswith((".", "!", "?", "…"))

    @property
    def starts_lower(self) -> bool:
        """Begins in the middle of a sentence."""
        return self.plain[:1].islower()

    @property
    def starts_quotation(self) -> bool:
        """Begins with an opening quotation mark."""
        return self.plain.startswith(("“", '"', "‘"))


def read_lines(text: str) -> tuple[Line, ...]:
    """The lines of a text in order; their spans and the line breaks between make up the text."""
    lines, start = [], 0
    for raw in text.split("\n"):
        lines.append(_read_line(raw, start))
        start += len(raw) + 1
    return tuple(lines)


def _read_line(raw: str, start: int) -> Line:
    end = start + len(raw)
    plain = reading_form(raw)
    indent = len(raw) - len(raw.lstrip())
    position, style, order = 0, "", ""
    bullet = _BULLET.match(raw)
    if bullet and not raw.lstrip().startswith("**"):
        position, style = bullet.end(), "bullet"
    mark = _ORDER.match(raw, position)
    if mark:
        position, (style, order) = mark.end(), _marker_style(mark)
    return Line(
        start=start,
        end=end,
        text=raw,
        plain=plain,
        marker_end=start + position,
        style=style,
        order=order,
        bulleted=bool(bullet) and position > 0,
        indent=indent,
    )


def _marker_style(mark: re.Match[str]) -> tuple[str, str]:
    if mark["dotted"]:
        return "1.1", mark["dotted"]
    if mark["number"]:
        return ("1)" if mark["numend"] == ")" else "1."), mark["number"]
    return "a", mark["letter"]
