"""Three times the cameras that the machine carries, all watched: how old is what viewers see."""

from typing import Any, Final

from benchmarks import native
from benchmarks.load import Load, watched
from benchmarks.load import measure as measure_load
from benchmarks.rows import Row, Yardstick, not_measured
from benchmarks.run import Run

NAME: Final = "overload"
_FPS: Final = 30
_TIMES: Final = 3
# Where the search for the most cameras did not run: what the reference machine carries.
_CARRIED: Final = 20
_MOST: Final = 90
_SHOWN_MS: Final = 1000.0
_WARM_S: Final = 8.0


def measure(run: Run) -> list[Row]:
    """Return the age of shown pictures, and whether every process lived through it."""
    count = min(_MOST, _TIMES * (run.carried or _CARRIED))
    what = f"age of what viewers show, {count} VGA cameras at {_FPS} fps, p99"
    if not native.can_compile():
        return [not_measured(NAME, what, "ms", native.MISSING)]
    pipeline, length_s = run.pipeline(fanout=2, transcode=2), 4.0 if run.quick else 10.0
    before = {row.name: row.pid for row in pipeline.table() if row.pid}
    with watched(pipeline, cameras=count, viewers=count, fps=_FPS, warm_s=_WARM_S) as (sources, seers):
        load = measure_load(pipeline, sources, seers, length_s)
        status = pipeline.status()
    after = {row.name: row.pid for row in pipeline.table() if row.pid}
    # Its limits would last into the next figure.
    run.end_pipeline()
    replaced = [name for name, pid in before.items() if after.get(name) != pid]
    return _rows(what, count, load, status, replaced)


def _rows(what: str, count: int, load: Load, status: dict[str, Any], replaced: list[str]) -> list[Row]:
    report, shown = load.report, load.report.shown_ms
    if shown is None:
        raise ValueError(f"no ages are known of {report.messages} messages")
    fps = report.messages / load.length_s / count
    rules = [f"{row.get('process')}: {row.get('rule')}" for row in status.get("overload", ())]
    note = (
        f"p50 {shown.p50:.0f}, most {shown.most:.0f} ms; {fps:.1f} of {_FPS} fps shown; {load.skipped} of {load.sent} "
        f"frames that the cameras could not send; {load.generators()}; {'; '.join(rules) or 'no rule in force'}"
    )
    stick = Yardstick("the cameras' frame interval", 1000 / _FPS)
    return [
        Row(NAME, what, "ms", shown.p99, _SHOWN_MS, stick, note=note),
        Row(NAME, "viewers cut or without a picture", "", report.closed + report.without, 0),
        Row(NAME, "processes that died or were replaced", "", len(replaced), 0, note=", ".join(replaced)),
    ]
