"""/status of real fanout processes: where frames went, how long they took, what keeper and the encoders say."""

import json
import time
from contextlib import contextmanager

import pytest

from common.clock import host_id
from common.topics import STATUS, topic
from common.wire import encode_record
from tests.helpers.bus import short_tmp
from tests.helpers.fanout import make_frame
from tests.helpers.fanout_house import House
from tests.helpers.feeder import Feeder
from tests.helpers.http import fetch
from tests.helpers.rooms import listening_socket, room, settings_in, wait_until


@contextmanager
def another(house, name):
    """Another fanout process of a house, on a port of its own."""
    with listening_socket() as listener, room(name, house.folder, stdin=listener) as process:
        yield House(house.folder, house.settings, process, listener.getsockname()[1], house.feeder)


@contextmanager
def upstream():
    """A broker and a feeder; fanout processes are up to the test."""
    with short_tmp() as folder, room("broker", folder):
        settings = settings_in(folder)
        with Feeder(settings.bus_addresses) as feeder:
            yield House(folder, settings, None, 0, feeder)


def row_of(house, camera):
    return next((row for row in house.status()["cameras"] if row["id"] == camera), {})


def ledger_of(house, camera, process=None):
    rows = row_of(house, camera).get("ledger", [])
    return [row for row in rows if process is None or row["process"] == process]


def say_transcode(house, camera, incarnation, frames, **extras):
    account = {"hop": "transcode", "in": frames, "out": frames, "dropped": {}, "held": 0, "bus": 0, "bus_from": {}}
    record = {
        "name": "transcode-7", "stage": "transcode", "host": host_id(), "pid": 1, "uptime_s": 1.0, "rss_bytes": 1,
        "cpu_percent": 0.0, "counters": {}, "incarnation": incarnation, "mono_ns": time.monotonic_ns(),
        "ledger": {camera: account}, **extras,
    }  # fmt: skip
    house.feeder.say(topic(STATUS, host_id(), "transcode-7"), encode_record(record))


def wait_text(viewer, kind):
    """Return the next text of a kind that a viewer is told."""
    while True:
        message = viewer.recv(timeout=15)
        if isinstance(message, str) and (text := json.loads(message))["type"] == kind:
            return text


def closes(row):
    return row["in"] == row["out"] + sum(row["dropped"].values()) + row["held"]


def test_frames_of_each_format_are_accounted_for_and_timed(house, camera):
    house.feeder.start(camera)
    house.wait_online(camera)
    with house.viewer(f"?camera={camera}&format=h264") as h264, house.viewer(f"?camera={camera}&format=jpeg") as jpeg:

        def is_told():
            for viewer in (h264, jpeg):
                viewer.recv(timeout=15)
            row = row_of(house, camera)
            formats = {each["format"] for each in row["ledger"] if each["out"] > 3}
            return formats == {"h264", "jpeg"} and "whole" in row["delay_ms"]

        wait_until(is_told, "both streams are in the ledger, and timed")
        row = row_of(house, camera)
    assert all(closes(each) and each["hop"] == "fanout" for each in row["ledger"])
    assert set(row["delay_ms"]) == {"bus_to_fanout", "fanout", "whole"}
    assert all(0 < ages["p50"] <= ages["p95"] for ages in row["delay_ms"].values())


def test_lost_messages_are_named_after_the_process_that_sent_them(house, camera):
    house.feeder.come(camera, worker="transcode-3", term=1)
    house.wait_online(camera)
    with house.viewer(f"?camera={camera}") as viewer:
        wait_until(lambda: house.feeder.wants(camera), "subscribed")
        house.feeder.answers_requests = False

        def is_first_shown():
            house.feeder.publish(camera, "h264", make_frame(0, key=True))
            return any(row["in"] for row in ledger_of(house, camera))

        # Subscription and message race.
        wait_until(is_first_shown, "the first frame is in")
        house.feeder.publish(camera, "h264", make_frame(4), make_frame(5, key=True))
        wait_until(lambda: any(row["in"] == 3 for row in ledger_of(house, camera)), "all are in")
        assert wait_text(viewer, "dropped")["reason"] == "loss"
    (row,) = ledger_of(house, camera)
    assert (row["out"], row["dropped"], row["bus"], row["bus_from"]) == (2, {"broken": 1}, 3, {"transcode-3": 3})
    assert row_of(house, camera)["dropped"] == {"broken": 1, "bus": 3}


