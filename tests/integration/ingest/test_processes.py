"""Two ingest processes on one port, and what a process does at its start and its end."""

import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, suppress

import pytest

from common.clock import host_id
from common.config import PROJECT_DIR
from common.topics import STATUS, topic
from common.units import NS_PER_S
from common.wire import encode_record
from services.ingest.workers import choose
from tests.helpers.bus import short_tmp
from tests.helpers.bus_ear import BusEar
from tests.helpers.jpegs import make_jpeg
from tests.helpers.raw_camera import RawCamera, join
from tests.helpers.rooms import environment, listening_socket, room, settings_in, wait_until

JPEG = make_jpeg()


@pytest.fixture(scope="module")
def pair():
    """Two ingest processes with a port each, so that a test decides where a camera goes."""
    with ExitStack() as stack:
        folder = stack.enter_context(short_tmp())
        stack.enter_context(room("broker-0", folder))
        ports = []
        for number in range(2):
            listener = stack.enter_context(listening_socket())
            stack.enter_context(room(f"ingest-{number}", folder, stdin=listener))
            ports.append(listener.getsockname()[1])
        yield settings_in(folder), ports


def test_camera_that_moves_to_another_process_is_reset_in_the_first(pair):
    settings, ports = pair
    with BusEar(settings.bus_addresses, "camera") as ear, join(ports[0], "/ws/camera/mover") as old:
        old.send_picture(JPEG)
        ear.wait_camera("mover", "ingest-0", online=True, frames=1)
        with join(ports[1], "/ws/camera/mover") as new:
            assert old.read_to_end() == (b"", True)
            new.send_picture(JPEG)
            ear.wait_camera("mover", "ingest-1", online=True, frames=1)
            ear.listen(1.2)
            newest = [record for record in ear.records("camera") if record["publisher"] == "ingest-0"][-1]
            assert "mover" not in [camera["id"] for camera in newest["cameras"]]
            assert new.is_silent(0.1)
            with join(ports[0], "/ws/camera/mover") as back:
                assert new.read_to_end() == (b"", True)
                assert back.is_silent(0.2)


def test_second_device_is_found_across_processes(pair):
    settings, ports = pair
    name = "cam-127-0-6-1"
    with BusEar(settings.bus_addresses, "camera") as ear, join(ports[0], "/ws/camera", address="127.0.6.1") as first:
        first.send_picture(JPEG)
        ear.wait_camera(name, "ingest-0", online=True)
        with join(ports[1], "/ws/camera", address="127.0.6.1") as second:
            ear.wait_camera(name, "ingest-1", online=True)
            first.send_picture(JPEG)
            second.send_picture(JPEG)
            ear.wait_camera(f"{name}-2", "ingest-0", online=True)
            assert ear.camera(name, "ingest-1")["online"]


def test_contest_is_seen_across_processes(pair):
    settings, ports = pair
    with BusEar(settings.bus_addresses, "camera") as ear, ExitStack() as stack:
        for number in range(4):
            camera = join(ports[number % 2], "/ws/camera/torn", address=f"127.0.7.{number + 1}")
            stack.enter_context(camera)
            ear.wait_camera("torn", f"ingest-{number % 2}", online=True, peer=f"127.0.7.{number + 1}")
            ear.listen(0.05)
        for port in ports:
            with RawCamera(port, address="127.0.7.9") as refused:
                assert refused.ask("/ws/camera/torn").startswith(b"HTTP/1.1 409 ")
        ear.wait(lambda: "127.0.7.9" in ear.camera("torn", "ingest-1")["warning"], "the holder's warning")


def test_worker_is_named_by_heartbeats_and_named_anew_when_it_falls_silent(pair):
    settings, ports = pair
    names = ["transcode-0", "transcode-1"]
    first = choose("watched", names)
    (second,) = (name for name in names if name != first)

    def beat(ear: BusEar, *alive: str) -> None:
        for name in alive:
            record = {"name": name, "stage": "transcode", "host": "h", "incarnation": 1, "heartbeat": True}
            ear.bus.publish(topic(STATUS, "h", name), encode_record(record))

    with BusEar(settings.bus_addresses, "camera") as ear, join(ports[0], "/ws/camera/watched"):

        def named(worker: str, *alive: str):
            def is_named():
                beat(ear, *alive)
                ear.listen(0.2)
                return ear.camera("watched").get("worker") == worker

            ear.wait(is_named, f"{worker} named")
            return ear.camera("watched")

        before = named(first, *names)
        start = time.monotonic()
        after = named(second, second)
        assert 0.5 < time.monotonic() - start < 5
        assert after["term"] > before["term"]
        # Its lone heartbeat's end names nobody else.
        ear.listen(1.5)
        assert (ear.camera("watched")["worker"], ear.camera("watched")["term"]) == (second, after["term"])


