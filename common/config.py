"""Configuration: frozen dataclasses with their defaults, filled once from an optional TOML file and `CAM_*` variables.

The environment wins over the file, the file over the defaults. A variable or key that no room knows stops the start.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final

from common.errors import ConfigError
from common.settings import (
    SECTIONS,
    BusSettings,
    CameraSettings,
    FanoutSettings,
    IngestSettings,
    KeeperSettings,
    RecordingSettings,
    ServerSettings,
    TranscodeSettings,
    nearest,
    parse_camera_table,
    parse_field,
)

PROJECT_DIR: Final = Path(__file__).resolve().parent.parent
FILE_NAME: Final = "esp32-stream.toml"
# sun_path of sockaddr_un holds 108 bytes with its closing zero (unix(7)).
SOCKET_PATH_LIMIT_BYTES: Final = 107
_LONGEST_SOCKET_NAME: Final = "handover-transcode-99.sock"


@dataclass(frozen=True, slots=True)
class BusAddresses:
    """Where the broker binds and everybody else connects: ZeroMQ endpoints."""

    publish: str
    subscribe: str
    high_water_mark: int


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings in force, and where each that is no default came from."""

    server: ServerSettings = field(default_factory=ServerSettings)
    bus: BusSettings = field(default_factory=BusSettings)
    ingest: IngestSettings = field(default_factory=IngestSettings)
    transcode: TranscodeSettings = field(default_factory=TranscodeSettings)
    fanout: FanoutSettings = field(default_factory=FanoutSettings)
    recording: RecordingSettings = field(default_factory=RecordingSettings)
    keeper: KeeperSettings = field(default_factory=KeeperSettings)
    cameras: Mapping[str, CameraSettings] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)

    @property
    def run_dir(self) -> Path:
        return (PROJECT_DIR / self.server.run_dir).resolve()

    @property
    def state_dir(self) -> Path:
        return (PROJECT_DIR / self.server.state_dir).resolve()

    @property
    def bus_addresses(self) -> BusAddresses:
        return BusAddresses(
            publish=self.bus.publish_address or f"ipc://{self.run_path('bus-publish.sock')}",
            subscribe=self.bus.subscribe_address or f"ipc://{self.run_path('bus-subscribe.sock')}",
            high_water_mark=self.bus.high_water_mark,
        )

    @property
    def recording_dir(self) -> Path:
        return (PROJECT_DIR / self.recording.dir).resolve()

    def run_path(self, name: str) -> Path:
        """Return the path of a socket, stamp or log in the run folder."""
        return self.run_dir / name

    def camera(self, camera: str) -> CameraSettings:
        """Return a camera's settings; what its section leaves open is that of the sections for all."""
        own = self.cameras.get(camera, CameraSettings())
        shared, recording = self.transcode, self.recording
        return replace(
            own,
            label=own.label or camera,
            preset=own.preset or shared.preset,
            encoder=own.encoder or shared.encoder,
            bitrate_kbps=own.bitrate_kbps or shared.bitrate_kbps,
            max_fps=own.max_fps or shared.max_fps,
            recording_mode=own.recording_mode or recording.mode,
            recording_pre_roll_s=_or(own.recording_pre_roll_s, recording.pre_roll_s),
            recording_post_roll_s=_or(own.recording_post_roll_s, recording.post_roll_s),
            recording_keep_original=own.recording_keep_original or ("yes" if recording.keep_original else "no"),
            recording_max_days=_or(own.recording_max_days, recording.max_days),
            recording_max_gib=_or(own.recording_max_gib, recording.camera_max_gib),
        )


def _or(own: float, shared: float) -> float:
    return shared if own < 0 else own


def load(environ: Mapping[str, str]) -> Settings:
    """Return the settings in force; raise ConfigError for the first that is wrong or unknown."""
    file = _find_file(environ)
    table = _read_file(file) if file else {}
    known_variables = {"CAM_CONFIG", *RESERVED_VARIABLES}
    values: dict[str, dict[str, Any]] = {}
    origins: dict[str, str] = {}
    for section, kind in SECTIONS.items():
        own = _file_section(table, section, file)
        values[section] = {}
        for item in fields(kind):
            variable = variable_name(section, item.name)
            known_variables.add(variable)
            if variable in environ:
                values[section][item.name] = parse_field(kind, item.name, environ[variable], variable)
                origins[f"{section}.{item.name}"] = variable
            elif item.name in own:
                where = f"{file}, [{section}]"
                values[section][item.name] = parse_field(kind, item.name, own.pop(item.name), item.name, where)
                origins[f"{section}.{item.name}"] = str(file)
            own.pop(item.name, None)
        _refuse_unknown_keys(own, section, file, [item.name for item in fields(kind)])
    cameras = parse_camera_table(table.pop("camera", {}), str(file))
    _refuse_unknown_keys(table, "", file, [*SECTIONS, "camera"])
    _refuse_unknown_variables(environ, known_variables)
    settings = Settings(
        **{section: kind(**values[section]) for section, kind in SECTIONS.items()}, cameras=cameras, origins=origins
    )
    _check_run_dir(settings)
    return settings


# Variables that supervisord.conf and the Makefile hand to programs, not settings.
RESERVED_VARIABLES: Final = frozenset({"CAM_DEMO", "CAM_PYTHON", "CAM_PROJECT_DIR"})


def variable_name(section: str, name: str) -> str:
    """Return the environment variable of a setting: CAM_PORT, CAM_TRANSCODE_PRESET."""
    return f"CAM_{name.upper()}" if section == "server" else f"CAM_{section.upper()}_{name.upper()}"


def _find_file(environ: Mapping[str, str]) -> Path | None:
    named = environ.get("CAM_CONFIG")
    if named:
        return (PROJECT_DIR / named).resolve()
    usual = PROJECT_DIR / FILE_NAME
    return usual if usual.exists() else None


def _read_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError("CAM_CONFIG", str(file), f"a readable TOML file ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError("CAM_CONFIG", str(file), f"valid TOML in UTF-8: {error}") from error


def _file_section(table: dict[str, Any], section: str, file: Path | None) -> dict[str, Any]:
    own = table.pop(section, {})
    if not isinstance(own, dict):
        raise ConfigError(section, own, f"a table, written as [{section}]", str(file))
    return dict(own)


def _refuse_unknown_keys(left: Mapping[str, Any], section: str, file: Path | None, known: list[str]) -> None:
    for key, value in left.items():
        name = f"{section}.{key}" if section else key
        raise ConfigError(name, value, nearest(key, known), str(file))


def _refuse_unknown_variables(environ: Mapping[str, str], known: set[str]) -> None:
    for variable in sorted(environ):
        if variable.startswith("CAM_") and variable not in known:
            raise ConfigError(variable, environ[variable], nearest(variable, sorted(known)))


def _check_run_dir(settings: Settings) -> None:
    longest = len(bytes(settings.run_path(_LONGEST_SOCKET_NAME)))
    if longest > SOCKET_PATH_LIMIT_BYTES:
        room = SOCKET_PATH_LIMIT_BYTES - len(_LONGEST_SOCKET_NAME) - 1
        raise ConfigError(
            "CAM_RUN_DIR", str(settings.run_dir), f"a path of at most {room} bytes, or its socket paths are too long"
        )
