"""400 viewers over four fanout processes: how many more the fullest has than the emptiest."""

import time
from typing import Final

from benchmarks import native
from benchmarks.crowd import crowd
from benchmarks.fleet import fleet, viewer_path
from benchmarks.rows import Row, Yardstick, not_measured
from benchmarks.run import Run
from benchmarks.sockets import connections

NAME: Final = "balance"
_VIEWERS: Final = 400
_PROCESSES: Final = 4
_RATIO: Final = 1.5
# How they come, and how many a second that is.
_WAYS: Final = {"at once": 0, "20 a second": 20}


def measure(run: Run) -> list[Row]:
    """Return the ratio for each way to come."""
    if not native.can_compile():
        return [not_measured(NAME, f"{_VIEWERS} viewers over {_PROCESSES} processes", "", native.MISSING)]
    pipeline = run.pipeline(fanout=_PROCESSES)
    pids = pipeline.of_stage("fanout")
    rows = []
    for words, a_second in _WAYS.items():
        with fleet(run.folder, pipeline.port, 1, 5) as sources:
            pipeline.wait_online(sources.names[0])
            with crowd(run.folder, pipeline.port, viewer_path(), _VIEWERS, a_second=a_second) as seers:
                time.sleep(_VIEWERS / a_second if a_second else 0)
                seers.wait_connected()
                held = connections(pids.values(), pipeline.port)
        counts = sorted(held.values())
        what = f"fullest by emptiest process, {_VIEWERS} viewers over {_PROCESSES}, {words}"
        even = Yardstick("shared out evenly", 1.0)
        note = "viewers: " + ", ".join(map(str, counts))
        rows.append(Row(NAME, what, "", counts[-1] / max(1, counts[0]), _RATIO, even, note=note))
    return rows
