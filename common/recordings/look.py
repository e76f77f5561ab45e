"""What lies in a camera's folder: the names that are ours, the rest apart."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from common.recordings.layout import DAY, JOURNAL_NAME, is_name, is_part
from common.recordings.mending import BROKEN_SUFFIX


@dataclass(frozen=True, slots=True)
class Found:
    """What lies in a camera's folder."""

    files: Mapping[str, int]
    """Name to size."""
    journals: Mapping[str, int]
    """Day to size."""
    parts: tuple[str, ...]
    broken: tuple[str, ...]
    """What was set aside for a person to look at; it goes with its day."""
    strange: tuple[str, ...]
    """Names that are nothing of ours; nobody touches them."""


def look(folder: Path, camera: str, before_day: str = "") -> Found:
    """Return what lies in a camera's folder, by one look at each day's; `before_day`: only at those of days before."""
    files: dict[str, int] = {}
    journals: dict[str, int] = {}
    parts: list[str] = []
    broken: list[str] = []
    strange: list[str] = []
    with os.scandir(folder) as entries:
        days = sorted(entry.name for entry in entries if DAY.fullmatch(entry.name) and entry.is_dir())
    if before_day:
        days = [day for day in days if day < before_day]
    for day in days:
        with os.scandir(folder / day) as entries:
            for entry in entries:
                name = f"{day}/{entry.name}"
                if is_name(name) and entry.name.rpartition("_")[0] == camera:
                    files[name] = entry.stat().st_size
                elif entry.name == JOURNAL_NAME:
                    journals[day] = entry.stat().st_size
                elif is_part(name) or entry.name == f"{JOURNAL_NAME}.part":
                    parts.append(name)
                elif _is_broken(name):
                    broken.append(name)
                else:
                    strange.append(name)
    return Found(files, journals, tuple(parts), tuple(broken), tuple(strange))


def _is_broken(name: str) -> bool:
    whole = name.removesuffix(BROKEN_SUFFIX)
    return whole != name and (is_name(whole) or whole.endswith(f"/{JOURNAL_NAME}"))
