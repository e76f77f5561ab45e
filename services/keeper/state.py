"""Files that outlive the process: JSON in the state folder, replaced whole or not at all."""

import json
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

log = logging.getLogger(__name__)

VERSION = 1
T = TypeVar("T")


def load(path: Path, convert: Callable[[Mapping[str, Any]], T], default: T) -> T:
    """Return the converted content of a state file, or `default` when there is none.

    A file that cannot be read as such is set aside as `<name>.corrupt`, with one warning: a person may want it.
    """
    try:
        document = json.loads(path.read_bytes())
        if not isinstance(document, dict) or document.get("version") != VERSION:
            raise ValueError(f"expected a JSON object of version {VERSION}")
        if not isinstance(document.get("content"), dict):
            raise ValueError("expected an object under 'content'")
        return convert(document["content"])
    except FileNotFoundError:
        return default
    except (ValueError, OSError, RecursionError) as error:
        _set_aside(path, error)
        return default


def save(path: Path, content: Mapping[str, Any]) -> None:
    """Replace a state file; OSError when that fails, and the old file stays as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            json.dump({"version": VERSION, "content": content}, file, indent=1)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    # The name itself is safe only when the folder is on disk, too (fsync(2)).
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _set_aside(path: Path, error: Exception) -> None:
    aside = path.with_name(path.name + ".corrupt")
    try:
        path.replace(aside)
    except OSError as failure:
        log.warning("%s is unusable (%s) and cannot be set aside (%s): defaults are used", path, error, failure)
    else:
        log.warning("%s is unusable (%s): kept as %s, defaults are used", path, error, aside.name)
