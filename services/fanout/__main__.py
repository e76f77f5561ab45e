"""Starts one fanout process on the socket that supervisord hands down as standard input, or on `--listen`."""

import argparse
import socket
import sys
from typing import Final

from common.clock import SystemClock
from common.service import parse_options, run, start
from services.fanout.server import Server

# A thousand viewers that come within one second, and some more; the kernel cuts it to net.core.somaxconn.
BACKLOG: Final = 4096
STDIN: Final = 0


def main(argv: list[str]) -> int:
    extra = argparse.ArgumentParser(add_help=False)
    extra.add_argument("--listen", metavar="HOST:PORT", default="", help="listen here instead of on standard input")
    process, settings = start("fanout", argv, extra)
    options = parse_options("fanout", argv, extra)
    try:
        listener = open_listener(options.listen)
    except (OSError, ValueError) as error:
        print(f"fanout: cannot listen on {options.listen or 'standard input'}: {error}", file=sys.stderr)  # noqa: T201
        return 1
    run(lambda: Server(process, settings, SystemClock()).serve(listener))
    return 0


def open_listener(place: str) -> socket.socket:
    """Return the listening socket at HOST:PORT, or the inherited one; OSError or ValueError when there is none."""
    if place:
        host, _, port = place.rpartition(":")
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, int(port)))
    else:
        # fileno= keeps the socket's own family and options; `fromfd` loses TCP_NODELAY (measured).
        listener = socket.socket(fileno=STDIN)
    listener.listen(BACKLOG)
    return listener


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
