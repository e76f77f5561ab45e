"""`python -m benchmarks.report FILE`: the table of an earlier run, from its JSON; `--into` puts it on a page.

No figure on a page is typed by hand: what stands between the two marks is replaced.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.rows import Row
from benchmarks.table import render, summary

BEGIN: Final = "<!-- results: python -m benchmarks.report writes what is between these marks -->"
END: Final = "<!-- end of results -->"


def report(document: Mapping[str, Any]) -> str:
    """Return table, notes and machine of a run's JSON as Markdown."""
    rows = [Row.from_json(row) for row in document["rows"]]
    table, _, notes = render(rows).partition("\n\nNotes\n")
    machine = "\n".join(f"{what}: {text}" for what, text in document["machine"].items())
    kind = "A quick run, with few samples" if document["quick"] else "One run"
    parts = [f"{kind}: {summary(rows)}.", table, notes, f"```\n{machine}\n```"]
    if document.get("left_out"):
        parts.append(f"Left out: {', '.join(document['left_out'])}.")
    return "\n\n".join(part for part in parts if part)


def insert(page: str, text: str) -> str:
    """Return a page with the text between its marks; ValueError when it has none."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError("the page has no marks for results")
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def main(arguments: Sequence[str]) -> int:
    """Print the table, or put it into a page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    parser.add_argument("json", type=Path, metavar="FILE", help="what a run wrote")
    parser.add_argument("--into", type=Path, metavar="PAGE", help="a Markdown page with the marks")
    options = parser.parse_args(arguments)
    text = report(json.loads(options.json.read_text(encoding="utf-8")))
    if options.into is None:
        print(text)
    else:
        options.into.write_text(insert(options.into.read_text(encoding="utf-8"), text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
