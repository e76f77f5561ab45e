"""The age clocks of cameras, each kept in its camera's index, so that it outlives the process."""

import logging
from typing import Final

from common.recordings.camera_store import CameraStore
from common.units import NS_PER_S
from services.recorder.age_clock import DAY_NS, AgeClock
from services.recorder.taking import Moment

log = logging.getLogger(__name__)

META: Final = "age_clock"
# A write for each look would cost an idle camera more than all else does.
WRITE_INTERVAL_NS: Final = 600 * NS_PER_S


class Ages:
    """Of the cameras whose folder this process holds; belongs to the disk thread."""

    def __init__(self) -> None:
        self._clocks: dict[str, tuple[CameraStore, AgeClock]] = {}
        self._written: dict[str, AgeClock] = {}
        self._is_in_doubt = False

    def time_ns(self, store: CameraStore, now: Moment) -> int:
        """Return the time by which a camera's footage is old."""
        of_store, clock = self._clocks.get(store.camera, (None, AgeClock(0)))
        if of_store is not store:
            clock = _read(store, now)
            self._clocks[store.camera] = store, clock
            self._written.pop(store.camera, None)
        time_ns = clock.look(now)
        self._write(store, clock)
        self._say(now)
        return time_ns

    def _write(self, store: CameraStore, clock: AgeClock) -> None:
        written = self._written.get(store.camera)
        if written is not None:
            ahead_ns = abs(clock.trusted_ns - written.trusted_ns)
            if max(ahead_ns, abs(clock.doubted_ns - written.doubted_ns)) < WRITE_INTERVAL_NS:
                return
        store.index.set_meta(META, f"{clock.trusted_ns} {clock.doubted_ns}")
        self._written[store.camera] = AgeClock(clock.trusted_ns, clock.doubted_ns)

    def _say(self, now: Moment) -> None:
        doubted = [clock for store, clock in self._clocks.values() if clock.is_in_doubt]
        if bool(doubted) == self._is_in_doubt:
            return
        self._is_in_doubt = bool(doubted)
        if doubted:
            days = (now.wall_ns - doubted[0].trusted_ns) / DAY_NS
            log.warning(
                "the clock is %.0f days from what was expected: nothing goes by age until it stays so",
                days,
            )
        else:
            log.info("the clock is believed again: footage goes by age")


def _read(store: CameraStore, now: Moment) -> AgeClock:
    """Return the clock as a life before left it; without one, the newest footage tells what to expect."""
    numbers = store.index.get_meta(META).split()
    if len(numbers) == 2 and all(number.isascii() and number.isdigit() for number in numbers):
        return AgeClock(int(numbers[0]), int(numbers[1]))
    return AgeClock(store.index.newest_end_ns() or now.wall_ns)
