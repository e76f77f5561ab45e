"""One camera in `/status`: what its publisher, encoder, recorder, keeper and all ledgers say of it. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Final

from common.units import NS_PER_S
from services.fanout.announced import Camera
from services.fanout.troubles import Quarantine

BUS: Final = "bus"
# Frames that nobody asked for (of recorders: none yet, or before any event), and those that another process encodes or
# records now: their end is no loss to anybody.
NO_LOSS: Final = frozenset({"unwanted", "handover", "moved", "off", "no_event", "ring"})


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of a camera. `age_s`: of its newest frame; `rows`: of the ledger; `delays`: in ms by hop."""

    camera: Camera
    label: str
    age_s: float | None
    viewers: int
    encode: Mapping[str, Any] = field(default_factory=dict)
    delays: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    rows: Sequence[Mapping[str, Any]] = ()
    quarantine: Quarantine | None = None
    is_isolated: bool = False
    encode_error: str = ""
    recording: Mapping[str, Any] = field(default_factory=dict)


def camera_row(told: Told) -> dict[str, Any]:
    """Return the row."""
    camera, encode = told.camera, told.encode
    sends_h264 = camera.kind == "h264"
    row = {
        "id": camera.id,
        "label": told.label,
        "online": camera.online,
        "stalled": camera.stalled,
        "source": camera.source,
        "fps": round(camera.fps, 2),
        "width": camera.width,
        "height": camera.height,
        "jpeg_bytes_per_s": 0 if sends_h264 else round(camera.bytes_per_s),
        "h264_bytes_per_s": round(camera.bytes_per_s if sends_h264 else _number(encode.get("bytes_per_s"))),
        "frames": camera.frames,
        "dropped": _sum_dropped(told),
        "encode_ms": round(_number(encode.get("encode_ms")), 2) if encode else None,
        "viewers": told.viewers,
        "last_frame_age_s": None if told.age_s is None else round(told.age_s, 3),
        "delay_ms": told.delays,
        "ledger": told.rows,
    }
    return {**row, **_exceptions(told)}


def newest_age_s(camera: Camera, as_of_ns: int, now_ns: int, wall_ns: int, *, same_host: bool) -> float | None:
    """Return how old a camera's newest frame was at `as_of_ns`; None when it sent none."""
    if same_host and camera.last_frame_mono_ns:
        return max(0, as_of_ns - camera.last_frame_mono_ns) / NS_PER_S
    if not camera.last_frame_wall_ns:
        return None
    return max(0, wall_ns - (now_ns - as_of_ns) - camera.last_frame_wall_ns) / NS_PER_S


def _exceptions(told: Told) -> dict[str, Any]:
    """Return what is said only where it is so."""
    fields: dict[str, Any] = {}
    limit = told.encode.get("limit")
    if isinstance(limit, dict) and limit:
        plain = {name: value for name, value in limit.items() if isinstance(name, str) and _is_plain(value)}
        fields["limited"] = {"reason": "overload", **plain}
    if told.is_isolated:
        fields["isolated"] = True
    if told.quarantine is not None:
        fields["quarantine"] = told.quarantine.row()
    if told.recording:
        fields["recording"] = told.recording
    warning = "; ".join(filter(None, (told.camera.warning, told.encode_error)))
    if warning:
        fields["warning"] = warning
    return fields


def _sum_dropped(told: Told) -> dict[str, int]:
    """Return the losses by cause over all hops; of a hop that keeps no ledger as it says otherwise."""
    dropped: Counter[str] = Counter()
    hops = {row["hop"] for row in told.rows}
    if "ingest" not in hops:
        dropped.update(told.camera.dropped)
    encoder = told.encode.get("dropped")
    if "transcode" not in hops and isinstance(encoder, dict):
        dropped.update({cause: n for cause, n in encoder.items() if type(cause) is str and type(n) is int})
    for row in told.rows:
        dropped.update(row["dropped"])
        dropped[BUS] += row["bus"]
    return {cause: n for cause, n in dropped.items() if n and cause not in NO_LOSS}


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) and isfinite(value) else 0.0


def _is_plain(value: object) -> bool:
    return isinstance(value, (str, int)) or (isinstance(value, float) and isfinite(value))
