"""Tables for the terminal: /status and the settings as lines of text."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from textwrap import wrap
from typing import Any, Final

from common.config import Settings
from common.settings import SECTIONS, CameraSettings

# A terminal's usual width, with room for the prompt of another.
WIDTH: Final = 100
NAME_AT_LEAST: Final = 8


def status_lines(status: Mapping[str, Any]) -> list[str]:
    """Return what `make status` prints."""
    lines = table(
        ("process", "pid", "uptime", "memory", "cpu"),
        [_process_row(row) for row in status.get("processes", ())],
    )
    cameras = status.get("cameras", ())
    if cameras:
        lines += ["", *_fitting(CAMERA_HEAD, [_camera_row(row) for row in cameras])]
    else:
        lines += ["", "no camera was seen yet; the page shows how to connect one"]
    recorded = [_recording_row(row) for row in cameras if _map(row.get("recording"))]
    if recorded:
        lines += ["", *_fitting(RECORDING_HEAD, recorded)]
    viewers = len(status.get("viewers", ()))
    lines += ["", f"{viewers} viewer{'' if viewers == 1 else 's'}"]
    notes = _notes(status)
    return [*lines, "", *notes] if notes else lines


def config_lines(settings: Settings) -> list[str]:
    """Return what `make config` prints: every setting, its value and where that came from."""
    rows = []
    for section, kind in SECTIONS.items():
        own = getattr(settings, section)
        for item in fields(kind):
            name = f"{section}.{item.name}"
            rows.append((name, _shown(getattr(own, item.name)), settings.origins.get(name, "default")))
    for camera, own in settings.cameras.items():
        for item in fields(CameraSettings):
            value = getattr(own, item.name)
            if value != item.default:
                rows.append((f"camera.{camera}.{item.name}", _shown(value), "file"))
    return table(("setting", "value", "from"), rows)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return aligned lines under their heads."""
    lines = [tuple(head), *map(tuple, rows)]
    widths = [max(len(row[column]) for row in lines) for column in range(len(head))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in lines]


def _process_row(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        str(row.get("name", "?")),
        str(row.get("pid", "")),
        _duration(row.get("uptime_s")),
        f"{_number(row.get('rss_bytes')) / 1e6:.0f} MB",
        f"{_number(row.get('cpu_percent')):.1f} %",
    )


# Delay: what half of the pictures take from the camera's last byte to the viewers' sockets, and what 95 % take at most.
CAMERA_HEAD: Final = (
    "camera", "state", "size", "fps", "jpeg kB/s", "h264 kB/s", "viewers", "delay ms", "dropped"
)  # fmt: skip


def _camera_row(row: Mapping[str, Any]) -> tuple[str, ...]:
    whole = _map(_map(row.get("delay_ms")).get("whole"))
    return (
        str(row.get("id", "?")),
        _state(row),
        f"{row.get('width')}x{row.get('height')}" if row.get("width") else "-",
        f"{_number(row.get('fps')):.1f}",
        f"{_number(row.get('jpeg_bytes_per_s')) / 1e3:.0f}",
        f"{_number(row.get('h264_bytes_per_s')) / 1e3:.0f}",
        str(row.get("viewers", 0)),
        f"{_ms(whole.get('p50'))} / {_ms(whole.get('p95'))}" if whole else "-",
        _count(sum(_counts(row.get("dropped")).values())),
    )


def _state(row: Mapping[str, Any]) -> str:
    if row.get("online") and not row.get("stalled"):
        return "online"
    word = "stalled" if row.get("stalled") else "offline"
    return f"{word} {_about(row.get('last_frame_age_s'))}".rstrip()


RECORDING_HEAD: Final = ("camera", "recording", "state", "newest footage")


def _recording_row(row: Mapping[str, Any]) -> tuple[str, ...]:
    told = _map(row.get("recording"))
    newest = told.get("newest")
    # Without a state nobody has told yet: its recorder is about to.
    return (
        str(row.get("id", "?")),
        str(told.get("mode", "")),
        str(told.get("state") or "starting"),
        f"{_about(time.time() - newest)} ago" if isinstance(newest, int | float) else "-",
    )


