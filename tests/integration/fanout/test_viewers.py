"""Viewers over WebSockets: who may come, what they are told, and that a slow one costs the others nothing."""

import itertools
import json
import signal
import socket
import threading
import time

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.helpers.fanout import make_frame, numbers
from tests.helpers.fanout_house import a_house, read_to_end
from tests.helpers.http import RawClient
from tests.helpers.rooms import wait_until
from tests.helpers.websocket import CONT, PING, TEXT, client_frame

UPGRADE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: o5eiVVO+8fz5eWtSFBPp4g==",
)


def text(connection):
    """Return the next message, which is a text."""
    message = connection.recv(timeout=10)
    assert isinstance(message, str), f"expected a text, got {message[:40]}"
    return json.loads(message)


def greeting(connection):
    """Return the next message, which is `hello`, but for its id, which is the viewer's own."""
    hello = text(connection)
    assert hello.pop("id").startswith("fanout-0.")
    return hello


def next_text(connection, kind):
    """Return the next text of a type, whatever comes before."""
    while True:
        message = connection.recv(timeout=10)
        if isinstance(message, str) and json.loads(message)["type"] == kind:
            return json.loads(message)


def picture(connection, format_="h264"):
    """Return the number of the next picture, whatever comes before."""
    while True:
        message = connection.recv(timeout=10)
        if isinstance(message, bytes) and not message.startswith(b"init"):
            return numbers(message, format_)[0]


# Who may come


def refusal(house, query, **headers):
    with pytest.raises(InvalidStatus) as refused, house.viewer(query, headers):
        pass
    return refused.value.response.status_code, refused.value.response.body.decode()


def test_viewer_of_an_unknown_camera_is_refused_in_the_handshake(house):
    status, sentence = refusal(house, "?camera=nobody")
    assert (status, sentence) == (404, "no camera is called nobody\n")


def test_viewer_with_a_wrong_wish_is_told_what_was_expected(house):
    assert refusal(house, "?format=avi") == (400, "format=avi: expected h264, mp4, jpeg\n")
    assert refusal(house, "?meta=2")[0] == 400
    assert refusal(house, "?view=huge") == (400, "view=huge: expected large, tile\n")
    assert refusal(house, "?camera=" + "x" * 33)[0] == 400
    assert refusal(house, "?camera=")[0] == 400


def test_page_of_another_site_is_refused_and_of_this_host_is_not(house, camera):
    house.feeder.come(camera)
    house.wait_online(camera)
    status, sentence = refusal(house, f"?camera={camera}", Origin="http://evil.example")
    assert status == 403
    assert "evil.example" in sentence
    assert refusal(house, f"?camera={camera}", Origin="null")[0] == 403
    own = {"Origin": f"http://127.0.0.1:{house.port}"}
    with house.viewer(f"?camera={camera}", own) as viewer:
        assert text(viewer)["type"] == "hello"


def test_plain_get_is_told_that_the_address_is_a_websockets(house):
    with RawClient(house.port) as client:
        client.ask("GET", "/ws/viewer")
        answer = client.read_answer()
    assert (answer.status, answer.headers["upgrade"]) == (426, "websocket")


def test_messages_are_never_compressed(house, camera):
    house.feeder.come(camera)
    house.wait_online(camera)
    with connect(f"ws://127.0.0.1:{house.port}/ws/viewer?camera={camera}", compression="deflate") as viewer:
        assert viewer.protocol.extensions == []


# What they are told


@pytest.mark.parametrize("format_", ["h264", "mp4", "jpeg"])
def test_viewer_is_greeted_and_gets_every_picture_in_order(house, camera, format_):
    house.feeder.start(camera)
    house.wait_online(camera)
    with house.viewer(f"?camera={camera}&format={format_}") as viewer:
        assert greeting(viewer) == {"type": "hello", "camera": camera, "format": format_, "online": True}
        if format_ != "jpeg":
            assert text(viewer) == {
                "type": "stream", "codec": "avc1.42C01F", "width": 640, "height": 480, "epoch": "1.5"
            }  # fmt: skip
        if format_ == "mp4":
            assert viewer.recv(timeout=10) == b"init-1"
        got = [numbers(viewer.recv(timeout=10), format_)[0] for _ in range(10)]
    assert got == list(range(got[0], got[0] + 10))


