"""How a camera's connection passes from the process that accepted it to an ingest process, on one machine.

One packet over AF_UNIX SOCK_SEQPACKET with one descriptor (SCM_RIGHTS), one packet back. `docs/architecture.md` has
the picture; the packets are msgpack maps as on the bus.
"""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from common.config import Settings
from common.errors import HandoverError, WireError
from common.units import NS_PER_S
from common.wire import decode_record, encode_record

CAMERA: Final = "camera"
FRAME: Final = "frame"
# A request head is at most 8 KiB; the rest is a few numbers.
PACKET_LIMIT_BYTES: Final = 16 << 10
# Older than that the sender has given up waiting and tried another process.
AGE_LIMIT_NS: Final = NS_PER_S


@dataclass(frozen=True, slots=True)
class Handover:
    """What travels with the descriptor. `head`: request bytes already read off the socket (or none of them)."""

    kind: str
    peer: str
    peer_port: int
    sent_mono_ns: int
    head: bytes = b""
    camera: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """101: the connection was taken; 204: the frame was; anything else is the HTTP answer to give."""

    status: int
    text: str = ""


def socket_path(settings: Settings, process_name: str) -> Path:
    """Return where an ingest process of this name listens."""
    return settings.run_path(f"handover-{process_name}.sock")


def socket_paths(settings: Settings) -> list[Path]:
    """Return the sockets of all ingest processes that were ever here; some may be dead."""
    return sorted(settings.run_dir.glob("handover-*.sock"))


def listen(path: Path) -> socket.socket:
    """Return a non-blocking listening socket at `path`; a stale one there is replaced."""
    path.unlink(missing_ok=True)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    server.bind(str(path))
    server.listen(128)
    return server


def connect(path: Path) -> socket.socket:
    """Return a non-blocking connection to an ingest process; OSError when there is none."""
    client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        client.connect(str(path))
    except OSError:
        client.close()
        raise
    return client


def send(client: socket.socket, handover: Handover, fd: int) -> None:
    """Send the packet and a duplicate of `fd`, which stays the caller's to close; OSError when it does not fit."""
    fields: Mapping[str, Any] = {
        "kind": handover.kind,
        "peer": handover.peer,
        "peer_port": handover.peer_port,
        "head": handover.head,
        "sent_mono_ns": handover.sent_mono_ns,
        "camera": handover.camera,
    }
    socket.send_fds(client, [encode_record(fields)], [fd])


def receive(connection: socket.socket, now_ns: int) -> tuple[Handover, int]:
    """Return the packet and its descriptor, now the caller's; raise HandoverError (descriptors closed) if it is bad.

    BlockingIOError when nothing is there yet. A packet older than one second is refused.
    """
    packet, fds, flags, _ = socket.recv_fds(connection, PACKET_LIMIT_BYTES, 4)
    try:
        handover = _parse(packet, flags, len(fds))
        if now_ns - handover.sent_mono_ns > AGE_LIMIT_NS:
            raise HandoverError("handed over more than one second ago")
    except HandoverError:
        for fd in fds:
            os.close(fd)
        raise
    os.set_inheritable(fds[0], False)
    return handover, fds[0]


def send_answer(connection: socket.socket, answer: Answer) -> None:
    """Answer a handover; OSError when the asker is gone."""
    connection.send(encode_record({"status": answer.status, "text": answer.text}))


def receive_answer(client: socket.socket) -> Answer:
    """Return the answer; BlockingIOError when it is not there yet, HandoverError when the ingest process hung up."""
    packet = client.recv(PACKET_LIMIT_BYTES)
    try:
        fields = decode_record(packet)
        return Answer(int(fields["status"]), str(fields["text"]))
    except (WireError, KeyError, ValueError) as error:
        raise HandoverError("the ingest process went away without an answer") from error


def _parse(packet: bytes, flags: int, descriptors: int) -> Handover:
    if descriptors != 1 or flags & (socket.MSG_CTRUNC | socket.MSG_TRUNC):
        raise HandoverError(f"a packet with {descriptors} descriptors, expected one")
    try:
        fields = decode_record(packet)
        handover = Handover(
            **{name: fields[name] for name in ("kind", "peer", "peer_port", "sent_mono_ns", "head", "camera")}
        )
    except (WireError, KeyError) as error:
        raise HandoverError(f"malformed packet: {error}") from error
    if handover.kind not in (CAMERA, FRAME) or type(handover.sent_mono_ns) is not int:
        raise HandoverError(f"unknown kind {handover.kind!r}")
    return handover
