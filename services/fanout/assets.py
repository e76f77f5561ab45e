"""The pages: files of web/, read into memory when first asked for and again when they change."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from common.config import PROJECT_DIR

WEB_DIR: Final = PROJECT_DIR / "web"
TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
# No empty, hidden or upward part; whatever else a name may hold does not match.
_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*){0,4}")


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is answered."""

    body: bytes
    content_type: str
    etag: str
    stamp: tuple[int, int]


class Assets:
    """The files below a folder."""

    def __init__(self, folder: Path = WEB_DIR) -> None:
        self._folder: Final = folder
        self._cache: dict[str, Asset] = {}

    def get(self, name: str) -> Asset | None:
        """Return the file of this name; None when there is none that may be shown."""
        path = self._folder / name
        content_type = TYPES.get(path.suffix)
        if content_type is None or not _NAME.fullmatch(name):
            return None
        try:
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            cached = self._cache.get(name)
            if cached is None or cached.stamp != stamp:
                body = path.read_bytes()
                cached = Asset(body, content_type, hashlib.sha256(body).hexdigest()[:32], stamp)
                self._cache[name] = cached
        except OSError:
            return None
        return cached
