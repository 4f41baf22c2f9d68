"""The report as one HTML page: no script, nothing fetched, readable by keyboard and on paper."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from eval.metrics.stats import Mean
from eval.questions import Question
from eval.records import Record
from eval.report import Report, SystemReport
from eval.scoring import MEASURES
from ragkit.render import STATUS_WORDS
from ragkit.render.layout import section_label

_TEMPLATE = "page.html.j2"
_BAR_PX = 160
_COLOURS = ("#005eb8", "#78be20", "#ed8b00", "#7c2855", "#425563")
_CURVE_PX = (360, 200)


def write_page(report: Report, path: Path) -> None:
    """Write the page; every word of the documents and the questions is escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        bar=_bar, curve=_curve, gold_label=_gold_label, place_label=_place_label, said=_said
    )
    html = environment.get_template(_TEMPLATE).render(
        report=report, measures=MEASURES, status_words=STATUS_WORDS, colours=_COLOURS
    )
    path.write_text(html, encoding="utf-8")


def _bar(mean: Mean) -> Markup:
    """A bar of the mean with its interval; the figure stands beside it in words."""
    width, low, high = (round(_BAR_PX * v) for v in (mean.mean, mean.low, mean.high))
    return Markup(
        '<svg class="bar" width="{w}" height="12" aria-hidden="true" focusable="false">'
        '<rect width="{w}" height="12" class="track"/><rect width="{v}" height="12" class="value"/>'
        '<line x1="{a}" x2="{b}" y1="6" y2="6" class="interval"/></svg>'
    ).format(w=_BAR_PX, v=width, a=low, b=high)


def _curve(systems: Sequence[SystemReport], split: str) -> Markup:
    """Risk against coverage, a line for each system."""
    width, height = _CURVE_PX
    lines = Markup("")
    for system, colour in zip(systems, _COLOURS, strict=False):
        points = " ".join(
            f"{width * x:.0f},{height * (1 - y):.0f}" for x, y in system.splits[split].curve
        )
        lines += Markup('<polyline points="{p}" stroke="{c}"/>').format(p=points, c=colour)
    return Markup(
        '<svg class="curve" viewBox="-4 -4 {w} {h}" width="{w}" height="{h}" role="img" '
        'aria-label="Risk against coverage; the areas stand in the table">'
        '<rect width="{iw}" height="{ih}" class="frame"/>{lines}</svg>'
    ).format(w=width + 8, h=height + 8, iw=width, ih=height, lines=lines)


def _gold_label(question: Question) -> str:
    places = question.places or question.nearest
    return "; ".join(
        f"{g.document_id}, {section_label(g.section_number, g.section_title)}" for g in places
    )


def _place_label(document_id: str, number: str, title: str) -> str:
    return f"{document_id}, {section_label(number, title)}"


def _said(question: Question, record: Record) -> list[tuple[str, bool, bool]]:
    """Each nugget: its text, whether it is vital, whether the answer says it."""
    return [(n.text, n.vital, n.is_in(record.shown)) for n in question.nuggets]
