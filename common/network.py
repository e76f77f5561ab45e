"""This machine's place in its network, for people to copy; nothing is sent."""

import socket
from typing import Final

# TEST-NET-1 (RFC 5737): connecting a UDP socket there only asks the routing table.
_ELSEWHERE: Final = ("192.0.2.1", 9)


def lan_address() -> str:
    """Return the IPv4 address under which the network reaches this machine; the loopback's when there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)
        except OSError:
            return "127.0.0.1"
        address: str = probe.getsockname()[0]
        return address
