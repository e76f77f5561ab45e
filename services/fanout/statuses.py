"""What every process says of itself once a second, kept while it is said. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

from common.units import NS_PER_S
from services.fanout.delays import Summary, summarize
from services.fanout.lives import Lives
from services.fanout.recordings import Recordings
from services.fanout.records import read, read_counts, read_list
from services.fanout.troubles import Troubles

# A process tells once a second; three missed, and it is not there.
SILENT_NS: Final = 3 * NS_PER_S
# So long after another fanout process was heard first it is told of lives that it has not heard itself.
NEWCOMER_NS: Final = 5 * NS_PER_S

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
        self._newcomer_ns: int | None = None
        self._delays: Summary | None = None
        self.lives: Final = Lives()
        self.troubles: Final = Troubles()
        self.recordings: Final = Recordings()

    def hear(self, record: dict[str, Any], now_ns: int) -> list[str]:
        """Take a `status/` record in; return the cameras of which no video can be made from now on.

        Raise WireError when it is none.
        """
        key = (read(record, "host", ""), read(record, "name", ""))
        incarnation = read(record, "incarnation", 0)
        if record.get("heartbeat"):
            self._hear_heartbeat(key, incarnation, now_ns)
            return []
        for each in (record, *read_list(record, "others", dict)):
            _check_process(each)
        for api in read_list(record, "apis", dict) if key[0] == self._host else ():
            prefix = read(api, "prefix", "").rstrip("/")
            self._apis[prefix] = Api(prefix, read(api, "socket", ""), key[1])
        self.lives.hear(*key, incarnation, record.get("ledger"), now_ns)
        stage = record.get("stage")
        if stage == "fanout":
            self._hear_fanout(key, record, now_ns)
        self._records[key] = (record, now_ns)
        if stage == "keeper":
            self.recordings.hear_keeper(record)
            return self.troubles.hear_keeper(record)
        return self.troubles.hear_encodes(self.encodes()) if stage == "transcode" else []

    def expire(self, bus_heard_ns: int) -> None:
        """Forget processes that were silent while others spoke."""
        for key, (_, heard_ns) in list(self._records.items()):
            if bus_heard_ns - heard_ns > SILENT_NS:
                self._forget(key, bus_heard_ns)
        self.lives.expire(bus_heard_ns)

    def ended_lives(self, now_ns: int, *, leaving: bool = False) -> list[dict[str, Any]]:
        """Return what this process's status message says of ended lives: what it knows, while somebody is new.

        One that is `leaving` says it once more: who knew it may be restarted next.
        """
        is_new = self._newcomer_ns is not None and now_ns - self._newcomer_ns < NEWCOMER_NS
        return self.lives.tell_ended() if is_new or leaving else []

    def stage(self, stage: str) -> Iterator[dict[str, Any]]:
        """Yield the records of a stage's processes."""
        return (record for record, _ in self._records.values() if record.get("stage") == stage)

    def processes(self) -> list[dict[str, Any]]:
        """Return one row a process, those that do not speak for themselves included."""
        rows = []
        for record, _ in self._records.values():
            rows.append(_process_row(record))
            rows.extend(map(_process_row, record.get("others", ())))
        return sorted(rows, key=lambda row: str(row["name"]))

    def viewers(self) -> list[dict[str, Any]]:
        """Return one row a viewer of any fanout process."""
        return [
            {name: _plain(viewer.get(name)) for name in VIEWER_FIELDS}
            for record in self.stage("fanout")
            for viewer in _dicts(record.get("viewers"))
        ]

    def encodes(self) -> dict[str, dict[str, Any]]:
        """Return what is told of each camera's encoder; where two tell, the newer term."""
        newest: dict[str, dict[str, Any]] = {}
        for record in self.stage("transcode"):
            encodes = record.get("encodes")
            for camera, encode in encodes.items() if isinstance(encodes, dict) else ():
                term = encode.get("term", 0) if isinstance(encode, dict) else None
                if type(term) is int and term >= newest.get(camera, {}).get("term", -1):
                    newest[camera] = encode
        return newest

    def overloads(self) -> list[dict[str, Any]]:
        """Return the processes that encode less than they are asked to, and by what rule."""
        rows = []
        for record in self.stage("transcode"):
            told = record.get("overload")
            level = told.get("level") if isinstance(told, dict) else 0
            if isinstance(told, dict) and type(level) is int and level > 0:
                rows.append({"process": record["name"], "level": level, "rule": str(told.get("rule", ""))})
        return sorted(rows, key=lambda row: str(row["process"]))

    def delays(self) -> Summary:
        """Return the ages at each hop, by camera; summed up anew when a fanout process has told more."""
        if self._delays is None:
            self._delays = summarize(self.stage("fanout"))
        return self._delays

    def api_for(self, path: str) -> Api | None:
        """Return the API whose prefix covers a path in whole segments; the longest prefix wins."""
        covering = [api for api in self._apis.values() if path == api.prefix or path.startswith(f"{api.prefix}/")]
        return max(covering, key=lambda api: len(api.prefix), default=None)

    def _hear_heartbeat(self, key: tuple[str, str], incarnation: int, now_ns: int) -> None:
        told = self._records.get(key)
        if told is None:
            return
        if told[0].get("incarnation", 0) == incarnation:
            self._records[key] = (told[0], now_ns)
        else:
            self._forget(key, now_ns)

    def _hear_fanout(self, key: tuple[str, str], record: dict[str, Any], now_ns: int) -> None:
        told = self._records.get(key)
        if told is None or told[0].get("incarnation") != record.get("incarnation"):
            self._newcomer_ns = now_ns
        self.lives.learn_ended(record.get("ended"), read(record, "mono_ns", 0), now_ns)
        self._delays = None

    def _forget(self, key: tuple[str, str], now_ns: int) -> None:
        del self._records[key]
        self.lives.end(*key, now_ns)
        self._delays = None


def _check_process(record: Mapping[str, Any]) -> None:
    for name, default in PROCESS_FIELDS.items():
        read(record, name, default)
    read_counts(record, "counters")


def _process_row(record: Mapping[str, Any]) -> dict[str, Any]:
    row = {name: record.get(name, default) for name, default in PROCESS_FIELDS.items()}
    return {**row, "counters": record.get("counters", {})}


def _dicts(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _plain(value: object) -> str | int | float | None:
    """Return what JSON has a word for; None instead of anything else."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    return value if isinstance(value, (str, int)) else None
