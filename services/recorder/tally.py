"""The disk thread's half of a camera's ledger row, read by the main thread: whole at any moment. Pure."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Counted(NamedTuple):
    """What became of the frames that were handed to the disk thread, cumulative."""

    out: int = 0
    dropped: Mapping[str, int] = {}


class CameraTally:
    """`counted` is replaced as a whole, so that whoever reads it sees frames neither twice nor in between."""

    def __init__(self) -> None:
        self.counted: Counted = Counted()

    def leave(self, frames: int = 1) -> None:
        out, dropped = self.counted
        self.counted = Counted(out + frames, dropped)

    def drop(self, cause: str, frames: int = 1) -> None:
        if frames:
            out, dropped = self.counted
            self.counted = Counted(out, {**dropped, cause: dropped.get(cause, 0) + frames})


HOP: Final = "recorder"


def row(arrived: Mapping[str, object], counted: Counted) -> dict[str, object]:
    """Return a row of the ledger; `arrived` is that of the main thread, whose `out` went to the disk thread."""
    handed, dropped = arrived["out"], arrived["dropped"]
    if not isinstance(handed, int) or not isinstance(dropped, dict):
        raise AssertionError("an account's row has these, by its own making")
    ended = {cause: dropped.get(cause, 0) + counted.dropped.get(cause, 0) for cause in {*dropped, *counted.dropped}}
    held = handed - counted.out - sum(counted.dropped.values())
    return {"hop": HOP, **arrived, "out": counted.out, "dropped": ended, "held": held}
