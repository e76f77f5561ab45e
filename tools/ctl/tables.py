"""Tables for the terminal: /status and the settings as lines of text."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from common.config import Settings
from common.settings import SECTIONS, CameraSettings


def status_lines(status: Mapping[str, Any]) -> list[str]:
    """Return what `make status` prints."""
    lines = table(
        ("process", "pid", "uptime", "memory", "cpu"),
        [_process_row(row) for row in status.get("processes", ())],
    )
    cameras = status.get("cameras", ())
    if cameras:
        lines += [
            "",
            *table(("camera", "state", "size", "fps", "jpeg", "h264", "viewers", "age"), map(_camera_row, cameras)),
        ]
    else:
        lines += ["", "no camera was seen yet; the page shows how to connect one"]
    viewers = len(status.get("viewers", ()))
    lines += ["", f"{viewers} viewer{'' if viewers == 1 else 's'}"]
    return lines


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


def _camera_row(row: Mapping[str, Any]) -> tuple[str, ...]:
    state = "stalled" if row.get("stalled") else "online" if row.get("online") else "offline"
    size = f"{row.get('width')}x{row.get('height')}" if row.get("width") else "-"
    return (
        str(row.get("id", "?")),
        state,
        size,
        f"{_number(row.get('fps')):.1f}",
        f"{_number(row.get('jpeg_bytes_per_s')) / 1e3:.0f} kB/s",
        f"{_number(row.get('h264_bytes_per_s')) / 1e3:.0f} kB/s",
        str(row.get("viewers", 0)),
        _duration(row.get("last_frame_age_s")),
    )


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
