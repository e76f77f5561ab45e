"""The listening socket: inherited as descriptor 0 from supervisord, or opened by hand."""

import os
import socket

from common.errors import ConfigError


def open_port(listen: str) -> socket.socket:
    """Return the socket that cameras connect to; raise ConfigError when there is none to be had."""
    if listen:
        return _bind(listen)
    try:
        # As its own object, which keeps TCP_NODELAY on accepted connections; create_server(fd) and fromfd() lose it.
        inherited = socket.socket(fileno=0)
    except OSError as error:
        raise ConfigError("standard input", os.strerror(error.errno or 0), _EXPECTED) from error
    if inherited.family not in (socket.AF_INET, socket.AF_INET6) or inherited.type != socket.SOCK_STREAM:
        raise ConfigError("standard input", f"{inherited.family.name} {inherited.type.name}", _EXPECTED)
    inherited.setblocking(False)
    return inherited


_EXPECTED = "a listening TCP socket, as supervisord gives it; by hand: --listen HOST:PORT"


def _bind(listen: str) -> socket.socket:
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise ConfigError("--listen", listen, "HOST:PORT, such as 127.0.0.1:8081")
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, int(port)))
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        reason = error.strerror or str(error)
        raise ConfigError("--listen", listen, f"an address of this machine and a free port ({reason})") from error
    return listener
