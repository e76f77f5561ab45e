"""The broker: the bus's fixed point. XSUB for publishers, XPUB for subscribers, both bound; it copies no payload.

The forwarding runs in libzmq's own loop in a thread; the main thread tells that the process lives: by the stamp in
the run folder, after its own status message went round through the forwarder.
"""

import logging
import sys
import threading
import time
from typing import Final

import zmq

from common.bus import HEARTBEAT_INTERVAL_MS, HEARTBEAT_TIMEOUT_MS, Bus
from common.config import BusAddresses, Settings
from common.counters import Counters
from common.service import Process, Status, StopFlag, stamp_alive, start
from common.topics import STATUS, topic
from common.units import NS_PER_S
from common.wire import encode_record

log = logging.getLogger(__name__)

STATUS_INTERVAL_S: Final = 1.0


def main(argv: list[str]) -> int:
    process, settings = start("broker", argv)
    stop = StopFlag()
    context = zmq.Context()
    try:
        forwarder = _start_forwarder(context, settings.bus_addresses)
    except zmq.ZMQError as error:
        log.error("the bus cannot bind: %s", error)
        context.destroy(linger=0)
        return 1
    try:
        _tell_life(process, settings, stop, forwarder)
    finally:
        # The proxy returns when its context ends: libzmq has no other way to stop it (steerable proxies are gone).
        context.destroy(linger=0)
        forwarder.join(timeout=2)
    log.info("stopped")
    return 0


def _start_forwarder(context: "zmq.Context[zmq.Socket[bytes]]", addresses: BusAddresses) -> threading.Thread:
    publishers, subscribers = context.socket(zmq.XSUB), context.socket(zmq.XPUB)
    for socket, address in ((publishers, addresses.publish), (subscribers, addresses.subscribe)):
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.SNDHWM, addresses.high_water_mark)
        socket.setsockopt(zmq.RCVHWM, addresses.high_water_mark)
        # A stopped subscriber would otherwise keep its queue, and its demand, for ever.
        socket.setsockopt(zmq.HEARTBEAT_IVL, HEARTBEAT_INTERVAL_MS)
        socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, HEARTBEAT_TIMEOUT_MS)
        socket.bind(address)
    thread = threading.Thread(target=_forward, args=(publishers, subscribers), name="forward", daemon=True)
    thread.start()
    return thread


def _forward(publishers: "zmq.Socket[bytes]", subscribers: "zmq.Socket[bytes]") -> None:
    try:
        zmq.proxy(publishers, subscribers)
    except zmq.ZMQError as error:
        if error.errno not in (zmq.ETERM, zmq.ENOTSOCK):
            log.exception("forwarding ended")
    finally:
        publishers.close()
        subscribers.close()


def _tell_life(process: Process, settings: Settings, stop: StopFlag, forwarder: threading.Thread) -> None:
    own = topic(STATUS, process.host, process.name)
    status = Status(process, Counters())
    next_ns = 0
    with Bus(settings.bus_addresses) as bus:
        bus.subscribe(own)
        log.info("ready")
        while not stop.is_set and forwarder.is_alive():
            now_ns = time.monotonic_ns()
            if now_ns >= next_ns:
                bus.publish(own, encode_record(status.record()))
                next_ns = now_ns + int(STATUS_INTERVAL_S * NS_PER_S)
            if bus.drain():
                stamp_alive(settings, process)
            bus.wait((next_ns - now_ns) / NS_PER_S, stop.fd)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