def test_meta_precedes_each_binary_message(house, camera):
    house.feeder.start(camera)
    house.wait_online(camera)
    with house.viewer(f"?camera={camera}&format=h264&meta=1") as viewer:
        assert text(viewer)["type"] == "hello"
        assert text(viewer)["type"] == "stream"
        for at in range(5):
            meta = text(viewer)
            assert set(meta) == {"type", "seq", "media_time_ns", "key"}
            assert meta["key"] == (at == 0)
            assert numbers(viewer.recv(timeout=10)) == [meta["seq"]]


def test_default_is_h264_of_the_camera_online_longest(house, camera):
    house.feeder.come(camera, connected_wall_ns=1)
    house.wait_online(camera)
    with house.viewer() as viewer:
        assert greeting(viewer) == {"type": "hello", "camera": camera, "format": "h264", "online": True}
    house.feeder.go(camera)


def test_viewer_of_an_offline_camera_waits_and_is_told_of_its_coming_and_going(house, camera):
    house.feeder.come(camera)
    house.wait_online(camera)
    house.feeder.go(camera)
    house.wait_online(camera, False)
    with house.viewer(f"?camera={camera}") as viewer:
        assert text(viewer)["online"] is False
        assert text(viewer)["type"] == "offline"
        house.feeder.start(camera)
        assert text(viewer) == {"type": "online"}
        picture(viewer)
        house.feeder.stop(camera)
        house.feeder.go(camera)
        assert next_text(viewer, "offline")["since"] == pytest.approx(time.time(), abs=10)


def test_viewer_that_names_no_camera_waits_for_the_first_one():
    with a_house() as house, house.viewer() as viewer:
        assert greeting(viewer) == {"type": "hello", "camera": None, "format": "h264", "online": False}
        house.feeder.start("late")
        assert greeting(viewer) == {"type": "hello", "camera": "late", "format": "h264", "online": True}
        picture(viewer)


def test_lookup_waits_for_keepers_list_just_after_the_start():
    # Either it was heard by now, or the handshake waits for it.
    with a_house(known=["remembered"]) as house, house.viewer("?camera=remembered") as viewer:
        assert text(viewer)["online"] is False


# Joining, demand


def test_topic_is_wanted_while_somebody_watches(house, camera):
    house.feeder.come(camera)
    house.wait_online(camera)
    with house.viewer(f"?camera={camera}&format=mp4"):
        wait_until(lambda: house.feeder.wants(camera, "mp4"), "wanted")
        assert not house.feeder.wants(camera, "h264")
        assert not house.feeder.wants(camera, "jpeg")
    wait_until(lambda: not house.feeder.wants(camera, "mp4"), "no longer wanted")


def test_newcomer_asks_until_a_keyframe_comes(house, camera):
    house.feeder.come(camera)
    house.wait_online(camera)
    with house.viewer(f"?camera={camera}") as viewer:
        wait_until(lambda: len(house.feeder.requests(camera)) >= 3, "three requests")
        assert house.feeder.requests(camera)[0] == {"v": 1, "reason": "join", "from": "fanout-0", "format": "h264"}
        house.feeder.publish(camera, "h264", make_frame(0), make_frame(1, key=True))
        assert picture(viewer) == 1
        count = len(house.feeder.requests(camera))
        time.sleep(0.6)
        assert len(house.feeder.requests(camera)) == count


