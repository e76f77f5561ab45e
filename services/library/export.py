"""What an export is: what was asked for, how far it is, and which of them are kept. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Final

from common.moments import moment_stamp, moment_text
from common.names import CameraId, camera_id
from common.units import NS_PER_S
from services.library.queries import DAY_NS, given_range, refuse_others
from services.library.refusals import Refusal, try_again

LIMIT: Final = 20
KEPT_NS: Final = DAY_NS
# As much as play.mp4 gives at once.
CLIP_NS: Final = DAY_NS
TIMELAPSE_NS: Final = 31 * DAY_NS
# Of the finished film: an hour of it is encoded in about as long on a small machine.
TIMELAPSE_LENGTH_S: Final = 3600
SPEEDS: Final = (2, 5000)
RATES: Final = (1, 60)
# One that ends the library each time must not do so for ever.
ATTEMPTS: Final = 3


class What(StrEnum):
    """What is made."""

    CLIP = "clip"
    """The footage as it is."""
    TIMELAPSE = "timelapse"


class Stage(StrEnum):
    """How far an export is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


_UNFINISHED: Final = (Stage.WAITING, Stage.RUNNING)


@dataclass(frozen=True, slots=True)
class Export:
    """One export; `error` is a sentence when it failed."""

    id: str
    camera: CameraId
    from_ns: int
    to_ns: int
    what: What
    speed: float
    fps: int
    created_ns: int
    stage: Stage = Stage.WAITING
    progress: float = 0.0
    finished_ns: int = 0
    size_bytes: int = 0
    error: str = ""
    attempts: int = 0

    @property
    def is_finished(self) -> bool:
        return self.stage not in _UNFINISHED

    @property
    def file_name(self) -> str:
        return f"{self.camera}_{moment_stamp(self.from_ns)}.mp4"

    def begun(self) -> "Export":
        return replace(self, stage=Stage.RUNNING, progress=0.0, attempts=self.attempts + 1)

    def done(self, size_bytes: int, now_ns: int) -> "Export":
        return replace(self, stage=Stage.DONE, progress=1.0, size_bytes=size_bytes, finished_ns=now_ns)

    def failed(self, error: str, now_ns: int) -> "Export":
        return replace(self, stage=Stage.FAILED, error=error, finished_ns=now_ns)

    def answer(self, prefix: str) -> dict[str, Any]:
        """Return it as a request gets to see it; `prefix` is the address of all exports."""
        timelapse = {"speed": self.speed, "fps": self.fps} if self.what is What.TIMELAPSE else {}
        done = self.stage is Stage.DONE
        return {
            "id": self.id,
            "camera": self.camera,
            "from": moment_text(self.from_ns),
            "to": moment_text(self.to_ns),
            "kind": self.what.value,
            **timelapse,
            "state": self.stage.value,
            "progress": round(self.progress, 3),
            "created": moment_text(self.created_ns),
            "expires": moment_text(self.finished_ns + KEPT_NS) if self.is_finished else None,
            "size_bytes": self.size_bytes,
            "error": self.error or None,
            "address": f"{prefix}/{self.id}/{self.file_name}" if done else None,
        }

    def to_fields(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> "Export":
        """Return what `to_fields` gave; KeyError, TypeError or ValueError when it is something else."""
        own = {name: fields[name] for name in cls.__dataclass_fields__}
        return cls(**{**own, "what": What(own["what"]), "stage": Stage(own["stage"])})


def parse_export(wish: Mapping[str, Any], export_id: str, now_ns: int) -> Export:
    """Return the export that a request asks for; raise Refusal, which says what is expected."""
    refuse_others(wish, "camera", "from", "to", "kind", "speed", "fps")
    camera, kind = wish.get("camera"), wish.get("kind", What.CLIP.value)
    if not isinstance(camera, str):
        raise Refusal(400, "camera is missing: the id of a camera")
    if kind not in tuple(What):
        raise Refusal(400, "kind: expected clip or timelapse")
    if kind == What.CLIP and ("speed" in wish or "fps" in wish):
        raise Refusal(400, "speed and fps are for timelapses: a clip is the footage as it is")
    range_ = given_range(wish, CLIP_NS if kind == What.CLIP else TIMELAPSE_NS)
    speed, fps = _number(wish, "speed", 60, *SPEEDS), _number(wish, "fps", 25, *RATES)
    if fps != int(fps):
        raise Refusal(400, "fps: expected a whole number")
    if kind == What.TIMELAPSE:
        _check_length(range_.to_ns - range_.from_ns, speed)
    return Export(
        export_id, camera_id(camera), range_.from_ns, range_.to_ns, What(kind), speed, int(fps), created_ns=now_ns
    )


def _number(wish: Mapping[str, Any], name: str, default: float, least: float, most: float) -> float:
    value = wish.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise Refusal(400, f"{name}: expected a number from {least} to {most}")
    return value


def _check_length(range_ns: int, speed: float) -> None:
    length_s = range_ns / speed / NS_PER_S
    if length_s > TIMELAPSE_LENGTH_S:
        least = -(-range_ns // (TIMELAPSE_LENGTH_S * NS_PER_S))
        raise Refusal(
            400, f"a timelapse of {length_s:.0f} s exceeds {TIMELAPSE_LENGTH_S} s: expected a speed of at least {least}"
        )


def to_give_way(exports: Sequence[Export]) -> Export | None:
    """Return the finished export that goes for a new one, None when there is room; Refusal when all are at work."""
    if len(exports) < LIMIT:
        return None
    finished = [export for export in exports if export.is_finished]
    if not finished:
        raise try_again(f"{LIMIT} exports are being made already")
    return min(finished, key=lambda export: export.finished_ns)


def expired(exports: Iterable[Export], now_ns: int) -> list[Export]:
    """Return the exports whose time is over, by the system's clock; one from the future counts as old, too."""
    return [export for export in exports if export.is_finished and abs(now_ns - export.finished_ns) > KEPT_NS]
