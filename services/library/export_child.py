"""The export child: makes one timelapse, out of everybody's way, and ends. An `Order` in, `Word`s out, as lines.

A process of its own, because a damaged file may crash a codec, and because encoding takes all of a core.
"""

import socket
import sys
import time
from collections.abc import Sequence
from typing import Final

from common.child import begin_child, give_way
from common.errors import CodecError, RecordingError
from services.library.export_files import disk_sentence
from services.library.export_order import Order, Word

# A page asks once a second.
TELL_S: Final = 0.25


def main(arguments: Sequence[str]) -> None:
    begin_child(arguments)
    give_way()
    with socket.socket(fileno=0) as peer, peer.makefile("rb") as lines:
        order = Order.from_line(lines.readline())
        peer.sendall(_carry_out(order, Teller(peer)).to_line())


class Teller:
    """Tells how far it is, now and then."""

    def __init__(self, peer: socket.socket) -> None:
        self._peer = peer
        self._next_s = 0.0

    def __call__(self, progress: float) -> None:
        now_s = time.monotonic()
        if now_s >= self._next_s:
            self._next_s = now_s + TELL_S
            self._peer.sendall(Word(progress).to_line())


def _carry_out(order: Order, tell: Teller) -> Word:
    # Not before the priority is low: loading it takes a tenth of a second.
    from services.library.timelapse_maker import make_timelapse

    try:
        make_timelapse(order, tell)
    except OSError as error:
        return Word(problem=disk_sentence(error))
    except (CodecError, RecordingError) as error:
        return Word(problem=str(error))
    return Word(1.0, is_ready=True)


if __name__ == "__main__":
    main(sys.argv[1:])