def test_second_newcomer_starts_at_the_young_keyframe_and_asks_nothing(house, camera):
    house.feeder.come(camera)
    house.wait_online(camera)
    with house.viewer(f"?camera={camera}") as first:
        wait_until(lambda: house.feeder.requests(camera), "request of the first")
        for base in (0, 100, 200, 300):
            # A slow machine may take longer than the window of 300 ms to connect: try again with a new keyframe.
            asked = len(house.feeder.requests(camera))
            frames = (make_frame(base, key=True), make_frame(base + 1), make_frame(base + 2))
            house.feeder.publish(camera, "h264", *frames)
            while picture(first) != base + 2:
                pass
            started_s = time.monotonic()
            with house.viewer(f"?camera={camera}") as second:
                text(second)
                if time.monotonic() - started_s > 0.2:
                    continue
                assert [picture(second) for _ in range(3)] == [base, base + 1, base + 2]
                assert len(house.feeder.requests(camera)) == asked
                return
    pytest.fail("no viewer connected within 200 ms")


# Holes and epochs, over a real bus


def test_hole_stops_the_viewer_until_a_keyframe_that_is_asked_for(house, camera):
    house.feeder.come(camera)
    house.wait_online(camera)
    with house.viewer(f"?camera={camera}") as viewer:
        wait_until(lambda: house.feeder.wants(camera), "wanted")
        house.feeder.publish(camera, "h264", make_frame(0, key=True), make_frame(1), make_frame(4), make_frame(5))
        wait_until(
            lambda: any(it["reason"] == "loss" for it in house.feeder.requests(camera)), "request because of a loss"
        )
        house.feeder.publish(camera, "h264", make_frame(6, key=True))
        assert (picture(viewer), picture(viewer)) == (0, 1)
        assert text(viewer) == {"type": "dropped", "frames": 4, "reason": "loss"}
        assert picture(viewer) == 6
    wait_until(lambda: house.counter("dropped_bus") >= 2, "loss counted")


def test_older_encoder_is_silent_while_the_newer_delivers(house, camera):
    house.feeder.come(camera)
    house.wait_online(camera)
    with house.viewer(f"?camera={camera}") as viewer:
        wait_until(lambda: house.feeder.wants(camera), "wanted")
        new = [make_frame(number, key=number == 10, term=2, out_seq=number - 10) for number in range(10, 13)]
        old = [make_frame(number, key=True, term=1) for number in range(20, 22)]
        house.feeder.publish(camera, "h264", make_frame(0, key=True), *new[:2], *old, new[2])
        assert [picture(viewer) for _ in range(4)] == [0, 10, 11, 12]


def test_malformed_messages_are_dropped_and_counted(house, camera):
    house.feeder.start(camera)
    house.wait_online(camera)
    with house.viewer(f"?camera={camera}") as viewer:
        picture(viewer)
        before = house.counter("malformed")
        house.feeder.say(f"h264/{camera}/main", b"\xc1", b"x")
        house.feeder.say(f"h264/{camera}/main", b"\x80", b"x")
        house.feeder.say("camera/h/p", b"\x81\xa1v\x01\x00")
        house.feeder.say("status/h/p", b"\xff" * 100)
        wait_until(lambda: house.counter("malformed") >= before + 3, "counted")
        picture(viewer)
    assert "Traceback" not in house.fanout.log()


# Slow viewers


def test_slow_viewer_skips_and_is_told_while_a_fast_one_loses_nothing(house, camera):
    house.feeder.start(camera, "h264", size=40_000)
    house.wait_online(camera)
    ended = threading.Event()
    seen = []

    def watch():
        with house.viewer(f"?camera={camera}") as fast:
            while not ended.is_set():
                seen.append(picture(fast))

    fast = threading.Thread(target=watch)
    fast.start()
    try:
        with RawClient(house.port, receive_buffer_bytes=8192) as slow:
            slow.ask("GET", f"/ws/viewer?camera={camera}", *UPGRADE)
            slow.read_until(b"\r\n\r\n")
            # It takes nothing for a while: its queue in the server must not grow to what was sent meanwhile.
            wait_until(lambda: _dropped(house, camera) > 20, "frames dropped for the slow viewer")
            slow.socket.settimeout(10)
            data = slow.read_until(b'"type":"dropped"') + slow.read_until(b"h264 ")
            assert b'"reason":"late"' in data
            number = int(slow.read_until(b" ").strip())
            # It is back at what is live.
            assert number > seen[-1] - 30
    finally:
        ended.set()
        fast.join(20)
    assert seen == list(range(seen[0], seen[0] + len(seen)))
    assert any(request["reason"] == "late" for request in house.feeder.requests(camera))


