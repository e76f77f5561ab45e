"""`python -m benchmarks`: measure everything, print one table, and put the same as JSON beside it."""

import argparse
import json
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks.figures import codec, delay, hops, idle, join, memory, page, start, viewers
from benchmarks.machine import describe
from benchmarks.rows import Row, not_measured
from benchmarks.run import Run
from benchmarks.table import render, summary

# In this order: nothing waits for encoders to close, and memory is measured before anything has made processes grow.
FIGURES: Final[dict[str, Callable[[Run], list[Row]]]] = {
    idle.NAME: idle.measure,
    memory.NAME: memory.measure,
    delay.NAME: delay.measure,
    hops.NAME: hops.measure,
    join.NAME: join.measure,
    viewers.NAME: viewers.measure,
    page.NAME: page.measure,
    start.NAME: start.measure,
    codec.NAME: codec.measure,
}
DEFAULT_JSON: Final = Path("var/bench.json")


def main(arguments: Sequence[str]) -> int:
    """Measure and print; return 1 when something could not be measured that should (a miss is a row, not an error)."""
    options = _parse(arguments)
    machine = describe()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, Run(Path(folder), quick=options.quick) as run:
        found = {name: _measure(name, run) for name in options.only or FIGURES}
        machine["load after"] = describe()["load before"]
        lost = [
            not_measured(name, "the measurement failed", "", "see above") for name, rows in found.items() if not rows
        ]
        rows = [row for rows in found.values() for row in rows] + lost
        _print(rows, machine)
        document = {"quick": options.quick, "machine": machine, "rows": [row.as_json() for row in rows]}
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return int(bool(lost))


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute in all, with fewer samples")
    parser.add_argument("--only", action="append", choices=list(FIGURES), metavar="NAME", help=", ".join(FIGURES))
    parser.add_argument("--json", type=Path, default=DEFAULT_JSON, metavar="FILE", help=f"default {DEFAULT_JSON}")
    return parser.parse_args(arguments)


def _measure(name: str, run: Run) -> list[Row]:
    """Return a figure's rows; none, with the reason on standard error, for one that fails, and the others go on."""
    began = time.monotonic()
    print(f"{name} ...", end=" ", flush=True, file=sys.stderr)
    try:
        rows = FIGURES[name](run)
    except Exception:  # noqa: BLE001 - whatever stopped it, the rest of the table is still wanted
        traceback.print_exc()
        rows = []
    print(f"{time.monotonic() - began:.1f} s", file=sys.stderr)
    return rows


def _print(rows: Sequence[Row], machine: Mapping[str, str]) -> None:
    print(render(rows), "", *(f"{what}: {text}" for what, text in machine.items()), summary(rows), sep="\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
