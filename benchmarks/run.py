"""One run of the benchmark: its folder, how long to measure, and the one pipeline that most figures share."""

import json
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.process import command, descendants


class Run:
    """What every figure is given."""

    def __init__(self, folder: Path, *, quick: bool) -> None:
        self.folder = folder
        self.quick = quick
        self._kept = ExitStack()
        self._pipeline: "Pipeline | None" = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._kept.close()
