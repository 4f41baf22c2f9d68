"""A figure as a value with its kind, unit and qualifier."""

from dataclasses import dataclass
from enum import StrEnum


class FigureKind(StrEnum):
    """What a figure measures."""

    MONEY = "money"  # value in whole units of `unit`, "£" for pounds
    PERCENT = "percentage"  # fractions too: "a fifth" is 20
    COUNT = "count"
    DATE = "date"  # value 20230331, 202303, 331 or 3; unit "day", "month", "day of year" ...
    YEAR = "year"  # value 2021; unit "year" or "financial year"
    TIME = "time of day"  # value in hours
    DURATION = "duration"  # value in the unit as written: 18 with unit "month"
    AGE = "age"
    ORDINAL = "ordinal"  # "the third", and labels: "Tier 2" has unit "tier"


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure as a value; ``text[start:end]`` of the searched text is `text`."""

    value: float
    kind: FigureKind
    unit: str  # singular, lower case; "/week" appended for a rate; for a count its noun
    text: str
    start: int
    end: int
    qualifier: str = ""  # "over", "up to", "about" ...; "" when exact

    @property
    def base_unit(self) -> str:
        """The unit without its rate: "hour" of "hour/week"."""
        return self.unit.partition("/")[0]

    @property
    def rate(self) -> str:
        """What the figure is counted per: "week" of "hour/week", or ""."""
        return self.unit.partition("/")[2]
