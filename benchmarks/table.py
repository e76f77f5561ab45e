"""The table that people read: rows as aligned text, in Markdown's form. Pure."""

from collections.abc import Iterable, Sequence
from typing import Final

from benchmarks.rows import Row, Verdict

HEADINGS: Final = ("figure", "what", "measured", "yardstick", "ratio", "target", "verdict")


def render(rows: Iterable[Row]) -> str:
    """Return the table, and below it what the rows have to add."""
    rows = list(rows)
    lines = [HEADINGS, *(cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    text = [_line(lines[0], widths), _line(tuple("-" * width for width in widths), widths)]
    text += [_line(line, widths) for line in lines[1:]]
    notes = [f"- {row.figure}, {row.what}: {row.note}" for row in rows if row.note]
    return "\n".join([*text, *(["", "Notes"] if notes else []), *notes])


def cells(row: Row) -> tuple[str, ...]:
    """Return a row's cells as text."""
    if row.value is None:
        return row.figure, row.what, "", "", "", _target(row), Verdict.NOT_MEASURED.value
    return (
        row.figure,
        row.what,
        _measured(row.value, row.unit),
        _yardstick(row),
        "" if row.shown_ratio is None else f"{row.shown_ratio:.2f}",
        _target(row),
        row.verdict.value,
    )


def number(value: float) -> str:
    """Return a value with three significant digits, and no exponent; a count as it is."""
    if isinstance(value, int):
        return str(value)
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.1 or size == 0 else 4
    return f"{value:.{digits}f}"


def summary(rows: Sequence[Row]) -> str:
    """Return one line: how many rows met their target."""
    counts = {verdict: sum(row.verdict is verdict for row in rows) for verdict in Verdict}
    parts = [f"{counts[verdict]} {verdict}" for verdict in (Verdict.PASS, Verdict.SHORT, Verdict.NOT_MEASURED)]
    return ", ".join(parts)


def _measured(value: float, unit: str) -> str:
    return f"{number(value)} {unit}".strip()


def _yardstick(row: Row) -> str:
    if row.yardstick is None:
        return ""
    if row.yardstick.value is None:
        return f"not measured: {row.yardstick.name}"
    return f"{_measured(row.yardstick.value, row.unit)}, {row.yardstick.name}"


def _target(row: Row) -> str:
    parts = [] if row.at_most is None else [f"<= {row.at_most:g}"]
    if row.ratio_at_most is not None:
        parts.append(f"ratio <= {row.ratio_at_most:g}")
    return ", ".join(parts)


def _line(texts: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(text.ljust(width) for text, width in zip(texts, widths, strict=True)) + " |"
