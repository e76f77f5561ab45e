"""The settings themselves: one frozen dataclass a section, each field with its default, unit, limits and meaning.

`docs/configuration.md` and `esp32-stream.example.toml` say the same; a test compares them.
"""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from common.errors import ConfigError

CAMERA_ID: Final = re.compile(r"[a-z0-9_-]{1,32}")
PRESETS: Final = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium")
RECORDING_MODES: Final = ("off", "continuous", "event")
ENCODERS: Final = ("libx264", "h264_nvenc", "h264_qsv", "h264_v4l2m2m")


@dataclass(frozen=True, slots=True)
class Rule:
    """What a value must be: said to people as `expected`, checked and converted by `convert` (None: refused)."""

    expected: str
    convert: Callable[[Any], Any]


def _whole(low: int, high: int, unit: str = "") -> Rule:
    def convert(value: Any) -> int | None:
        if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,12}", value.strip()):
            value = int(value)
        return value if type(value) is int and low <= value <= high else None

    return Rule(f"a whole number from {low} to {high}{' ' + unit if unit else ''}", convert)


def _number(low: float, high: float, unit: str = "") -> Rule:
    def convert(value: Any) -> float | None:
        try:
            number = float(value) if not isinstance(value, bool) else float("nan")
        except (TypeError, ValueError):
            return None
        return number if low <= number <= high else None

    return Rule(f"a number from {low:g} to {high:g}{' ' + unit if unit else ''}", convert)


def _text(limit: int = 1000) -> Rule:
    return Rule(
        f"text of 1 to {limit} characters",
        lambda value: value if isinstance(value, str) and 1 <= len(value) <= limit and "\0" not in value else None,
    )


def _choice(*names: str, empty: bool = False) -> Rule:
    allowed = ("", *names) if empty else names
    return Rule(f"one of {', '.join(names)}", lambda value: value if value in allowed else None)


def _address() -> Rule:
    def convert(value: Any) -> str | None:
        good = isinstance(value, str) and (value == "" or re.fullmatch(r"(tcp|ipc)://\S+", value) is not None)
        return value if good else None

    return Rule("a ZeroMQ endpoint such as tcp://10.0.0.5:5555 or ipc:///run/x.sock", convert)


_YES_NO: Final[Mapping[str, bool]] = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def _yes_no() -> Rule:
    def convert(value: Any) -> bool | None:
        return value if isinstance(value, bool) else _YES_NO.get(str(value).strip().lower())

    return Rule("true or false", convert)


def _yes_no_or_empty() -> Rule:
    def convert(value: Any) -> str | None:
        if value == "":
            return ""
        answer = _yes_no().convert(value)
        return None if answer is None else "yes" if answer else "no"

    return Rule("true, false, or empty", convert)


def _origins() -> Rule:
    def convert(value: Any) -> tuple[str, ...] | None:
        items = [item.strip() for item in value.split(",")] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            return None
        items = [_without_default_port(item.rstrip("/").lower()) for item in items if item]
        return tuple(items) if all(re.fullmatch(r"https?://[^/\s]+", item) for item in items) else None

    return Rule("origins such as https://cams.example:8443, separated by commas", convert)


def _without_default_port(origin: str) -> str:
    """Return the origin as browsers write it (RFC 6454, section 6.2)."""
    return origin.removesuffix(":443" if origin.startswith("https:") else ":80")


def _setting(default: Any, rule: Rule, meaning: str) -> Any:
    return field(default=default, metadata={"rule": rule, "meaning": meaning})