def _fitting(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the table with its first column cut so that it fits, if it must be."""
    rest = sum(max(len(row[column]) for row in (head, *rows)) + 2 for column in range(1, len(head)))
    room = max(NAME_AT_LEAST, WIDTH - rest)
    return table(head, [(_cut(row[0], room), *row[1:]) for row in rows])


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1]}\N{HORIZONTAL ELLIPSIS}"


def _notes(status: Mapping[str, Any]) -> list[str]:
    """Return a line, or a few, for everything that is not as it should be."""
    notes = [
        f"{row.get('process')} cannot encode all that is asked of it: {row.get('rule')}"
        for row in status.get("overload", ())
    ]
    for row in status.get("cameras", ()):
        notes += [f"{row.get('id', '?')}: {note}" for note in _camera_notes(row)]
    return [line for note in notes for line in wrap(note, WIDTH, subsequent_indent="    ")]


def _camera_notes(row: Mapping[str, Any]) -> Iterator[str]:
    quarantine, limited = _map(row.get("quarantine")), _map(row.get("limited"))
    if quarantine:
        left = _about(_number(quarantine.get("until")) - time.time())
        yield f"in quarantine for {left}: {quarantine.get('reason')}; make release CAMERA={row.get('id')} ends it"
    if row.get("isolated"):
        yield "encoded by a process of its own, since it crashed one"
    if limited:
        fps = [f"{_number(limited['fps']):g} fps"] if "fps" in limited else []
        other = [f"{name} {value}" for name, value in limited.items() if name not in ("reason", "fps")]
        yield f"limited to {', '.join(fps + other)} ({limited.get('reason')})"
    if row.get("warning"):
        yield str(row["warning"])
    yield from _recording_notes(_map(row.get("recording")))
    dropped = _counts(row.get("dropped"))
    if dropped:
        most_first = sorted(dropped.items(), key=lambda item: (-item[1], item[0]))
        yield f"dropped {', '.join(f'{count} {cause}' for cause, count in most_first)}{_lost_by(row)}"


# Nothing is wrong with the recording where these are why there is no footage; the table says the rest.
AS_ASKED: Final = ("off", "no_event", "offline")


def _recording_notes(told: Mapping[str, Any]) -> Iterator[str]:
    """Return why a camera that is to be recorded is not, and what is odd about its times."""
    why = ": ".join(filter(None, (str(told.get("reason", "")).replace("_", " "), str(told.get("detail", "")))))
    if why and told.get("reason") not in AS_ASKED:
        yield f"no footage at the moment, {why}"
    if _number(told.get("shift_s")) >= 1:
        yield f"the clock was set back, so footage is stored {_about(told['shift_s'])} ahead of it for now"


def _lost_by(row: Mapping[str, Any]) -> str:
    """Return which processes the frames were missing from, if any were."""
    missing: Counter[str] = Counter()
    for account in row.get("ledger", ()):
        missing.update(_counts(_map(account).get("bus_from")))
    names = ", ".join(f"{count} of {name}" for name, count in missing.most_common())
    return f" (on the bus: {names})" if names else ""


def _counts(value: object) -> dict[str, int]:
    return {str(name): count for name, count in _map(value).items() if type(count) is int and count}


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _ms(value: object) -> str:
    number = _number(value)
    return f"{number:.1f}" if number < 10 else f"{number:.0f}"


def _count(number: int) -> str:
    return str(number) if number < 100_000 else f"{number / 1e6:.1f} M"


def _about(value: object) -> str:
    """Return a time in its largest unit."""
    if not isinstance(value, int | float):
        return ""
    for unit, seconds in (("d", 86_400), ("h", 3600), ("min", 60)):
        if value >= seconds:
            return f"{value / seconds:.0f} {unit}"
    return f"{max(0, value):.0f} s"


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _duration(value: object) -> str:
    if not isinstance(value, int | float):
        return "-"
    if value < 10:
        return f"{value:.1f} s"
    minutes, seconds = divmod(int(value), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "(none)"
    return str(value) if value != "" else "(empty)"
