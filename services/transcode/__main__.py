"""The process `transcode`: encodes the cameras that are given to it, until a signal."""

import argparse
import os
import sys
from typing import Final

from common.clock import SystemClock
from common.config import Settings
from common.service import StopFlag, parse_options, start
from services.transcode.worker import Worker

# More threads of one interpreter fight over it; another process is worth more than a fifth thread.
MOST_THREADS: Final = 4


def main(argv: list[str]) -> int:
    extra = argparse.ArgumentParser(add_help=False)
    extra.add_argument("--alone", action="store_true", help="encode only cameras that are isolated in this process")
    process, settings = start("transcode", argv, extra)
    alone: bool = parse_options("transcode", argv, extra).alone
    stop = StopFlag()
    worker = Worker(process, settings, SystemClock(), thread_count(settings), alone=alone)
    try:
        worker.run(stop)
    finally:
        worker.close()
    return 0


def thread_count(settings: Settings) -> int:
    """Return how many cameras are encoded at once."""
    return settings.transcode.workers or min(MOST_THREADS, len(os.sched_getaffinity(0)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