def _dropped(house, camera):
    return sum(row["dropped"] for row in house.status()["viewers"] if row["camera"] == camera)


def test_viewer_too_slow_for_the_stream_gets_keyframes_at_the_pace_of_its_link(house, camera):
    house.feeder.start(camera, "h264", size=60_000)
    house.wait_online(camera)
    started_s = time.monotonic()
    data = b""
    with RawClient(house.port, receive_buffer_bytes=4096) as slow:
        slow.ask("GET", f"/ws/viewer?camera={camera}&meta=1", *UPGRADE)
        slow.read_until(b"\r\n\r\n")
        while time.monotonic() < started_s + 4:
            # About 240 KB a second, of 1.5 MB.
            data += slow.read_exactly(12_000)
            time.sleep(0.05)
        took_s = time.monotonic() - started_s
        newest = house.feeder.number(camera)
    late = [request for request in house.feeder.requests(camera) if request["reason"] == "late"]
    # All pay for a keyframe: at most one a second is made for those who are late.
    assert 1 <= len(late) <= took_s + 1
    told, shown = [], []
    for opcode, message in server_frames(data):
        if opcode == TEXT:
            told.append(json.loads(message))
        else:
            assert len(message) == 60_000, "a message that was begun is finished"
            shown.append((told[-1]["seq"], told[-1]["key"]))
    assert len(shown) >= 3
    # Whatever is left out, what comes can be decoded: on from the one before, or from a keyframe.
    for (before, _), (number, is_key) in itertools.pairwise(shown):
        assert is_key or number == before + 1
    dropped = [word for word in told if word["type"] == "dropped"]
    assert dropped
    assert all(word["reason"] == "late" for word in dropped)
    # It is not minutes behind but about as much as two messages take on its link.
    assert newest - shown[-1][0] < 25 * took_s / 2


def server_frames(data):
    """Yield opcode and payload of each whole frame that a server sent."""
    at = 0
    while at + 10 <= len(data):
        opcode, length = data[at] & 0x0F, data[at + 1]
        extra = {126: 2, 127: 8}.get(length, 0)
        size = int.from_bytes(data[at + 2 : at + 2 + extra], "big") if extra else length
        at += 2 + extra
        if at + size > len(data):
            return
        yield opcode, data[at : at + size]
        at += size


def test_stalled_viewer_is_closed_when_it_makes_no_progress():
    with a_house(CAM_FANOUT_STALL_TIMEOUT_S="2") as house:
        house.feeder.start("porch", "h264", size=40_000)
        house.wait_online("porch")
        with RawClient(house.port, receive_buffer_bytes=4096) as stalled:
            stalled.ask("GET", "/ws/viewer?camera=porch", *UPGRADE)
            wait_until(lambda: house.counter("viewers_left") == 1, "stalled viewer closed", 20)
            assert house.counter("stalled") == 1


# What viewers say


def test_message_of_4_kib_is_taken_and_a_larger_one_closes_with_1009(house, camera):
    house.feeder.start(camera)
    house.wait_online(camera)
    with house.viewer(f"?camera={camera}") as viewer:
        viewer.send(json.dumps({"type": "unknown", "x": "y" * 4000}))
        picture(viewer)
        viewer.send("x" * 4097)
        with pytest.raises(ConnectionClosed) as closed:
            read_to_end(viewer)
    assert closed.value.rcvd.code == 1009


@pytest.mark.parametrize(
    "word", ["", "{", "[]", "5", '{"type":"age"}', '{"type":"age","media_time_s":"x"}', "[" * 4000, "9" * 4090]
)
def test_what_is_not_understood_is_ignored(house, camera, word):
    house.feeder.start(camera)
    house.wait_online(camera)
    with house.viewer(f"?camera={camera}") as viewer:
        viewer.send(word)
        viewer.send(b"\x00\x01")
        assert [picture(viewer) for _ in range(3)]
    assert "Traceback" not in house.fanout.log()


