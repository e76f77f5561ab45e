"""`python -m benchmarks`: measure everything, print one table, and put the same as JSON beside it."""

import argparse
import json
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from benchmarks.figures import codec, delay, hops, idle, join, memory, page, start, viewers
from benchmarks.machine import describe
from benchmarks.rows import Row, Verdict, not_measured
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
# Of what stopped a measurement, in the table; the rest is on standard error.
_REASON_LIMIT: Final = 200
DEFAULT_JSON: Final = Path("var/bench.json")


def main(arguments: Sequence[str]) -> int:
    """Measure, print, and return 1 when a row is short of its target."""
    options = _parse(arguments)
    machine = describe()
    rows = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, Run(Path(folder), quick=options.quick) as run:
        for name in options.only or FIGURES:
            rows += _measure(name, run)
    machine["load after"] = describe()["load before"]
    print(render(rows))
    print("", *(f"{what}: {text}" for what, text in machine.items()), summary(rows), sep="\n")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    document = {"quick": options.quick, "machine": machine, "rows": [row.as_json() for row in rows]}
    options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return int(any(row.verdict is Verdict.SHORT for row in rows))


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute in all, with fewer samples")
    parser.add_argument("--only", action="append", choices=list(FIGURES), metavar="NAME", help=", ".join(FIGURES))
    parser.add_argument("--json", type=Path, default=DEFAULT_JSON, metavar="FILE", help=f"default {DEFAULT_JSON}")
    return parser.parse_args(arguments)


def _measure(name: str, run: Run) -> list[Row]:
    """Return a figure's rows; one that fails is a row that says so, and the others go on."""
    began = time.monotonic()
    print(f"{name} ...", end=" ", flush=True, file=sys.stderr)
    try:
        rows = FIGURES[name](run)
    except Exception as error:  # noqa: BLE001 - whatever stopped it, the rest of the table is still wanted
        traceback.print_exc()
        rows = [not_measured(name, "the measurement failed", "", f"{type(error).__name__}: {error}"[:_REASON_LIMIT])]
    print(f"{time.monotonic() - began:.1f} s", file=sys.stderr)
    return rows


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
