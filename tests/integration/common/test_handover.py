"""A descriptor passes to another process with its story, or is closed."""

import os
import socket
import time

import pytest

from common import handover
from common.errors import HandoverError
from tests.helpers.bus import short_tmp


@pytest.fixture
def pair():
    with short_tmp() as folder:
        server = handover.listen(folder / "handover-ingest-0.sock")
        client = handover.connect(folder / "handover-ingest-0.sock")
        taken, _ = server.accept()
        taken.setblocking(False)
        with server, client, taken:
            yield client, taken


def story(**changes):
    fields = {"kind": "camera", "peer": "192.0.2.1", "peer_port": 4711, "sent_mono_ns": time.monotonic_ns()}
    return handover.Handover(**{**fields, **changes})


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_connection_arrives_with_its_head_and_is_answered(pair):
    client, taken = pair
    sent = story(head=b"GET /ws/camera HTTP/1.1\r\n\r\n")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        handover.send(client, sent, theirs.fileno())
        got, fd = handover.receive(taken, time.monotonic_ns())
        assert got == sent
        with socket.socket(fileno=fd) as passed:
            passed.send(b"hello")
            assert ours.recv(5) == b"hello"
        handover.send_answer(taken, handover.Answer(101))
        assert handover.receive_answer(client) == handover.Answer(101, "")


@pytest.mark.parametrize("changes", [{"sent_mono_ns": 1}, {"kind": "other"}])
def test_bad_handover_is_refused_and_its_descriptor_closed(pair, changes):
    client, taken = pair
    before = open_descriptors()
    with open("/dev/null") as null:
        handover.send(client, story(**changes), null.fileno())
        with pytest.raises(HandoverError):
            handover.receive(taken, time.monotonic_ns())
    assert open_descriptors() == before


def test_packet_without_a_descriptor_is_refused(pair):
    client, taken = pair
    client.send(b"junk")
    with pytest.raises(HandoverError, match="0 descriptors"):
        handover.receive(taken, time.monotonic_ns())


def test_dead_taker_is_an_error_not_an_answer(pair):
    client, taken = pair
    taken.close()
    with pytest.raises((HandoverError, ConnectionError)):
        handover.receive_answer(client)
