"""`python -m benchmarks`: measure everything, print one table, and put the same as JSON beside it."""

import argparse
import json
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks.bound import bounded
from benchmarks.catalogue import FIGURES
from benchmarks.machine import describe
from benchmarks.rows import Row, not_measured
from benchmarks.run import Run
from benchmarks.table import render, summary

DEFAULT_JSON: Final = Path("var/bench.json")


def main(arguments: Sequence[str]) -> int:
    """Measure and print; return 1 when a measurement failed; a miss, or a tool that is not here, is a row."""
    options = _parse(arguments)
    machine, began = describe(), time.monotonic()
    names = options.only or [name for name, figure in FIGURES.items() if figure.in_quick or not options.quick]
    left_out = [name for name in FIGURES if name not in names]
    rows: list[Row] = []
    failed = 0
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, Run(Path(folder), quick=options.quick) as run:
        for name in names:
            found, reason = _measure(name, run)
            rows += found if reason is None else [not_measured(name, FIGURES[name].about, "", reason)]
            failed += reason is not None
        points = run.points()
    machine |= {"load after": describe()["load before"], "took": f"{time.monotonic() - began:.0f} s"}
    _print(rows, machine, left_out)
    document = {
        "quick": options.quick,
        "machine": machine,
        "left_out": left_out,
        "rows": [row.as_json() for row in rows],
        "points": points,
    }
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return int(bool(failed))


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute in all, with fewer samples and figures")
    parser.add_argument("--only", action="append", choices=list(FIGURES), metavar="NAME", help=", ".join(FIGURES))
    parser.add_argument("--json", type=Path, default=DEFAULT_JSON, metavar="FILE", help=f"default {DEFAULT_JSON}")
    return parser.parse_args(arguments)


def _measure(name: str, run: Run) -> tuple[list[Row], str | None]:
    """Return a figure's rows, or why there are none; the others go on, with a pipeline of their own."""
    began = time.monotonic()
    print(f"{name} ...", end=" ", flush=True, file=sys.stderr)
    try:
        with bounded(FIGURES[name].limit_s):
            return FIGURES[name].measure(run), None
    except Exception as error:  # noqa: BLE001 - whatever stopped it, the rest of the table is still wanted
        traceback.print_exc()
        _end_pipeline(run)
        return [], f"{type(error).__name__}: {error}".splitlines()[0]
    finally:
        print(f"{time.monotonic() - began:.1f} s", file=sys.stderr)


def _end_pipeline(run: Run) -> None:
    try:
        run.end_pipeline()
    except AssertionError:
        # Something of it was left, and has been killed: that belongs to the same failure.
        traceback.print_exc()


def _print(rows: Sequence[Row], machine: Mapping[str, str], left_out: Sequence[str]) -> None:
    print(render(rows), "", *(f"{what}: {text}" for what, text in machine.items()), sep="\n")
    if left_out:
        print(f"left out: {'; '.join(f'{name} ({FIGURES[name].about})' for name in left_out)}")
    print(summary(rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
