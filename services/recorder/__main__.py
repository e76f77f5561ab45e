"""recorder's entry: settings, the main loop until a signal, everything on disk before it ends."""

import logging
import sys

from common.service import StopFlag, start
from services.recorder.recorder import Recorder

log = logging.getLogger(__name__)


def main(argv: list[str]) -> int:
    process, settings = start("recorder", argv)
    status = Recorder(process, settings).run(StopFlag())
    log.info("stopped")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
