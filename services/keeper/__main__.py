"""keeper's entry: the pools are started first, before ZeroMQ is loaded, because the first page waits for them."""

import logging
import sys
import time

from common.service import StopFlag, start
from services.keeper.hand import Hand
from services.keeper.lives import Lives
from services.keeper.store import Store
from services.keeper.supervisor import Supervisor

log = logging.getLogger(__name__)


def main(argv: list[str]) -> int:
    process, settings = start("keeper", argv)
    stop = StopFlag()
    store = Store(settings.state_dir)
    core = store.load(settings, time.monotonic_ns(), time.time_ns())
    hand = Hand(core, Supervisor(settings.run_path("supervisord.sock")), Lives(settings.run_dir))
    hand.look(time.monotonic_ns())

    from services.keeper.keeper import Keeper

    Keeper(process, settings, core, hand, store).run(stop)
    log.info("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
