"""What every process says of itself once a second, kept while it is said. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from common.units import NS_PER_S
from services.fanout.records import read, read_counts, read_list

# A process tells once a second; three missed, and it is not there.
SILENT_NS: Final = 3 * NS_PER_S

PROCESS_FIELDS: Final[Mapping[str, Any]] = {
    "name": "",
    "pid": 0,
    "uptime_s": 0.0,
    "rss_bytes": 0,
    "cpu_percent": 0.0,
}
VIEWER_FIELDS: Final = ("id", "camera", "format", "age_s", "dropped")


@dataclass(frozen=True, slots=True)
class Api:
    """A part of the address space that another process answers, on a unix socket."""

    prefix: str
    socket: str
    owner: str


class Statuses:
    """The newest record of each process."""

    def __init__(self, host: str) -> None:
        self._host: Final = host
        self._records: dict[tuple[str, str], tuple[dict[str, Any], int]] = {}
        self._apis: dict[str, Api] = {}

    def hear(self, record: dict[str, Any], now_ns: int) -> None:
        """Take a `status/` record in; raise WireError when it is not one."""
        key = (read(record, "host", ""), read(record, "name", ""))
        if record.get("heartbeat"):
            if key in self._records:
                self._records[key] = (self._records[key][0], now_ns)
            return
        for name, default in PROCESS_FIELDS.items():
            read(record, name, default)
        read_counts(record, "counters")
        for api in read_list(record, "apis", dict) if key[0] == self._host else ():
            prefix = read(api, "prefix", "").rstrip("/")
            self._apis[prefix] = Api(prefix, read(api, "socket", ""), key[1])
        self._records[key] = (record, now_ns)

    def expire(self, bus_heard_ns: int) -> None:
        """Forget processes that were silent while others spoke."""
        for key, (_, heard_ns) in list(self._records.items()):
            if bus_heard_ns - heard_ns > SILENT_NS:
                del self._records[key]

    def stage(self, stage: str) -> Iterator[dict[str, Any]]:
        """Yield the records of a stage's processes."""
        return (record for record, _ in self._records.values() if record.get("stage") == stage)

    def processes(self) -> list[dict[str, Any]]:
        """Return one row a process, those that do not speak for themselves included."""
        rows = []
        for record, _ in self._records.values():
            rows.append(_process_row(record))
            rows.extend(_process_row(other) for other in record.get("others", ()) if isinstance(other, dict))
        return sorted(rows, key=lambda row: str(row["name"]))

    def viewers(self) -> list[dict[str, Any]]:
        """Return one row a viewer of any fanout process."""
        return [
            {name: viewer.get(name) for name in VIEWER_FIELDS}
            for record in self.stage("fanout")
            for viewer in _dicts(record.get("viewers"))
        ]

    def encodes(self) -> dict[str, dict[str, Any]]:
        """Return what is told of each camera's encoder; where two tell, the newer term."""
        newest: dict[str, dict[str, Any]] = {}
        for record in self.stage("transcode"):
            encodes = record.get("encodes")
            for camera, encode in encodes.items() if isinstance(encodes, dict) else ():
                if isinstance(encode, dict) and encode.get("term", 0) >= newest.get(camera, {}).get("term", -1):
                    newest[camera] = encode
        return newest

    def api_for(self, path: str) -> Api | None:
        """Return the API whose prefix covers a path in whole segments; the longest prefix wins."""
        covering = [api for api in self._apis.values() if path == api.prefix or path.startswith(f"{api.prefix}/")]
        return max(covering, key=lambda api: len(api.prefix), default=None)


def _process_row(record: Mapping[str, Any]) -> dict[str, Any]:
    row = {name: record.get(name, default) for name, default in PROCESS_FIELDS.items()}
    return {**row, "counters": record.get("counters", {})}


def _dicts(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
