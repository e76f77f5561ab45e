"""`/status`: cameras, viewers and processes in the words of the public contract. Pure."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from common.units import NS_PER_S
from services.fanout.announced import Camera
from services.fanout.directory import Directory
from services.fanout.statuses import Statuses

# Announced this recently, a camera's newest frame is as old as it was then, or every camera would look a second old.
FRESH_NS: Final = 2 * NS_PER_S


def status_page(
    directory: Directory, statuses: Statuses, label: Callable[[str], str], now_ns: int, wall_ns: int, host: str
) -> dict[str, Any]:
    """Return what `GET /status` answers."""
    viewers = statuses.viewers()
    watching = Counter(viewer["camera"] for viewer in viewers)
    encodes = statuses.encodes()
    lost = _sum_losses(statuses)
    cameras = []
    for camera in directory.ids():
        told, heard_ns = directory.get(camera), directory.heard_ns(camera)
        same_host = directory.host(camera) == host
        cameras.append(
            _camera_row(
                told,
                label(camera),
                encodes.get(camera, {}),
                lost.get(camera, 0),
                watching[camera],
                _age_s(told, heard_ns if now_ns - heard_ns < FRESH_NS else now_ns, now_ns, wall_ns, same_host),
            )
        )
    return {"cameras": cameras, "viewers": viewers, "processes": statuses.processes()}


def _camera_row(
    camera: Camera, label: str, encode: Mapping[str, Any], lost: int, viewers: int, age_s: float | None
) -> dict[str, Any]:
    sends_h264 = camera.kind == "h264"
    dropped = Counter(camera.dropped)
    told = encode.get("dropped")
    dropped.update({cause: n for cause, n in (told.items() if isinstance(told, dict) else ()) if type(n) is int})
    if lost:
        dropped["bus"] += lost
    row = {
        "id": camera.id,
        "label": label,
        "online": camera.online,
        "stalled": camera.stalled,
        "source": camera.source,
        "fps": round(camera.fps, 2),
        "width": camera.width,
        "height": camera.height,
        "jpeg_bytes_per_s": 0 if sends_h264 else round(camera.bytes_per_s),
        "h264_bytes_per_s": round(camera.bytes_per_s if sends_h264 else _number(encode.get("bytes_per_s"))),
        "frames": camera.frames,
        "dropped": dict(dropped),
        "encode_ms": round(_number(encode.get("encode_ms")), 2) if encode else None,
        "viewers": viewers,
        "last_frame_age_s": None if age_s is None else round(age_s, 3),
    }
    return {**row, "warning": camera.warning} if camera.warning else row


def _age_s(camera: Camera, as_of_ns: int, now_ns: int, wall_ns: int, same_host: bool) -> float | None:
    if same_host and camera.last_frame_mono_ns:
        return max(0, as_of_ns - camera.last_frame_mono_ns) / NS_PER_S
    if not camera.last_frame_wall_ns:
        return None
    return max(0, wall_ns - (now_ns - as_of_ns) - camera.last_frame_wall_ns) / NS_PER_S


def _sum_losses(statuses: Statuses) -> Counter[str]:
    lost: Counter[str] = Counter()
    for record in statuses.stage("fanout"):
        losses = record.get("lost")
        for camera, count in losses.items() if isinstance(losses, dict) else ():
            if type(count) is int:
                lost[camera] += count
    return lost


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0