def test_worker_that_leaves_is_replaced_at_once_and_its_successor_is_named_again(pair):
    settings, ports = pair
    names = ["transcode-0", "transcode-1"]
    leaver = choose("moved", names)
    (other,) = (name for name in names if name != leaver)

    def say(ear: BusEar, name: str, incarnation: int, **more: bool) -> None:
        sign = {"name": name, "stage": "transcode", "host": "h", "incarnation": incarnation, "heartbeat": True}
        ear.bus.publish(topic(STATUS, "h", name), encode_record({**sign, **more}))

    with BusEar(settings.bus_addresses, "camera") as ear, join(ports[0], "/ws/camera/moved"):

        def named(worker: str, leaver_incarnation: int):
            def is_named():
                say(ear, other, 1)
                say(ear, leaver, leaver_incarnation)
                ear.listen(0.1)
                return ear.camera("moved").get("worker") == worker

            ear.wait(is_named, f"{worker} named")
            return ear.camera("moved")

        before = named(leaver, 1)
        say(ear, leaver, 1, leaving=True)
        # The leaving one goes on saying that it lives, so silence is not what names the other one.
        after = named(other, 1)
        assert after["term"] > before["term"]
        assert named(leaver, 2)["term"] > after["term"]


def test_killed_process_leaves_its_cameras_to_another_at_once():
    with short_tmp() as folder, listening_socket() as listener, room("broker-0", folder), \
            room("ingest-0", folder, stdin=listener) as dying, \
            BusEar(settings_in(folder).bus_addresses, "camera") as ear:  # fmt: skip
        port = listener.getsockname()[1]
        with join(port, "/ws/camera/orphan") as camera:
            ear.wait_camera("orphan", "ingest-0", online=True)
            with room("ingest-1", folder, stdin=listener):
                dying.kill()
                assert camera.read_to_end() == (b"", True)
                with join(port, "/ws/camera/orphan") as again:
                    again.send_picture(JPEG)
                    ear.wait_camera("orphan", "ingest-1", online=True, frames=1)


def test_stopping_process_resets_its_cameras_and_says_that_they_are_offline():
    with short_tmp() as folder, listening_socket() as listener, room("broker-0", folder):
        with room("ingest-0", folder, stdin=listener) as ingest, \
                BusEar(settings_in(folder).bus_addresses, "camera") as ear:  # fmt: skip
            with join(listener.getsockname()[1], "/ws/camera/last") as camera:
                ear.wait_camera("last", online=True)
                ingest.process.send_signal(signal.SIGTERM)
                assert camera.read_to_end() == (b"", True)
                ear.wait_camera("last", online=False)
            assert ingest.process.wait(5) == 0
        assert "ERROR" not in ingest.log()
        assert "never" not in ingest.log()
        assert list((folder / "run").glob("handover-*")) == []


def test_process_tells_its_status_and_stamps_its_life():
    with short_tmp() as folder, listening_socket() as listener, room("broker-0", folder), \
            room("ingest-0", folder, stdin=listener) as ingest, \
            BusEar(settings_in(folder).bus_addresses, topic(STATUS, host_id(), "ingest-0")) as ear:  # fmt: skip
        ear.wait(lambda: len(ear.records("status")) >= 2, "two status records")
        first, second = ear.records("status")[:2]
        assert (second["name"], second["stage"], second["pid"]) == ("ingest-0", "ingest", ingest.process.pid)
        assert 0.5 * NS_PER_S < second["mono_ns"] - first["mono_ns"] < 3 * NS_PER_S
        stamp = folder / "run" / "alive" / "ingest-0"
        stamped_ns = stamp.stat().st_mtime_ns
        ear.wait(lambda: stamp.stat().st_mtime_ns > stamped_ns, "a newer stamp of life")


