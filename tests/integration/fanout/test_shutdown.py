"""The end of a fanout process, and of one among several on a shared socket."""

import contextlib
import itertools
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from websockets.exceptions import ConnectionClosed

from tests.helpers.fanout import numbers
from tests.helpers.fanout_house import a_pool, read_to_end
from tests.helpers.http import RawClient, fetch
from tests.helpers.rooms import wait_until


def test_viewers_are_told_1012_and_streams_end_properly(own_house):
    house = own_house
    house.feeder.start("porch")
    house.wait_online("porch")
    with house.viewer("?camera=porch") as viewer, RawClient(house.port) as stream:
        stream.ask("GET", "/cameras/porch/stream.h264")
        stream.read_head()
        stream.read_chunk()
        viewer.recv(timeout=10)
        house.fanout.process.terminate()
        with pytest.raises(ConnectionClosed) as closed:
            read_to_end(viewer)
        while stream.read_chunk():
            pass
        assert stream.read_to_end() == b""
    assert closed.value.rcvd.code == 1012
    assert house.fanout.process.wait(10) == 0
    assert house.fanout.log().rstrip().endswith("stopped")
    assert "ERROR" not in house.fanout.log()


def test_stalled_viewers_do_not_hold_up_the_end(own_house):
    house = own_house
    house.feeder.start("porch", "h264", size=60_000)
    house.wait_online("porch")
    with RawClient(house.port, receive_buffer_bytes=4096) as stalled:
        stalled.ask("GET", "/cameras/porch/stream.h264")
        with RawClient(house.port, receive_buffer_bytes=4096) as another:
            another.ask(
                "GET", "/ws/viewer?camera=porch", "Connection: Upgrade", "Upgrade: websocket",
                "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: o5eiVVO+8fz5eWtSFBPp4g=="
            )  # fmt: skip
            time.sleep(2)
            started_s = time.monotonic()
            house.fanout.process.terminate()
            assert house.fanout.process.wait(10) == 0
            # supervisord kills after 5 s.
            assert time.monotonic() - started_s < 5
    assert "Traceback" not in house.fanout.log()


def test_second_signal_ends_at_once(own_house):
    own_house.feeder.start("porch", "h264", size=60_000)
    own_house.wait_online("porch")
    with RawClient(own_house.port, receive_buffer_bytes=4096) as stalled:
        stalled.ask("GET", "/cameras/porch/stream.h264")
        time.sleep(1)
        own_house.fanout.process.send_signal(signal.SIGTERM)
        own_house.fanout.process.send_signal(signal.SIGTERM)
        own_house.fanout.process.wait(10)


def test_any_process_of_a_pool_tells_the_same():
    with a_pool() as (house, _):
        house.feeder.start("porch")
        house.wait_online("porch")
        with house.viewer("?camera=porch"), house.viewer("?camera=porch"):

            def told():
                page = house.status()
                names = {row["name"] for row in page["processes"]}
                viewers = [row["viewers"] for row in page["cameras"]]
                return (names >= {"fanout-0", "fanout-1"}, viewers, len(page["viewers"])) == (True, [2], 2)

            # Asked often enough for both to have answered.
            wait_until(lambda: all(told() for _ in range(12)), "the same from both")


def test_connections_go_on_to_the_other_process_when_one_is_killed():
    with a_pool() as (house, _):
        for at in range(60):
            if at == 20:
                house.fanout.kill()
            assert fetch(house.port, "/status").status == 200


def test_no_request_is_refused_while_one_of_two_processes_stops():
    with a_pool() as (house, _):
        answers = []
        for at in range(200):
            if at == 50:
                house.fanout.process.terminate()
            with RawClient(house.port) as client:
                # The pause between connecting and asking is where an accepted connection could be lost.
                time.sleep(0.002)
                client.ask("GET", "/status")
                answers.append(client.read_answer().status)
        assert set(answers) == {200}
        assert house.fanout.process.wait(10) == 0


def test_viewers_of_the_other_process_notice_nothing_when_one_stops():
    with a_pool() as (house, other):
        house.feeder.start("porch")
        house.wait_online("porch")
        with contextlib.ExitStack() as stack:
            viewers = [stack.enter_context(house.viewer("?camera=porch")) for _ in range(12)]
            readers = stack.enter_context(ThreadPoolExecutor(12))
            codes = readers.map(lambda viewer: read_for(viewer, 2.0), viewers)
            house.fanout.process.terminate()
            assert set(codes) == {1012, None}
            assert house.fanout.process.wait(10) == 0
        assert other.process.poll() is None


def read_for(viewer, seconds):
    """Read so long, and check that no picture is missing; return the code with which the server closed, if it did."""
    end_s, got, code = time.monotonic() + seconds, [], None
    try:
        while time.monotonic() < end_s:
            message = viewer.recv(timeout=5)
            if isinstance(message, bytes):
                got += numbers(message)
    except ConnectionClosed as closed:
        code = closed.rcvd.code if closed.rcvd else 1006
    assert all(later == earlier + 1 for earlier, later in itertools.pairwise(got))
    return code