_PORT: Final = _whole(1, 65535)


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What every process shares."""

    port: int = _setting(8080, _PORT, "TCP port of pages, viewers and cameras")
    ingest_port: int = _setting(8081, _PORT, "TCP port for cameras alone")
    bind: str = _setting("0.0.0.0", _text(64), "IPv4 address that both ports listen on")
    run_dir: str = _setting("var/run", _text(), "sockets, process ids and logs; volatile")
    state_dir: str = _setting("var/state", _text(), "scale and known cameras; lasting")
    allowed_origins: tuple[str, ...] = _setting((), _origins(), "origins of other sites whose pages may show cameras")
    max_cameras: int = _setting(256, _whole(1, 10_000), "cameras that may exist at once")
    log_level: str = _setting("info", _choice("debug", "info", "warning", "error"), "lowest level that is logged")


@dataclass(frozen=True, slots=True)
class BusSettings:
    """The broker's two sides; empty addresses mean sockets in the run folder."""

    publish_address: str = _setting("", _address(), "where publishers connect")
    subscribe_address: str = _setting("", _address(), "where subscribers connect")
    high_water_mark: int = _setting(1000, _whole(10, 100_000, "messages"), "bound of each ZeroMQ pipe")


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """The camera's side."""

    max_message_bytes: int = _setting(2 << 20, _whole(1024, 16 << 20, "bytes"), "largest message of a camera")
    max_side_px: int = _setting(65_500, _whole(16, 65_500, "pixels"), "largest width or height")
    max_pixels: int = _setting(20_000_000, _whole(256, 100_000_000, "pixels"), "largest picture")


@dataclass(frozen=True, slots=True)
class TranscodeSettings:
    """H.264 encoding; a camera's own section may override the first four."""

    encoder: str = _setting("libx264", _choice(*ENCODERS), "encoder; hardware falls back to libx264")
    preset: str = _setting("ultrafast", _choice(*PRESETS), "libx264's trade of CPU for quality")
    bitrate_kbps: int = _setting(1500, _whole(50, 50_000, "kbit/s"), "bit rate at most; calm scenes take less")
    max_fps: float = _setting(60.0, _number(0.1, 240, "frames a second"), "frames beyond it are skipped")
    gop_s: float = _setting(4.0, _number(0.25, 60, "seconds"), "longest distance of keyframes")
    threads: int = _setting(1, _whole(1, 16), "threads of one encoder")
    workers: int = _setting(0, _whole(0, 64), "cameras encoded at once by a process; 0: one a core, at most 4")
    idle_close_s: float = _setting(5.0, _number(0, 3600, "seconds"), "encoder kept after the last viewer left")
    nice: int = _setting(5, _whole(0, 19), "how much encoders give way to everything else on the machine (niceness)")


@dataclass(frozen=True, slots=True)
class FanoutSettings:
    """The viewers' side."""

    max_age_ms: int = _setting(500, _whole(50, 60_000, "ms"), "age of what waits for a viewer at most")
    max_box_bytes: int = _setting(256 << 10, _whole(16 << 10, 64 << 20, "bytes"), "bytes that wait for a viewer")
    stall_timeout_s: float = _setting(30.0, _number(1, 3600, "seconds"), "a viewer without progress is closed")
    request_timeout_s: float = _setting(
        15.0, _number(1, 60, "seconds"), "a slower request, or reader of an answer, is cut"
    )
    ping_interval_s: float = _setting(20.0, _number(1, 3600, "seconds"), "distance of pings to viewers")


@dataclass(frozen=True, slots=True)
class RecordingSettings:
    """Recordings; a camera's own section may override what it has a `recording_...` setting for."""

    dir: str = _setting("var/recordings", _text(), "where footage is kept, a folder for each camera")
    mode: str = _setting("off", _choice(*RECORDING_MODES), "of cameras that say nothing else")
    segment_s: float = _setting(60.0, _number(2, 3600, "seconds"), "length of a file, to the next keyframe")
    sync_interval_s: float = _setting(1.0, _number(0.1, 60, "seconds"), "distance of the passes that bring it to disk")
    queue_mib: int = _setting(64, _whole(1, 4096, "MiB"), "footage that waits for a slow disk, of one process")
    pre_roll_s: float = _setting(10.0, _number(0, 120, "seconds"), "before an event, mode event")
    post_roll_s: float = _setting(10.0, _number(0, 600, "seconds"), "after an event, mode event")
    ring_mib: int = _setting(16, _whole(1, 1024, "MiB"), "memory for what comes before an event, of one camera")
    event_limit_s: float = _setting(300.0, _number(1, 86_400, "seconds"), "an event that nobody ends is ended then")
    keep_original: bool = _setting(False, _yes_no(), "keep the camera's JPEGs of events beside the H.264")
    original_max_days: float = _setting(7.0, _number(0, 36_500, "days"), "age at which these go; 0: as max_days")
    max_days: float = _setting(0.0, _number(0, 36_500, "days"), "age at which footage goes; 0: none")
    max_gib: float = _setting(0.0, _number(0, 1_000_000, "GiB"), "footage of all cameras at most; 0: no limit")
    camera_max_gib: float = _setting(0.0, _number(0, 1_000_000, "GiB"), "footage of one camera at most; 0: no limit")
    min_free_mib: int = _setting(1024, _whole(0, 100_000_000, "MiB"), "free disk space that is left for others")


