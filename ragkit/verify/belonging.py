"""Names, and what belongs to whom: figures to places, shares to groups, cells to rows."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ragkit.figures import Figure, FigureKind, find_figures
from ragkit.verify.amounts import CALENDAR
from ragkit.verify.case import Case
from ragkit.verify.view import View, read_view
from ragkit.words import STOP_WORDS

_LEADS_ON = re.compile(
    r"^(?: (?!and |but |or )[\w%-]+){0,2} (?:in|at|for|by|from|of|to)(?: the)? $"
)
_OF_AFTER = re.compile(r" of(?: [\w'-]+){1,5}")
_OF_BEFORE = re.compile(r"Of ([^,;]{3,90}),[^,;]*$")
_TURNED_MARGIN = 0.5  # by how much two things that stand the other way round must fit better


@dataclass(frozen=True, slots=True)
class Anchor:
    """A figure, date or name of a sentence; `label` is equal for equal values."""

    view: View
    label: str
    sort: str  # "name", "date", "money", "percentage" or "number"
    start: int
    end: int

    @property
    def shown(self) -> str:
        """As the sentence writes it."""
        return self.view.text[self.start : self.end]

    @property
    def key(self) -> tuple[str, str]:
        """Equal for the same figure or name in another sentence."""
        return self.sort, self.label

    def likeness(self, other: "Anchor") -> float:
        """How far the words beside two anchors agree."""
        here = self.view.beside(self.start, self.end)
        return here.likeness(other.view.beside(other.start, other.end))


def _anchors(view: View) -> tuple[Anchor, ...]:
    figures = (Anchor(view, f"{f.value!r}", _sort(f), f.start, f.end) for f in view.figures)
    names = (Anchor(view, n.label, "name", n.start, n.end) for n in view.names())
    return tuple(sorted((*figures, *names), key=lambda anchor: anchor.start))


def _sort(figure: Figure) -> str:
    if figure.kind in CALENDAR:
        return "date"
    apart = (FigureKind.MONEY, FigureKind.PERCENT)
    return figure.kind.value if figure.kind in apart else "number"


def check_names(case: Case) -> Iterator[str]:
    """Every name is in the quotation; a heading may lend one where the quotation has none.

    In "the ward closed", under a heading with "Eastmoor", the claim may say "Eastmoor". In "the
    Westmoor ward closed" it may not.
    """
    unsaid = _names_left_out(case)
    for word in case.claim.words:
        if word.stem in case.evidence_stems or not case.claim.is_name(word):
            continue
        if case.is_abbreviation(word) or (word.keys & case.evidence_keys and not unsaid):
            continue
        shown = case.claim.text[word.start : word.end]
        if word.stem not in case.lent:
            yield f'name "{shown}" is not in the quotation'
        elif unsaid:
            yield f'name: claim says "{shown}", quotation says "{unsaid}"'


def _names_left_out(case: Case) -> str:
    said = {w.stem for w in case.claim.words}
    for view in case.evidence:
        for word in view.words if case.used_of(view) else ():
            if view.is_name(word) and word.stem not in said and not word.text.isdigit():
                return view.text[word.start : word.end]
    return ""


def check_pairing(case: Case) -> Iterator[str]:
    """A figure belongs to the same place, body and date as in the quotation."""
    for owning in ("name", "date"):
        quoted: dict[tuple[str, str], list[Anchor]] = {}
        known: set[str] = set()
        for view in case.evidence:
            if not view.is_row:
                known |= {a.label for a in _anchors(view) if a.sort == owning}
                for owned, owner in _pairs(view, owning):
                    quoted.setdefault(owned.key, []).append(owner)
        for owned, owner in _pairs(case.claim, owning):
            given = quoted.get(owned.key, [])
            if given and owner.label in known and not any(_is_same(owner, o) for o in given):
                yield f"{owned.shown} belongs to {given[0].shown}, not to {owner.shown}"


def _is_same(one: Anchor, other: Anchor) -> bool:
    return bool(set(one.label.split()) & set(other.label.split()))


def _pairs(view: View, owning: str) -> Iterator[tuple[Anchor, Anchor]]:
    """Each figure of a sentence with the name or date that it most likely belongs to."""
    left_out = () if owning == "name" else ("name",)
    items = tuple(a for a in _anchors(view) if a.sort not in left_out)
    owners = tuple(a for a in items if a.sort == owning)
    for position, item in enumerate(items):
        if owners and item.sort != owning:
            yield item, _owner(items, owners, position)


def _owner(items: tuple[Anchor, ...], owners: tuple[Anchor, ...], position: int) -> Anchor:
    kinds = "".join("n" if item in owners else "f" for item in items)
    in_turn = kinds in ("nf" * len(owners), "fn" * len(owners))
    if in_turn or (2 * len(owners) == len(items) and "respectively" in items[0].view.text):
        return owners[kinds[:position].count("f")]
    item = items[position]
    following = items[position + 1 : position + 2]
    if following and following[0] in owners:
        between = item.view.text[item.end : following[0].start]
        if _LEADS_ON.match(between):
            return following[0]
    before = [owner for owner in owners if owner.start < item.start]
    return before[-1] if before else owners[0]


def check_shares(case: Case) -> Iterator[str]:
    """A share of one group is not a share of another: "9 % of sessions", "9 % of people"."""
    quoted = [(f, _whole(f, view)) for view in case.evidence for f in view.figures]
    for figure in case.claim.figures:
        said = _whole(figure, case.claim)
        given = [whole for f, whole in quoted if f.value == figure.value and whole]
        if said and given and not any(said & whole for whole in given):
            yield f"{figure.text} is a share of something else in the quotation"


def _whole(figure: Figure, view: View) -> frozenset[str]:
    """The keys of what a percentage is a share of: "9 % of sessions", "Of those asked, 9 %"."""
    if figure.kind is not FigureKind.PERCENT:
        return frozenset()
    after = _OF_AFTER.match(view.text[figure.end :])
    if after:
        start, end = figure.end, figure.end + after.end()
    else:
        opening = _OF_BEFORE.match(view.text[: figure.start])
        if not opening:
            return frozenset()
        start, end = 0, opening.end(1)
    words = view.within((start, end))
    return frozenset(key for word in words if word.is_content for key in word.keys)


def check_exchange(case: Case) -> Iterator[str]:
    """No two figures, and no two names, have changed places.

    "A reports to B" and "B reports to A" hold the same words. What stands beside each one in the
    claim must resemble what stands beside it in the quotation at least as much as what stands
    beside any other of its sort.
    """
    quoted = [a for view in case.evidence if not view.is_row for a in _anchors(view)]
    claimed = _anchors(case.claim)
    order = {anchor.key: n for n, anchor in enumerate(claimed)}
    for said in claimed:
        own = [a for a in quoted if a.key == said.key]
        best = max((said.likeness(a) for a in own), default=0.0)
        rivals = [a for a in quoted if a.sort == said.sort and a.key != said.key]
        for rival in rivals if own else ():
            margin = _TURNED_MARGIN if _is_turned(own[0], rival, order) else 0.0
            if not _touch(own[0], rival) and said.likeness(rival) > best - margin:
                yield f'"{said.shown}" stands where the quotation has "{rival.shown}"'


def _touch(one: Anchor, other: Anchor) -> bool:
    """A long form and its abbreviation: "Healthy Places Board (HPB)"."""
    if one.view is not other.view:
        return False
    return 0 <= other.start - one.end <= 3 or 0 <= one.start - other.end <= 3


def _is_turned(one: Anchor, other: Anchor, order: dict[tuple[str, str], int]) -> bool:
    """Whether two anchors of the quotation stand the other way round in the claim."""
    first, second = order.get(one.key), order.get(other.key)
    if first is None or second is None or one.view is not other.view:
        return False
    return (first < second) != (one.start < other.start)


def check_rows(case: Case) -> Iterator[str]:
    """A figure of a table is given for its own row and under its own column."""
    rows = [view for view in case.evidence if view.is_row]
    alone = sum(f.kind not in CALENDAR for f in case.claim.figures) < 2
    for figure in case.claim.figures if rows else ():
        if figure.kind in CALENDAR:
            continue
        near = dict.fromkeys(case.claim.keys, 1.0) if alone else _near(figure, case.claim)
        scores = [
            (_fit(cell, near), figure.value in cell.values) for v in rows for cell in _cells(v)
        ]
        own = max((fit for fit, holds in scores if holds), default=None)
        if own is not None and any(fit > own for fit, holds in scores if not holds):
            yield f"{figure.text} stands under another heading or in another row of the table"


@dataclass(frozen=True, slots=True)
class _Cell:
    header: frozenset[str]
    values: frozenset[float]
    row: frozenset[str]


def _cells(view: View) -> tuple[_Cell, ...]:
    parts = [cell.partition(": ") for cell in view.text.rstrip(".").split("; ")]
    row = _label_keys(parts[0][2])
    return tuple(
        _Cell(_label_keys(header), frozenset(f.value for f in find_figures(value)), row)
        for header, _, value in parts[1:]
    )


def _label_keys(text: str) -> frozenset[str]:
    return frozenset(w.stem for w in read_view(text).words if w.text not in STOP_WORDS)


def _near(figure: Figure, claim: View) -> dict[str, float]:
    """Keys of the words around a figure, each with a weight that falls with its distance."""
    content = [w for w in claim.words if w.text not in STOP_WORDS]
    before = [w for w in content if w.end <= figure.start][-5:]
    after = [w for w in content if w.start >= figure.end][:5]
    weights: dict[str, float] = {}
    for side in (reversed(before), after):
        for distance, word in enumerate(side):
            for key in word.keys:
                weights[key] = max(weights.get(key, 0.0), 1 / (1 + distance / 4))
    return weights


def _fit(cell: _Cell, near: dict[str, float]) -> float:
    """How well column and row of a cell match the words around a figure, each in [0, 1]."""
    return sum(
        sum(near.get(key, 0.0) for key in label) / len(label)
        for label in (cell.header, cell.row)
        if label
    )
