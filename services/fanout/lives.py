"""The ledgers of all processes, of lives that have ended too: what a killed process last said is not forgotten. Pure.

A life is one incarnation of a process. Its counts are cumulative, so that its last word says everything, and its rows
never add up with those of the next life. Fanout processes that start are told of ended lives by those that know them.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from common.units import NS_PER_S

REMEMBERED_NS: Final = 600 * NS_PER_S
# Of all ended lives together; the oldest are forgotten first. As many as 10 deaths of a process with 100 cameras.
ROWS_REMEMBERED: Final = 1000

_COUNTS: Final = ("in", "out", "held", "bus")
# (host, process, incarnation)
LifeKey = tuple[str, str, int]


@dataclass(slots=True)
class Life:
    """One incarnation of a process: its rows by camera (and format), and when it was found to have ended."""

    rows: Mapping[str, Any]
    ended_ns: int = 0


class Lives:
    """What each life said last."""

    def __init__(self) -> None:
        self._alive: dict[tuple[str, str], tuple[int, Life]] = {}
        self._ended: dict[LifeKey, Life] = {}

    def hear(self, host: str, process: str, incarnation: int, ledger: object, now_ns: int) -> None:
        """Take a process's ledger in; another incarnation of it has ended."""
        told = self._alive.get((host, process))
        if told is not None and told[0] != incarnation:
            self.end(host, process, now_ns)
        # Taken for dead, and it was not: stopped for a while, or cut off.
        self._ended.pop((host, process, incarnation), None)
        self._alive[host, process] = incarnation, Life(ledger if isinstance(ledger, dict) else {})

    def end(self, host: str, process: str, now_ns: int) -> None:
        """Take note that a process is no more."""
        told = self._alive.pop((host, process), None)
        if told is not None and told[1].rows:
            incarnation, life = told
            self._ended[host, process, incarnation] = Life(life.rows, now_ns)

    def expire(self, now_ns: int) -> None:
        """Forget what ended long ago, and what is too much."""
        newest_first = sorted(self._ended.items(), key=lambda item: -item[1].ended_ns)
        kept: dict[LifeKey, Life] = {}
        rows = 0
        for key, life in newest_first:
            rows += len(life.rows)
            if now_ns - life.ended_ns <= REMEMBERED_NS and rows <= ROWS_REMEMBERED:
                kept[key] = life
        self._ended = kept

    def tell_ended(self) -> list[dict[str, Any]]:
        """Return what another fanout process must know that has not heard these lives."""
        return [
            {"host": host, "name": name, "incarnation": incarnation, "mono_ns": life.ended_ns, "ledger": life.rows}
            for (host, name, incarnation), life in self._ended.items()
        ]

    def learn_ended(self, told: object, told_ns: int, now_ns: int) -> None:
        """Take in what another one tells; `told_ns`: its clock when it did. What is known here already stays."""
        for item in told if isinstance(told, list) else ():
            life = _parse_ended(item, told_ns, now_ns)
            if life is not None and life[0] not in self._ended and not self._is_alive(life[0]):
                self._ended[life[0]] = life[1]

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """Return the rows of `/status` by camera, in one order everywhere."""
        found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for (_, process), (incarnation, life) in self._alive.items():
            for camera, row in _rows(process, incarnation, life.rows, has_ended=False):
                found[camera].append(row)
        for (_, process, incarnation), life in self._ended.items():
            for camera, row in _rows(process, incarnation, life.rows, has_ended=True):
                found[camera].append(row)
        for rows in found.values():
            rows.sort(key=_order)
        return found

    def _is_alive(self, key: LifeKey) -> bool:
        told = self._alive.get(key[:2])
        return told is not None and told[0] == key[2]


def _parse_ended(item: object, told_ns: int, now_ns: int) -> tuple[LifeKey, Life] | None:
    if not isinstance(item, dict):
        return None
    host, name, incarnation = item.get("host"), item.get("name"), item.get("incarnation")
    ended_ns, ledger = item.get("mono_ns"), item.get("ledger")
    if not (isinstance(host, str) and isinstance(name, str) and isinstance(ledger, dict)):
        return None
    if type(incarnation) is not int or type(ended_ns) is not int or ended_ns > told_ns:
        return None
    return (host, name, incarnation), Life(ledger, now_ns - (told_ns - ended_ns))


def _rows(
    process: str, incarnation: int, ledger: Mapping[str, Any], *, has_ended: bool
) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, told in ledger.items():
        if not isinstance(key, str) or not _is_row(told):
            continue
        camera, _, format_ = key.partition("/")
        row = {
            "hop": told.get("hop", ""),
            "process": process,
            "incarnation": incarnation,
            "in": told["in"],
            "out": told["out"],
            "dropped": _counts(told.get("dropped")),
            "held": told["held"],
            "bus": told["bus"],
            "bus_from": _counts(told.get("bus_from")),
            "ended": has_ended,
        }
        if format_:
            row["format"] = format_
        yield camera, row


def _is_row(told: object) -> bool:
    if not isinstance(told, dict) or not isinstance(told.get("hop", ""), str):
        return False
    return all(type(told.get(name)) is int for name in _COUNTS)


def _counts(value: object) -> dict[str, int]:
    return (
        {name: n for name, n in value.items() if type(name) is str and type(n) is int}
        if isinstance(value, dict)
        else {}
    )


# As a frame passes them; a hop that is not of this project comes last.
_HOPS: Final = {"ingest": 0, "transcode": 1, "fanout": 2, "recorder": 3}


def _order(row: Mapping[str, Any]) -> tuple[int, str, int, str]:
    return _HOPS.get(row["hop"], len(_HOPS)), row["process"], row["incarnation"], row.get("format", "")
