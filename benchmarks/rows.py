"""What a measurement comes to: a row of the table, its target and its verdict. Pure."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """How a row stands to its target."""

    PASS = "pass"
    SHORT = "short"
    NONE = "-"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What the measured value is held against; `value` is None where this machine lacks it, and `name` says why."""

    name: str
    value: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. Smaller is better in every row.

    `ratio` is given where it is not just value by yardstick (a median of ratios of interleaved blocks).
    """

    figure: str
    what: str
    unit: str
    value: float | None
    at_most: float | None = None
    yardstick: Yardstick | None = None
    ratio: float | None = None
    ratio_at_most: float | None = None
    note: str = ""

    @property
    def shown_ratio(self) -> float | None:
        """The ratio to the yardstick, None without one."""
        if self.ratio is not None:
            return self.ratio
        if self.value is None or self.yardstick is None or not self.yardstick.value:
            return None
        return self.value / self.yardstick.value

    @property
    def verdict(self) -> Verdict:
        """Pass when every target that the row has is met; a target that could not be looked at is no pass."""
        if self.value is None:
            return Verdict.NOT_MEASURED
        met = [] if self.at_most is None else [self.value <= self.at_most]
        if self.ratio_at_most is not None and (ratio := self.shown_ratio) is not None:
            met.append(ratio <= self.ratio_at_most)
        elif self.ratio_at_most is not None:
            return Verdict.NOT_MEASURED if all(met) else Verdict.SHORT
        if not met:
            return Verdict.NONE
        return Verdict.PASS if all(met) else Verdict.SHORT

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "Row":
        """Return the row that `as_json` told of."""
        stick = fields["yardstick"]
        own = {name: fields[name] for name in cls.__slots__}
        return cls(**{**own, "yardstick": None if stick is None else Yardstick(**stick)})

    def as_json(self) -> dict[str, Any]:
        """Return the row for the JSON file."""
        return {**asdict(self), "ratio": self.shown_ratio, "verdict": self.verdict.value}


def not_measured(figure: str, what: str, unit: str, reason: str) -> Row:
    """Return the row of something that this machine cannot measure."""
    return Row(figure, what, unit, None, note=reason)
