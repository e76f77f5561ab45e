"""What a viewer costs that takes nothing: at the socket, in the transport, in its box, the kernel's part included."""

import asyncio
import fcntl
import socket
import struct
import sys
import termios

import pytest

from common.clock import SystemClock
from common.counters import Counters
from services.fanout.connection import Connection, Connections
from services.fanout.forms import http_form, websocket_form
from services.fanout.guests import Guests
from services.fanout.hub import Hub
from services.fanout.load_table import LoadTable
from services.fanout.patience import Patience
from tests.helpers.fanout import Bus, make_frame, make_ledger
from tests.helpers.rooms import settings_in

LIMIT_BYTES = 512 << 10
# linux/socket.h and sock_diag.h: the memory of a socket, and in it what its send queue takes with all overhead.
SO_MEMINFO, MEMINFO_WMEM_QUEUED, MEMINFO_WORDS = 55, 5, 9

FORMS = {
    "ws h264": ("h264", websocket_form("h264", meta=False), "ws"),
    "ws mp4": ("mp4", websocket_form("mp4", meta=True), "ws"),
    "ws jpeg": ("jpeg", websocket_form("jpeg", meta=False), "ws"),
    "http h264": ("h264", http_form("h264", chunked=True), "http"),
    "http mp4": ("mp4", http_form("mp4", chunked=True), "http"),
    "http mjpeg": ("jpeg", http_form("jpeg", chunked=True), "http"),
}


class Kept:
    """A viewer's connection to a reader with a tiny buffer, and what it costs here."""

    def __init__(self, reader, connection, peer, guest):
        self.reader = reader
        self.connection = connection
        self.peer = peer
        self.guest = guest

    @property
    def unsent_bytes(self):
        return int.from_bytes(fcntl.ioctl(self.peer, termios.TIOCOUTQ, bytes(4)), sys.byteorder)

    @property
    def cost_bytes(self):
        words = struct.unpack(
            f"{MEMINFO_WORDS}I", self.peer.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, 4 * MEMINFO_WORDS)
        )
        kernel = max(self.unsent_bytes, words[MEMINFO_WMEM_QUEUED])
        viewer = self.guest.viewer
        return (
            kernel
            + self.connection.transport.get_write_buffer_size()
            + viewer.box.size
            + sum(len(note) for note in viewer.notes)
        )


class Quiet(asyncio.Protocol):
    """Stands where aiohttp's protocol stands."""


async def connect(listener, guests, table, format_, form, over):
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    reader.connect(listener.getsockname())
    peer, _ = listener.accept()
    peer.setblocking(False)
    loop = asyncio.get_running_loop()
    _, connection = await loop.connect_accepted_socket(lambda: Connection(Quiet(), table, peer), peer)
    return Kept(reader, connection, peer, guests.admit(connection, format_, form, over=over))


async def cost_of(folder, format_, form, over, size):
    """Return what a viewer cost at most that took nothing of many frames, and another's number of writes meanwhile."""
    clock, counters = SystemClock(), Counters()
    table = Connections(clock, Patience.of(15.0), LoadTable(folder, "fanout-0"))
    guests = Guests(Process(), settings_in(folder), clock, counters)
    hub, most = Hub(Bus(), counters, make_ledger()), 0
    with socket.create_server(("127.0.0.1", 0)) as listener:
        kept = await connect(listener, guests, table, format_, form, over)
        hub.join(kept.guest.viewer, "porch", clock.mono_ns())
        for number in range(200):
            frame = make_frame(number, format_, key=number % 50 == 0, size=size)
            hub.publish("porch", format_, frame, clock.mono_ns())
            kept.guest.viewer.tell(b"x" * 100)
            await asyncio.sleep(0)
            most = max(most, kept.cost_bytes)
        assert not kept.guest.viewer.open
        assert kept.guest.viewer.dropped > 50
        kept.connection.reset()
        await asyncio.sleep(0)
        kept.reader.close()
    return most


class Process:
    name = "fanout-0"


@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize("size", [2_000, 40_000, 200_000])
def test_stalled_viewer_costs_at_most_512_kib_the_kernel_included(tmp_path, kind, size):
    most = asyncio.run(cost_of(tmp_path, *FORMS[kind], size))
    print(f"{kind}, frames of {size} bytes: {most >> 10} KiB")
    assert size < most <= LIMIT_BYTES


@pytest.mark.parametrize("kind", ["ws h264", "http mjpeg"])
def test_stalled_viewer_of_larger_messages_costs_one_of_its_own_and_shares_the_other(tmp_path, kind):
    size = 2 << 20
    most = asyncio.run(cost_of(tmp_path, *FORMS[kind], size))
    # The one that was begun is its own; the one in its box is the stream's newest, which all others have as well.
    assert most <= 2 * size + LIMIT_BYTES
