"""The bus: the project's one door to ZeroMQ (the broker beside it). Multipart `[topic, header, payload]`, WIRE.md.

A `Bus` publishes and subscribes through the broker, from one thread, without blocking. Lossy by contract: what must
not be lost is not sent over it. `frames()` is the short way in for programs that only want to look.
"""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Final, NamedTuple, Self

import zmq

from common.config import BusAddresses, load
from common.errors import WireError
from common.frame import Frame
from common.wire import decode_frame, encode_frame

# A dead broker that sends no FIN (a hung one, a lost network) is noticed after the timeout; ZMTP 3.1 PING.
HEARTBEAT_INTERVAL_MS: Final = 500
HEARTBEAT_TIMEOUT_MS: Final = 1500
# Constant, so that everybody is back as soon as a restarted broker is.
RECONNECT_INTERVAL_MS: Final = 100
# Grammar bound of WIRE.md: a kind, a name and a track.
TOPIC_LIMIT_BYTES: Final = 200


class Message(NamedTuple):
    """One message of the bus; the topic without its closing slash."""

    topic: str
    header: bytes
    payload: bytes


def _ignore_demand(_prefix: str, _wanted: bool) -> None:
    """For those who publish whatever anybody thinks."""


class Bus:
    """One thread's connection to the broker, both ways.

    `on_demand(prefix, wanted)` is called from `drain()` when somebody starts or the last one stops wanting a topic, or
    all topics below a shorter prefix. When the broker is lost, everything wanted is withdrawn; it is told anew later.
    ZeroMQ's descriptor signals edges, so after every call here a loop must `drain()` (or `wait()`) before it sleeps.
    """

    def __init__(self, addresses: BusAddresses, *, on_demand: Callable[[str, bool], None] = _ignore_demand) -> None:
        self.malformed = 0
        self.connected = False
        self._on_demand = on_demand
        self._wanted: set[str] = set()
        self._subscribed: Counter[str] = Counter()
        self._context = zmq.Context()
        self._pub = self._context.socket(zmq.XPUB)
        self._sub = self._context.socket(zmq.SUB)
        # IMMEDIATE: without it messages queue up for a broker that is away and flood out, stale, when it is back, and
        # the loss of the broker's subscriptions is never seen (measured).
        self._pub.setsockopt(zmq.IMMEDIATE, 1)
        # Subscriptions repeated after a reconnect are reported again, so that demand can be forgotten meanwhile.
        self._pub.setsockopt(zmq.XPUB_VERBOSE, 1)
        for socket in (self._pub, self._sub):
            socket.setsockopt(zmq.LINGER, 0)
            socket.setsockopt(zmq.SNDHWM, addresses.high_water_mark)
            socket.setsockopt(zmq.RCVHWM, addresses.high_water_mark)
            socket.setsockopt(zmq.HEARTBEAT_IVL, HEARTBEAT_INTERVAL_MS)
            socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, HEARTBEAT_TIMEOUT_MS)
            socket.setsockopt(zmq.RECONNECT_IVL, RECONNECT_INTERVAL_MS)
        self._monitor = self._pub.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED)
        self._pub.connect(addresses.publish)
        self._sub.connect(addresses.subscribe)
        self._sockets = (self._sub, self._pub, self._monitor)
        self._poller: zmq.Poller | None = None

    @property
    def fds(self) -> tuple[int, int, int]:
        """The descriptors an event loop watches for reading: edges, see the class."""
        return self._pub.fileno(), self._sub.fileno(), self._monitor.fileno()

    def publish(self, topic: str, header: bytes, payload: bytes = b"") -> None:
        """Send a message to whoever wants it now; dropped where a pipe is full or nobody is there. Never blocks."""
        try:
            self._pub.send_multipart((f"{topic}/".encode(), header, payload), zmq.NOBLOCK, copy=True)
        except zmq.Again:  # no broker: IMMEDIATE leaves XPUB without a pipe; it drops, other libzmq versions say EAGAIN
            return

    def publish_frame(self, topic: str, frame: Frame) -> None:
        """Publish a frame, its header encoded."""
        self.publish(topic, encode_frame(frame), frame.payload)

    def subscribe(self, topic: str) -> None:
        """Want `topic` and everything below it (whole segments). Counted: as many `unsubscribe` take it back."""
        self._subscribed[topic] += 1
        if self._subscribed[topic] == 1:
            self._sub.setsockopt(zmq.SUBSCRIBE, _prefix(topic))

    def unsubscribe(self, topic: str) -> None:
        """Take one `subscribe` back; an unmatched call is an AssertionError (the caller's bug)."""
        if self._subscribed[topic] <= 0:
            raise AssertionError(f"unsubscribe of {topic!r} without subscribe")
        self._subscribed[topic] -= 1
        if self._subscribed[topic] == 0:
            del self._subscribed[topic]
            self._sub.setsockopt(zmq.UNSUBSCRIBE, _prefix(topic))

    def is_wanted(self, topic: str) -> bool:
        """Return whether anybody subscribes `topic` or a shorter prefix of it, as far as it was heard by now."""
        wanted = self._wanted
        if not wanted:
            return False
        if topic in wanted or "" in wanted:
            return True
        end = topic.rfind("/")
        while end > 0:
            if topic[:end] in wanted:
                return True
            end = topic.rfind("/", 0, end)
        return False

    def drain(self, limit: int = 256) -> list[Message]:
        """Return up to `limit` waiting messages at once, and tell demand. More may wait if it returns `limit`."""
        self._drain_monitor()
        self._drain_demand()
        messages: list[Message] = []
        receive = self._sub.recv_multipart
        while len(messages) < limit:
            try:
                parts = receive(zmq.NOBLOCK)
            except zmq.Again:
                break
            message = _parse(parts)
            if message is None:
                self.malformed += 1
            else:
                messages.append(message)
        return messages

    def wait(self, timeout_s: float, *fds: int) -> bool:
        """Sleep until the bus or one of `fds` has something to read, at most `timeout_s`; return whether it has."""
        if self._poller is None:
            self._poller = zmq.Poller()
            for socket in (*self._sockets, *fds):
                self._poller.register(socket, zmq.POLLIN)
        return bool(self._poller.poll(max(0, round(timeout_s * 1000))))

    def has_waiting(self) -> bool:
        """Return whether `drain()` would find something; cheap, for the check after a call that swallows an edge."""
        return any(int(socket.get(zmq.EVENTS)) & zmq.POLLIN for socket in self._sockets)

    def close(self) -> None:
        """Drop what is queued and free the sockets. Idempotent."""
        if self._pub.closed:
            return
        self._pub.disable_monitor()
        for socket in self._sockets:
            socket.close(linger=0)
        self._context.term()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _drain_monitor(self) -> None:
        while True:
            try:
                parts = self._monitor.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            # Read by hand (zmq_socket_monitor: the event's number is the first 16 bits, in host order), because
            # zmq.utils.monitor imports zmq.asyncio: 7 MB in every process.
            self.connected = int.from_bytes(parts[0][:2], sys.byteorder) == zmq.EVENT_HANDSHAKE_SUCCEEDED
            if not self.connected:
                # A subscriber that dies while the broker is away is never reported: start from nothing.
                for prefix in list(self._wanted):
                    self._set_wanted(prefix, False)

    def _drain_demand(self) -> None:
        while True:
            try:
                parts = self._pub.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            told = parts[0]
            if len(parts) != 1 or not told or told[0] > 1 or len(told) > TOPIC_LIMIT_BYTES:
                self.malformed += 1
                continue
            self._set_wanted(told[1:].decode("utf-8", "replace").removesuffix("/"), told[0] == 1)

    def _set_wanted(self, prefix: str, wanted: bool) -> None:
        if wanted:
            self._wanted.add(prefix)
        else:
            self._wanted.discard(prefix)
        # Repeats are told as well: a new subscriber behind a broker that forgot is a newcomer who wants a picture.
        self._on_demand(prefix, wanted)


def frames(*topics: str, addresses: BusAddresses | None = None) -> Iterator[Frame]:
    """Yield the frames of `topics` (such as "jpeg/porch/main") for ever, as they come; malformed ones are skipped.

    Without `addresses` the broker is the one that `CAM_RUN_DIR` and the settings file name. Frames that come faster
    than they are taken are lost beyond the high-water mark; nobody else is slowed.
    """
    with Bus(addresses or load(os.environ).bus_addresses) as bus:
        for topic in topics:
            bus.subscribe(topic)
        while True:
            for message in bus.drain():
                try:
                    yield decode_frame(message.header, message.payload)
                except WireError:
                    bus.malformed += 1
            bus.wait(1.0)


def _prefix(topic: str) -> bytes:
    return f"{topic}/".encode() if topic else b""


def _parse(parts: list[bytes]) -> Message | None:
    if len(parts) != 3 or len(parts[0]) > TOPIC_LIMIT_BYTES or not parts[0].endswith(b"/"):
        return None
    try:
        return Message(parts[0][:-1].decode("ascii"), parts[1], parts[2])
    except UnicodeDecodeError:
        return None
