"""Short folders for sockets: pytest's own are often too long for sockaddr_un."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def short_tmp() -> Iterator[Path]:
    """Yield a new folder with a short path, removed afterwards."""
    path = Path(tempfile.mkdtemp(prefix="cam-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