def test_process_serves_on_while_the_broker_is_away():
    with short_tmp() as folder, listening_socket() as listener:
        port = listener.getsockname()[1]
        with ExitStack() as stack:
            broker = stack.enter_context(room("broker-0", folder))
            stack.enter_context(room("ingest-0", folder, stdin=listener))
            ear = stack.enter_context(BusEar(settings_in(folder).bus_addresses, "camera", "jpeg/steady/main"))
            camera = stack.enter_context(join(port, "/ws/camera/steady"))
            camera.send_picture(JPEG)
            ear.wait_frames("jpeg/steady/main")
            ear.listen(0.5)
            broker.kill()
            for number in range(5):
                camera.send_picture(make_jpeg(number=number))
                time.sleep(0.05)
            stack.enter_context(room("broker-0", folder))
            # The subscription comes back by itself, and with it the newest frame; nothing stale before it.
            heard = len(ear.frames("jpeg/steady/main"))
            ear.wait(lambda: len(ear.frames("jpeg/steady/main")) > heard, "a frame after the broker is back")
            frame = ear.frames("jpeg/steady/main")[heard]
            assert (frame.repeat, frame.payload) == (True, make_jpeg(number=4))
            assert camera.is_silent(0.1)


def start_in(folder, *arguments, stdin=subprocess.DEVNULL):
    return subprocess.run(
        [sys.executable, "-m", "services.ingest", *arguments],
        cwd=PROJECT_DIR, env=environment(folder), stdin=stdin, capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip


def test_port_in_use_is_said_in_one_sentence():
    with short_tmp() as folder, listening_socket() as taken:
        ended = start_in(folder, "--listen", f"127.0.0.1:{taken.getsockname()[1]}")
    assert ended.returncode == 2
    assert "Address already in use" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("listen", ["nonsense", "127.0.0.1:", "127.0.0.1:99999", ":80", "256.0.0.1:8081"])
def test_wrong_address_is_said_with_what_was_expected(listen):
    with short_tmp() as folder:
        ended = start_in(folder, "--listen", listen)
    assert ended.returncode == 2
    assert listen in ended.stderr
    assert "Traceback" not in ended.stderr


def test_missing_socket_is_said_with_what_to_do():
    with short_tmp() as folder:
        ended = start_in(folder)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wrong:
            other = start_in(folder, stdin=wrong)
    for end in (ended, other):
        assert end.returncode == 2
        assert "--listen" in end.stderr
        assert "Traceback" not in end.stderr


def test_ipv6_listens_as_well():
    with short_tmp() as folder, room("broker-0", folder):
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as free:
            port = free.getsockname()[1]
        with room("ingest-0", folder, arguments=("--listen", f"[::1]:{port}")), \
                BusEar(settings_in(folder).bus_addresses, "camera") as ear, \
                socket.create_connection(("::1", port), 5) as camera:  # fmt: skip
            camera.sendall(b"GET /ws/camera HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Key: foo\r\n\r\n")
            assert camera.recv(1000).startswith(b"HTTP/1.1 101 ")
            ear.wait(lambda: any(c["peer"] == "::1" for r in ear.records("camera") for c in r["cameras"]), "it")


def test_request_that_follows_its_connection_at_the_end_is_answered():
    for _ in range(5):
        took_s, answers = ask_while_it_ends()
        # A slow machine may have let the moment pass in which it waits for requests.
        if took_s < 0.2:
            assert all(answer.startswith(b"HTTP/1.1 426 ") for answer in answers), answers
            return
    pytest.fail("no request was sent in time")


def ask_while_it_ends() -> tuple[float, list[bytes]]:
    """Return how long after the signal the last request went out, and the answers."""
    with short_tmp() as folder, listening_socket() as listener, room("broker-0", folder), \
            room("ingest-0", folder, stdin=listener) as ingest, ExitStack() as stack:  # fmt: skip
        port = listener.getsockname()[1]
        before = ingest.open_files()
        cameras = [stack.enter_context(RawCamera(port)) for _ in range(20)]
        wait_until(lambda: ingest.open_files() >= before + len(cameras), "the connections are accepted")
        signalled_s = time.monotonic()
        ingest.process.send_signal(signal.SIGTERM)
        time.sleep(0.05)
        for camera in cameras:
            with suppress(OSError):
                camera.send(b"GET /ws/camera/porch HTTP/1.1\r\nHost: here\r\n\r\n")
        took_s = time.monotonic() - signalled_s
        return took_s, [answer_of(camera) for camera in cameras]


def answer_of(camera: RawCamera) -> bytes:
    try:
        return camera.read_answer()
    except (OSError, AssertionError) as error:
        return repr(error).encode()
