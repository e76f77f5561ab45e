"""Up to 20 VGA cameras at 30 fps, all watched, over two transcode processes; and the most that the machine carries."""

from typing import Final

from benchmarks import native
from benchmarks.bare import frames_a_second
from benchmarks.load import Load, watched
from benchmarks.load import measure as measure_load
from benchmarks.rows import Row, Yardstick, not_measured
from benchmarks.run import Run
from benchmarks.search import largest

NAME: Final = "cameras"
FPS: Final = 30
_CAMERAS: Final = 20
_FEW: Final = (1, 5)
_P99_MS: Final = 50.0
# What two measurements of the same differ by on a shared machine.
_FLAT: Final = 1.1
_MOST: Final = 48
_STEP: Final = 2
_MS_PER_PERCENT_S: Final = 10.0  # CPU: 1 % of a core for a second


def measure(run: Run) -> list[Row]:
    """Return losses and ages at 20 cameras, the cost of a picture as cameras grow, and the most cameras."""
    if not native.can_compile():
        return [not_measured(NAME, f"{_CAMERAS} cameras at {FPS} fps, all watched", "", native.MISSING)]
    few_s, many_s = 4.0, 4.0 if run.quick else 20.0
    few = () if run.quick else _FEW
    loads = {count: _load(run, count, few_s) for count in few}
    # Twenty encoders that open at once take a while to settle.
    loads[_CAMERAS] = _load(run, _CAMERAS, many_s, 3.0 if run.quick else 6.0)
    for count, load in loads.items():
        _plot(run, count, load)
    rows = [*_at_full_load(loads[_CAMERAS]), *_costs(loads)]
    return rows if run.quick else [*rows, _most(run, loads[_CAMERAS])]


def _load(run: Run, count: int, length_s: float, warm_s: float = 2.0) -> Load:
    pipeline = run.pipeline(fanout=2, transcode=2)
    with watched(pipeline, cameras=count, viewers=count, fps=FPS, warm_s=warm_s) as (sources, seers):
        load = measure_load(pipeline, sources, seers, length_s)
    return load


def _plot(run: Run, count: int, load: Load) -> None:
    ages = load.report.age_ms
    if ages is not None:
        run.plot("cameras", x=count, p50_ms=ages.p50, p99_ms=ages.p99, cpu_percent=load.all_percent,
                 transcode_cpu_percent=load.stage_percent("transcode"))  # fmt: skip


def _at_full_load(load: Load) -> list[Row]:
    report, ages = load.report, load.report.age_ms
    if ages is None:
        raise ValueError(f"no ages are known of {report.messages} messages")
    note = (
        f"{load.sent} frames in {load.length_s:.0f} s, {report.messages} received, {load.skipped} that "
        f"the cameras could not send; {load.generators()}"
    )
    return [
        Row(NAME, f"frames skipped or lost, {_CAMERAS} VGA cameras at {FPS} fps, all watched", "", report.gaps, 0,
            note=note),
        Row(NAME, f"age at the viewer, {_CAMERAS} cameras, p99", "ms", ages.p99, _P99_MS,
            note=f"p50 {ages.p50:.1f}, most {ages.most:.0f} ms"),
        Row(NAME, f"CPU of all processes, {_CAMERAS} cameras", "% of a core", load.all_percent, note=load.stages()),
    ]  # fmt: skip


def _costs(loads: dict[int, Load]) -> list[Row]:
    """Return the cost of a picture beside that of a camera alone."""
    ms = {
        count: load.all_percent * _MS_PER_PERCENT_S * load.length_s / max(1, load.sent) for count, load in loads.items()
    }
    alone = min(ms)
    return [
        Row(NAME, f"CPU of a picture, all processes, {count} cameras", "ms", cost, None,
            Yardstick("one camera alone", ms[alone]), None, _FLAT)
        for count, cost in ms.items() if count != alone
    ]  # fmt: skip


def _most(run: Run, full: Load) -> Row:
    """Return the most cameras carried, beside what the codec alone would make."""
    bare = frames_a_second(3.0) / FPS
    tried = {_CAMERAS: _is_carried(full)}

    def passes(count: int) -> bool:
        if count not in tried:
            load = _load(run, count, 4.0, 3.0)
            tried[count] = _is_carried(load)
            if tried[count]:
                _plot(run, count, load)
            else:
                # What it does against overload lasts a while.
                run.end_pipeline()
        return tried[count]

    run.carried = largest(passes, _CAMERAS, _STEP, max(_CAMERAS, min(_MOST, round(bare))), _STEP)
    words = ", ".join(f"{count} {'yes' if passed else 'no'}" for count, passed in sorted(tried.items()))
    note = f"more is better; every frame received and p99 of the age at most {_P99_MS:.0f} ms: {words}"
    stick = Yardstick("decode and encode alone, one process a core", bare)
    return Row(NAME, f"most VGA cameras at {FPS} fps carried", "cameras", run.carried or 0, None, stick, note=note)


def _is_carried(load: Load) -> bool:
    ages = load.report.age_ms
    return ages is not None and not load.report.gaps and not load.skipped and ages.p99 <= _P99_MS
