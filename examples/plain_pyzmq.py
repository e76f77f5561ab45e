"""Attach with nothing but ZeroMQ and msgpack, as common/WIRE.md says; none of this project's code is used.

    python examples/plain_pyzmq.py ipc:///path/to/var/run porch h264 50 porch.h264

writes the payloads of 50 messages from the first keyframe on, checking order and losses on the way.
"""

import sys
from typing import Any

import msgpack
import zmq


def main(run_folder: str, camera: str, kind: str, count: int, path: str) -> None:
    context = zmq.Context()
    subscriber, publisher = context.socket(zmq.SUB), context.socket(zmq.PUB)
    for socket in (subscriber, publisher):
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.HEARTBEAT_IVL, 500)
        socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, 1500)
    publisher.setsockopt(zmq.IMMEDIATE, 1)
    publisher.connect(f"{run_folder}/bus-publish.sock")
    subscriber.connect(f"{run_folder}/bus-subscribe.sock")
    subscriber.setsockopt(zmq.SUBSCRIBE, f"{kind}/{camera}/main/".encode())
    poller = zmq.Poller()
    poller.register(subscriber, zmq.POLLIN)
    last: dict[str, Any] | None = None
    written = 0
    with open(path, "wb") as output:
        while written < count:
            if not poller.poll(250):
                ask_for_keyframe(publisher, camera, "join")
                continue
            _topic, packed, payload = subscriber.recv_multipart()
            header = msgpack.unpackb(packed)
            if header.get("v") != 1 or (header.get("repeat") and last and header["seq"] <= last["seq"]):
                continue
            if kind != "jpeg" and not follows(header, last):
                last = None
                ask_for_keyframe(publisher, camera, "join")
                continue
            if header.get("init") and (last is None or header["init"] != last.get("init")):
                output.write(header["init"])
            output.write(payload)
            last = {**header, "init": header.get("init") or (last or {}).get("init")}
            written += 1
    print(f"{written} messages of {kind}/{camera} written to {path}")
    context.destroy(linger=0)


def follows(header: dict[str, Any], last: dict[str, Any] | None) -> bool:
    if header.get("key"):
        return True
    return (
        last is not None
        and (header["term"], header["enc"]) == (last["term"], last["enc"])
        and header["out"] == last.get("out", 0) + 1
    )


def ask_for_keyframe(publisher: "zmq.Socket[bytes]", camera: str, reason: str) -> None:
    request = msgpack.packb({"v": 1, "reason": reason, "from": "plain_pyzmq"})
    publisher.send_multipart([f"keyframe/{camera}/main/".encode(), request, b""])


if __name__ == "__main__":
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5])