def test_flood_of_messages_closes_with_1008(house, camera):
    house.feeder.come(camera)
    house.wait_online(camera)
    with RawClient(house.port) as viewer:
        viewer.ask("GET", f"/ws/viewer?camera={camera}", *UPGRADE)
        viewer.read_until(b'"online":true}')
        viewer.socket.sendall(client_frame(TEXT, b"{}") * 100)
        assert viewer.read_to_end().startswith(b"\x88\x13" + (1008).to_bytes(2, "big") + b"too many messages")


def test_viewer_learns_the_id_that_the_status_calls_it_by(house, camera):
    house.feeder.come(camera)
    house.wait_online(camera)
    with house.viewer(f"?camera={camera}") as first, house.viewer(f"?camera={camera}") as second:
        ids = {text(first)["id"], text(second)["id"]}
        assert len(ids) == 2
        wait_until(lambda: ids <= {row["id"] for row in house.status()["viewers"]}, "both in the status")


def test_viewer_says_how_large_it_shows_the_camera_when_it_comes_and_later(house, camera):
    house.feeder.come(camera)
    house.wait_online(camera)

    def told():
        records = [record for record in list(house.feeder.statuses.values()) if record["name"] == "fanout-0"]
        return records[0].get("watches", {}).get(camera) if records else None

    with house.viewer(f"?camera={camera}&view=tile") as viewer:
        wait_until(lambda: told() == "tile", "shown as a tile")
        viewer.send('{"type":"view","view":"large"}')
        wait_until(lambda: told() == "large", "shown large")
        viewer.send('{"type":"view","view":["tile"]}')
        viewer.send('{"type":"view","view":"tile"}')
        wait_until(lambda: told() == "tile", "shown as a tile again")


# Viewers that say what they show


def test_viewer_that_shows_old_pictures_skips_to_a_fresh_keyframe_and_is_told(house, camera):
    house.feeder.start(camera)
    house.wait_online(camera)
    with house.viewer(f"?camera={camera}&meta=1") as viewer, house.viewer(f"?camera={camera}") as other:
        old_s = next_text(viewer, "frame")["media_time_ns"] / 1e9
        first = picture(other)
        others = [first]

        def asked():
            others.append(picture(other))
            viewer.send(json.dumps({"type": "age", "media_time_s": old_s}))
            return any(request["reason"] == "late" for request in house.feeder.requests(camera))

        wait_until(asked, "a keyframe asked for because of a viewer that is behind")
        assert next_text(viewer, "dropped")["reason"] == "late"
        assert next_text(viewer, "frame")["key"] is True
        # It says the same again and again; a viewer that buffers on purpose does not cost a keyframe each time.
        requests = len(house.feeder.requests(camera))
        for _ in range(20):
            viewer.send(json.dumps({"type": "age", "media_time_s": old_s}))
            others.append(picture(other))
        assert len(house.feeder.requests(camera)) <= requests + 3
        assert others == list(range(first, first + len(others)))


@pytest.mark.parametrize("first", [b"", client_frame(TEXT, b"{}") * 3])
def test_unmasked_frame_closes_with_1002(house, camera, first):
    house.feeder.come(camera)
    house.wait_online(camera)
    with RawClient(house.port) as viewer:
        viewer.ask("GET", f"/ws/viewer?camera={camera}", *UPGRADE)
        viewer.read_until(b'"online":true}')
        viewer.socket.sendall(first + client_frame(TEXT, b"{}", mask=None))
        assert viewer.read_to_end().startswith(b"\x88\x17" + (1002).to_bytes(2, "big"))
    wait_until(lambda: all(row["camera"] != camera for row in house.status()["viewers"]), "viewer gone")


def test_ping_is_answered(house, camera):
    house.feeder.come(camera)
    house.wait_online(camera)
    with house.viewer(f"?camera={camera}") as viewer:
        assert viewer.ping(b"there?").wait(10)


