"""A power cut for a socket: from then on the kernel throws away whatever arrives for it, unseen and unanswered.

No FIN, no RST, no ACK, not even to TCP keep-alive probes: the peer sees what it sees of a camera without power. It
needs no privilege: a socket filter (Linux, socket(7), SO_ATTACH_FILTER) that keeps nothing. Only the end of the
process, when the kernel closes the socket, still sends a FIN.
"""

import ctypes
import fcntl
import socket
import struct
import sys
import termios
from typing import Final, Protocol

_SO_ATTACH_FILTER: Final = 26  # asm-generic/socket.h; the socket module does not name it
_RETURN_CONSTANT: Final = 0x06  # BPF_RET | BPF_K: keep as many bytes of the packet as the operand says


class HasOptions(Protocol):
    """A socket, or asyncio's wrapper of one."""

    def setsockopt(self, level: int, option: int, value: bytes, /) -> None: ...


def cut_off(sock: HasOptions) -> None:
    """Drop all that arrives from now on."""
    keep_nothing = ctypes.create_string_buffer(struct.pack("HBBI", _RETURN_CONSTANT, 0, 0, 0))
    program = struct.pack("HP", 1, ctypes.addressof(keep_nothing))
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)


def unacknowledged_bytes(fd: int) -> int:
    """Return how much the peer has not confirmed: the kernel would go on sending that after the cut (tcp(7))."""
    return int.from_bytes(fcntl.ioctl(fd, termios.TIOCOUTQ, bytes(4)), sys.byteorder)
