"""Exports on disk: `<recordings>/.exports/<id>.json` and `<id>.mp4`; `<id>.part` and `.spool` while one is being made.

Blocking: for a thread. OSError passes.
"""

import contextlib
import json
import logging
import os
import re
from pathlib import Path
from typing import Final

from services.library.export import Export, Stage

log = logging.getLogger(__name__)

FOLDER: Final = ".exports"
_ID: Final = re.compile(r"[0-9a-f]{16}")


class ExportStore:
    """The folder of exports; it is made when there is something to keep."""

    def __init__(self, recording_dir: Path) -> None:
        self._folder: Final = recording_dir / FOLDER

    def load(self) -> list[Export]:
        """Return what there is, by age. Leftovers are removed; what is not finished waits again."""
        try:
            entries = sorted(self._folder.iterdir())
        except FileNotFoundError:
            return []
        exports = {export.id: export for entry in entries if entry.suffix == ".json" and (export := _read(entry))}
        for entry in entries:
            # An id's files go with it; those of exports that are unfinished are made anew.
            export = exports.get(entry.stem)
            is_wanted = entry.suffix == ".json" or (entry.suffix == ".mp4" and export and export.stage is Stage.DONE)
            if export is None or not is_wanted:
                # On a disk that takes no changes there is still something to look at.
                with contextlib.suppress(OSError):
                    entry.unlink()
        return sorted(exports.values(), key=lambda export: export.created_ns)

    def save(self, export: Export) -> None:
        """Write an export down; what was written before stays whole until then."""
        self._folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        path = self._path(export, ".json")
        draft = path.with_suffix(".draft")
        try:
            with draft.open("w", encoding="utf-8") as file:
                json.dump(export.to_fields(), file)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        self._sync_folder()

    def publish(self, export: Export) -> int:
        """Give the finished part its name; return its size."""
        film = self.film(export)
        self.part(export).replace(film)
        self._sync_folder()
        return film.stat().st_size

    def remove(self, export: Export) -> None:
        """Remove all that there is of an export."""
        for suffix in (".json", ".mp4", ".part", ".spool"):
            self._path(export, suffix).unlink(missing_ok=True)

    def clean(self, export: Export) -> None:
        """Remove what is left of making an export. OSError does not pass: `load` gets another chance."""
        try:
            for suffix in (".part", ".spool"):
                self._path(export, suffix).unlink(missing_ok=True)
        except OSError as error:
            log.warning("what is left of export %s cannot be removed: %s", export.id, error)

    def film(self, export: Export) -> Path:
        return self._path(export, ".mp4")

    def part(self, export: Export) -> Path:
        return self._path(export, ".part")

    def spool(self, export: Export) -> Path:
        return self._path(export, ".spool")

    def _path(self, export: Export, suffix: str) -> Path:
        return self._folder / f"{export.id}{suffix}"

    def _sync_folder(self) -> None:
        fd = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def _read(path: Path) -> Export | None:
    try:
        export = Export.from_fields(json.loads(path.read_text(encoding="utf-8")))
    except (KeyError, TypeError, ValueError) as error:
        log.warning("export %s is unreadable and removed: %r", path.name, error)
        return None
    if export.id != path.stem or not _ID.fullmatch(export.id):
        return None
    return export if export.stage is not Stage.DONE or path.with_suffix(".mp4").exists() else None