@dataclass(frozen=True, slots=True)
class KeeperSettings:
    """Processes a stage at first start, and at most."""

    ingest: int = _setting(1, _whole(1, 8), "ingest processes, until `make scale` says otherwise")
    transcode: int = _setting(1, _whole(1, 8), "transcode processes, until `make scale` says otherwise")
    fanout: int = _setting(1, _whole(1, 8), "fanout processes, until `make scale` says otherwise")
    recorder: int = _setting(1, _whole(1, 8), "recorder processes once anything is recorded, as above")


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """One camera, `[camera.<id>]`. Empty, 0 or -1: as in the section for all."""

    label: str = _setting("", _text(200), "name shown to people, in any language; empty: the id")
    encoder: str = _setting("", _choice(*ENCODERS, empty=True), "as in [transcode]")
    preset: str = _setting("", _choice(*PRESETS, empty=True), "as in [transcode]")
    bitrate_kbps: int = _setting(0, _whole(0, 50_000, "kbit/s"), "as in [transcode]")
    max_fps: float = _setting(0.0, _number(0, 240, "frames a second"), "as in [transcode]")
    recording_mode: str = _setting("", _choice(*RECORDING_MODES, empty=True), "empty: as in [recording]")
    recording_pre_roll_s: float = _setting(-1.0, _number(-1, 120, "seconds"), "-1: as in [recording]")
    recording_post_roll_s: float = _setting(-1.0, _number(-1, 600, "seconds"), "-1: as in [recording]")
    recording_keep_original: str = _setting("", _yes_no_or_empty(), "empty: as in [recording]")
    recording_max_days: float = _setting(-1.0, _number(-1, 36_500, "days"), "-1: as in [recording]")
    recording_max_gib: float = _setting(-1.0, _number(-1, 1_000_000, "GiB"), "-1: as camera_max_gib in [recording]")


SECTIONS: Final[dict[str, type[Any]]] = {
    "server": ServerSettings,
    "bus": BusSettings,
    "ingest": IngestSettings,
    "transcode": TranscodeSettings,
    "fanout": FanoutSettings,
    "recording": RecordingSettings,
    "keeper": KeeperSettings,
}


def nearest(name: str, known: list[str]) -> str:
    """Return what to say was expected instead of an unknown name."""
    close = difflib.get_close_matches(name, known, 1)
    guess = f"did you mean {close[0]}? " if close else ""
    return f"the name of a setting ({guess}`make config` lists them all)"


def parse_field(kind: type[Any], name: str, value: Any, shown_as: str, where: str = "") -> Any:
    """Return the converted value of a field; raise ConfigError naming it as `shown_as`."""
    item = next(item for item in fields(kind) if item.name == name)
    rule: Rule = item.metadata["rule"]
    converted = rule.convert(value)
    if converted is None:
        raise ConfigError(shown_as, value, rule.expected, where)
    return converted


def parse_camera_table(table: Any, where: str) -> dict[str, CameraSettings]:
    """Return the `[camera.<id>]` sections; raise ConfigError for a bad id, key or value."""
    if not isinstance(table, Mapping):
        raise ConfigError("camera", table, "tables, written as [camera.<id>]", where)
    cameras = {}
    for camera, section in table.items():
        if not CAMERA_ID.fullmatch(camera) or not isinstance(section, Mapping):
            raise ConfigError(f"camera.{camera}", section, "a table whose name matches [a-z0-9_-]{1,32}", where)
        known = [item.name for item in fields(CameraSettings)]
        unknown = [key for key in section if key not in known]
        if unknown:
            name = f"camera.{camera}.{unknown[0]}"
            raise ConfigError(name, section[unknown[0]], nearest(unknown[0], known), where)
        cameras[camera] = CameraSettings(
            **{
                key: parse_field(CameraSettings, key, value, f"camera.{camera}.{key}", where)
                for key, value in section.items()
            }
        )
    return cameras