def test_age_that_a_viewer_tells_is_in_the_status(house, camera):
    house.feeder.start(camera, "h264")
    house.wait_online(camera)
    with house.viewer(f"?camera={camera}&meta=1") as viewer:
        id_ = wait_text(viewer, "hello")["id"]

        def is_told():
            media_time_s = wait_text(viewer, "frame")["media_time_ns"] / 1e9
            # It is two seconds behind.
            viewer.send(json.dumps({"type": "age", "media_time_s": media_time_s - 2}))
            rows = {row["id"]: row for row in house.status()["viewers"]}
            return rows.get(id_, {}).get("age_s") is not None and "shown" in row_of(house, camera)["delay_ms"]

        wait_until(is_told, "its age is told")
        row = next(row for row in house.status()["viewers"] if row["id"] == id_)
        shown = row_of(house, camera)["delay_ms"]["shown"]
    assert row["age_s"] > 1.5
    assert shown["p50"] > 1500


def test_video_of_a_quarantined_camera_is_refused_in_words_and_its_pictures_are_not(own_house):
    house = own_house
    house.feeder.start("porch", "jpeg")
    house.wait_online("porch")
    now_ns = time.time_ns()
    told = {"since_wall_ns": now_ns, "until_wall_ns": now_ns + 3600 * 10**9, "reason": "its pictures crash the codec"}
    with house.viewer("?camera=porch&format=mp4") as watching, house.viewer("?camera=porch&format=jpeg") as jpeg:
        house.feeder.told_by_keeper = {"quarantined": {"porch": told}, "isolated": {"yard": "transcode-alone-0"}}
        assert "its pictures crash the codec" in wait_text(watching, "error")["message"]
        with house.viewer("?camera=porch&format=h264") as joins:
            assert "its pictures crash the codec" in wait_text(joins, "error")["message"]
        answer = fetch(house.port, "/cameras/porch/stream.mp4")
        assert answer.status == 503
        assert b"its pictures crash the codec" in answer.body
        while isinstance(message := jpeg.recv(timeout=15), str):
            assert json.loads(message)["type"] == "hello"
    wait_until(lambda: "quarantine" in row_of(house, "porch"), "told in the status")
    quarantine = row_of(house, "porch")["quarantine"]
    assert quarantine["until"] - quarantine["since"] == pytest.approx(3600)
    house.feeder.told_by_keeper = {"quarantined": {}, "isolated": {"porch": "transcode-alone-0"}}
    wait_until(lambda: row_of(house, "porch").get("isolated") is True, "lifted, and still isolated")
    assert "quarantine" not in row_of(house, "porch")


def test_overload_and_limits_of_the_encoders_are_told(house, camera):
    house.feeder.come(camera)
    house.wait_online(camera)
    encodes = {camera: {"term": 1, "encode_ms": 1.0, "limit": {"fps": 8.0}}}

    def is_told():
        say_transcode(house, camera, 1, 5, encodes=encodes, overload={"level": 2, "rule": "tiles at 8 fps"})
        page = house.status()
        limited = [row["limited"] for row in page["cameras"] if row["id"] == camera and "limited" in row]
        told = page["overload"], limited
        expected = [{"process": "transcode-7", "level": 2, "rule": "tiles at 8 fps"}]
        return told == (expected, [{"reason": "overload", "fps": 8.0}])

    wait_until(is_told, "overload and its cost are told")


def test_process_that_starts_later_tells_the_same_of_lives_that_ended_and_of_a_killed_one():
    with upstream() as house, another(house, "fanout-0") as first:
        house.feeder.come("porch")
        first.wait_online("porch")

        def has_ended():
            say_transcode(first, "porch", 1, 5)
            say_transcode(first, "porch", 2, 3)
            return len(ledger_of(first, "porch", "transcode-7")) == 2

        wait_until(has_ended, "the first life has ended")
        expected = [(1, 5, True), (2, 3, False)]

        def is_known_to(asked):
            say_transcode(first, "porch", 2, 3)
            rows = ledger_of(asked, "porch", "transcode-7")
            return [(row["incarnation"], row["in"], row["ended"]) for row in rows] == expected

        wait_until(lambda: is_known_to(first), "both lives are told")
        with another(house, "fanout-1") as second:
            wait_until(lambda: is_known_to(second), "a later process knows them as well")
            with second.viewer("?camera=porch&format=jpeg") as viewer:
                second.feeder.start("porch", "jpeg")
                wait_until(lambda: any(row["out"] > 3 for row in ledger_of(first, "porch", "fanout-1")), "it counts")
                viewer.recv(timeout=15)
            second.fanout.kill()
            wait_until(lambda: all(row["ended"] for row in ledger_of(first, "porch", "fanout-1")), "found dead")
        (row,) = ledger_of(first, "porch", "fanout-1")
        assert closes(row)


def test_process_that_starts_while_a_camera_is_away_tells_since_when():
    with upstream() as house:
        house.feeder.known = ["porch"]
        house.feeder.go("porch")
        with another(house, "fanout-0") as started, started.viewer("?camera=porch") as viewer:
            since = None
            while since is None:
                since = wait_text(viewer, "offline")["since"]
        assert since == pytest.approx(house.feeder.cameras["porch"]["offline_since_wall_ns"] / 1e9, abs=0.01)