def test_silent_viewer_is_pinged_and_one_that_does_not_answer_is_closed():
    with a_house(CAM_FANOUT_PING_INTERVAL_S="1") as house:
        house.feeder.come("porch")
        house.wait_online("porch")
        with RawClient(house.port) as silent, house.viewer("?camera=porch") as answering:
            silent.ask("GET", "/ws/viewer?camera=porch", *UPGRADE)
            silent.read_until(b"\x89\x00")
            silent.read_until(b"\x89\x00")
            assert silent.read_to_end() == b""
            assert answering.ping().wait(10)


def test_age_of_the_shown_picture_is_in_the_status(house, camera):
    house.feeder.start(camera)
    house.wait_online(camera)
    with house.viewer(f"?camera={camera}&meta=1") as viewer:
        meta = next_text(viewer, "frame")
        shown_s = meta["media_time_ns"] / 1e9

        def row():
            viewer.send(json.dumps({"type": "age", "media_time_s": shown_s}))
            rows = [row for row in house.status()["viewers"] if row["camera"] == camera]
            return rows[0] if rows else {}

        wait_until(lambda: row().get("age_s") is not None, "an age")
        assert row()["age_s"] == pytest.approx(time.time() - shown_s, abs=3)
        assert set(row()) == {"id", "camera", "format", "age_s", "dropped"}
        wait_until(lambda: _camera(house, camera)["viewers"] == 1, "viewer counted")
    wait_until(lambda: _camera(house, camera)["viewers"] == 0, "viewer gone")


def _camera(house, camera):
    return next(row for row in house.status()["cameras"] if row["id"] == camera)


def test_broken_frames_of_a_viewer_close_its_connection_alone(house, camera):
    house.feeder.start(camera)
    house.wait_online(camera)
    with house.viewer(f"?camera={camera}") as good:
        for garbage in (b"\xff" * 100, client_frame(PING, b"x" * 200), client_frame(CONT, b"x")):
            with RawClient(house.port) as bad:
                bad.ask("GET", f"/ws/viewer?camera={camera}", *UPGRADE)
                bad.read_until(b"\r\n\r\n")
                bad.socket.sendall(garbage)
                bad.read_to_end()
        picture(good)


def test_viewer_that_vanishes_leaves_nothing_behind(house, camera):
    house.feeder.start(camera)
    house.wait_online(camera)
    files = house.fanout.open_files()
    for _ in range(20):
        with RawClient(house.port) as client:
            client.ask("GET", f"/ws/viewer?camera={camera}", *UPGRADE)
            client.read_until(b"h264 ")
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    wait_until(lambda: house.fanout.open_files() <= files + 1, "descriptors closed")
    wait_until(lambda: _camera(house, camera)["viewers"] == 0, "viewers gone")


def test_text_frames_in_pieces_are_heard(house, camera):
    house.feeder.come(camera)
    house.wait_online(camera)
    with RawClient(house.port) as client:
        client.ask("GET", f"/ws/viewer?camera={camera}", *UPGRADE)
        client.read_until(b'"online":true}')
        for byte in client_frame(PING, b"piecemeal"):
            client.socket.sendall(bytes([byte]))
        client.read_until(b"\x8a\x09piecemeal")
        client.socket.sendall(client_frame(TEXT, b"{}", fin=False) + client_frame(0, b""))
        client.socket.sendall(client_frame(PING, b"after"))
        client.read_until(b"\x8a\x05after")


def test_process_that_was_stopped_shows_nothing_old_when_it_wakes(own_house):
    house = own_house
    house.feeder.start("porch")
    house.wait_online("porch")
    with house.viewer("?camera=porch&meta=1") as viewer:
        picture(viewer)
        house.fanout.process.send_signal(signal.SIGSTOP)
        time.sleep(2.0)
        house.fanout.process.send_signal(signal.SIGCONT)
        woke_ns = time.time_ns()
        dropped = next_text(viewer, "dropped")
        assert dropped["reason"] == "late"
        assert dropped["frames"] > 20
        assert next_text(viewer, "frame")["media_time_ns"] > woke_ns - 1_000_000_000
