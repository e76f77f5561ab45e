"""Where things lie in the folder of recordings, and what they are called. Pure.

<recording.dir>/<camera>/.lock                                       held by the one process that writes here
                        /.reserve                                    space for the moment when the disk is full
                        /index.sqlite                                a cache of all below
                        /2026-11-22/porch_20261122T213309.123Z.mp4   footage by its UTC start; originals: .spool
                                   /journal.jsonl                    gaps, events and protection of that day
"""

import re
from datetime import UTC, datetime
from typing import Final

from common.recordings.rows import ORIGINALS_SUFFIX, VIDEO_SUFFIX, Kind
from common.units import NS_PER_MS, NS_PER_S

LOCK_NAME: Final = ".lock"
INDEX_NAME: Final = "index.sqlite"
JOURNAL_NAME: Final = "journal.jsonl"
PART_SUFFIX: Final = ".part"
DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
FILE: Final = re.compile(r"[a-z0-9_-]{1,32}_[0-9]{8}T[0-9]{6}\.[0-9]{3}Z\.(?:mp4|spool)")


def day_of(time_ns: int) -> str:
    """Return the folder of a time's UTC day, `2026-11-22`."""
    return _utc(time_ns).strftime("%Y-%m-%d")


def day_start_ns(day: str) -> int:
    """Return when a day begins."""
    return int(datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()) * NS_PER_S


def kind_of(name: str) -> Kind:
    """Return what a file of such a name holds."""
    return Kind.VIDEO if name.endswith(VIDEO_SUFFIX) else Kind.ORIGINALS


def name_of(camera: str, start_ns: int, kind: Kind) -> str:
    """Return a file's name below its camera's folder, with the day's folder."""
    suffix = VIDEO_SUFFIX if kind is Kind.VIDEO else ORIGINALS_SUFFIX
    moment = f"{_utc(start_ns):%Y%m%dT%H%M%S}.{start_ns % NS_PER_S // NS_PER_MS:03}Z"
    return f"{day_of(start_ns)}/{camera}_{moment}{suffix}"


def is_name(name: str) -> bool:
    """Return whether a text is such a name, and so leads nowhere but below its camera's folder."""
    day, slash, file = name.partition("/")
    return bool(slash) and DAY.fullmatch(day) is not None and FILE.fullmatch(file) is not None


def is_part(name: str) -> bool:
    """Return whether a text is the name of a file that is still being made, to be renamed when it is whole."""
    return name.endswith(PART_SUFFIX) and is_name(name.removesuffix(PART_SUFFIX))


def _utc(time_ns: int) -> datetime:
    return datetime.fromtimestamp(time_ns // NS_PER_S, UTC)
