"""`python -m benchmarks.plots FILE FOLDER`: delay and CPU against viewers and cameras, as SVG, from a run's JSON."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Final

from benchmarks.axes import decades, linear, logarithmic, spread_apart, ticks
from benchmarks.table import number

Points = Sequence[Mapping[str, float]]

_WIDTH, _HEIGHT = 720, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 560, 48, 340
_LINE_PX: Final = 16
# Colours that differ in lightness, too; the media query serves pages that show the file as a picture in the dark.
_STYLE: Final = """
svg { font: 13px system-ui, sans-serif; background: #ffffff; color: #1f2328; }
text { fill: currentColor; } .title { font-weight: 600; font-size: 15px; } .small { fill: #59636e; }
.grid { stroke: #d8dee4; } .axis { stroke: #59636e; } .target { stroke: #59636e; stroke-dasharray: 2 4; }
.s0 { --c: #0969da; } .s1 { --c: #bc4c00; } path, .mark { stroke: var(--c); fill: none; stroke-width: 2; }
.mark { fill: var(--c); } .name { fill: var(--c); }
@media (prefers-color-scheme: dark) {
  svg { background: #0d1117; color: #e6edf3; } .small { fill: #9198a1; } .grid { stroke: #2a313c; }
  .axis, .target { stroke: #9198a1; } .s0 { --c: #58a6ff; } .s1 { --c: #f0883e; }
}"""


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot: which fields of which points, and what to call them."""

    name: str
    points: str
    title: str
    x: str
    y: str
    series: Mapping[str, str]
    target: float | None = None
    target_where: str = ""
    log_x: bool = False


PLOTS: Final = (
    Plot("delay-viewers", "viewers", "Age of a message at the viewer, one VGA camera at 25 fps", "viewers", "ms",
         {"p50_ms": "p50", "p99_ms": "p99"}, 60, "at 2,500 viewers", log_x=True),
    Plot("delay-cameras", "cameras", "Age of a message at the viewer, VGA at 30 fps, all watched", "cameras", "ms",
         {"p50_ms": "p50", "p99_ms": "p99"}, 50, "at 20 cameras"),
    Plot("cpu-viewers", "viewers", "CPU of fanout, one VGA camera at 25 fps", "viewers", "% of a core",
         {"cpu_percent": "fanout", "floor_cpu_percent": "send() in C"}, log_x=True),
    Plot("cpu-cameras", "cameras", "CPU, VGA at 30 fps, all watched", "cameras", "% of a core",
         {"cpu_percent": "all processes", "transcode_cpu_percent": "transcode"}),
)  # fmt: skip


def draw(plot: Plot, points: Points) -> str:
    """Return the plot as SVG; ValueError for no points."""
    if not points:
        raise ValueError(f"{plot.name}: no points")
    points = sorted(points, key=lambda point: point["x"])
    lines = {label: [(p["x"], p[key]) for p in points if key in p] for key, label in plot.series.items()}
    lines = {label: line for label, line in lines.items() if line}
    y_ticks = ticks(max(plot.target or 0.0, *(y for line in lines.values() for _, y in line)))
    x_ticks, place_x = _across(plot, points[0]["x"], points[-1]["x"])
    place_y = linear(0, y_ticks[-1], _BOTTOM, _TOP)
    parts = [_frame(plot)]
    parts += [_text("small", place_x(tick), _BOTTOM + 18, f"{tick:,g}", "middle") for tick in x_ticks]
    for tick in y_ticks:
        parts += [_level("grid", place_y(tick)), _text("small", _LEFT - 8, place_y(tick) + 4, f"{tick:g}", "end")]
    if plot.target is not None:
        y = place_y(plot.target)
        parts += [
            _level("target", y),
            _text("small", _LEFT + 6, y - 5, f"target of p99 {plot.target_where}: {plot.target:g}"),
        ]
    ends = spread_apart([place_y(line[-1][1]) for line in lines.values()], _LINE_PX)
    for index, ((label, line), end) in enumerate(zip(lines.items(), ends, strict=True)):
        placed = [(place_x(x), place_y(y)) for x, y in line]
        parts.append(_line(index, placed, end + 4, f"{label} {number(float(line[-1][1]))}"))
    return "\n".join([*parts, "</svg>\n"])


def _across(plot: Plot, least: float, most: float) -> tuple[list[float], Callable[[float], float]]:
    if plot.log_x:
        marks = [tick for tick in decades(least, most) if tick >= least]
        return marks, logarithmic(least, max(most, least * 10), _LEFT, _RIGHT)
    marks = ticks(most)
    return marks, linear(0, marks[-1], _LEFT, _RIGHT)


def _frame(plot: Plot) -> str:
    middle_x, middle_y = (_LEFT + _RIGHT) / 2, (_TOP + _BOTTOM) / 2
    turned = f'transform="translate(18 {middle_y}) rotate(-90)"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
        f"<title>{escape(plot.title)}</title>",
        f"<style>{_STYLE}\n</style>",
        _text("title", _LEFT, 24, plot.title),
        _level("axis", _BOTTOM),
        _text("small", middle_x, _BOTTOM + 42, plot.x + " (logarithmic)" * plot.log_x, "middle"),
        f'<text class="small" text-anchor="middle" {turned}>{escape(plot.y)}</text>',
    ]
    return "\n".join(parts)


def _level(kind: str, y: float) -> str:
    return f'<line class="{kind}" x1="{_LEFT}" x2="{_RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'


def _line(index: int, line: Sequence[tuple[float, float]], name_y: float, name: str) -> str:
    path = " ".join(f"{'L' if at else 'M'}{x:.1f} {y:.1f}" for at, (x, y) in enumerate(line))
    marks = "".join(f'<circle class="mark" r="3" cx="{x:.1f}" cy="{y:.1f}"/>' for x, y in line)
    return f'<g class="s{index % 2}"><path d="{path}"/>{marks}{_text("name", _RIGHT + 10, name_y, name)}</g>'


def _text(kind: str, x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text class="{kind}" text-anchor="{anchor}" x="{x:.1f}" y="{y:.1f}">{escape(words)}</text>'


def main(arguments: Sequence[str]) -> int:
    """Write a file a plot; one without points is left as it was."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plots", description=__doc__)
    parser.add_argument("json", type=Path, metavar="FILE", help="what a run wrote")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the pictures go")
    options = parser.parse_args(arguments)
    points: dict[str, Any] = json.loads(options.json.read_text(encoding="utf-8"))["points"]
    options.folder.mkdir(parents=True, exist_ok=True)
    for plot in PLOTS:
        if plot.points in points:
            path = options.folder / f"{plot.name}.svg"
            path.write_text(draw(plot, points[plot.points]), encoding="utf-8")
            print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
