"""The ledger in `status/`: every message of a camera is published, or dropped by a cause that the next frame tells."""

from common.clock import host_id
from common.topics import STATUS, topic
from tests.helpers.annex_b import CODE, IDR, SETS, SLICE
from tests.helpers.bus_ear import BusEar
from tests.helpers.jpegs import make_jpeg
from tests.helpers.websocket import BINARY, client_frame

JPEG = make_jpeg()
STATUSES = topic(STATUS, host_id(), "ingest-0")


def rows(ear: BusEar, camera: str) -> list[dict]:
    return [record["ledger"][camera] for record in ear.records("status") if camera in record.get("ledger", {})]


def wait_row(ear: BusEar, camera: str, **fields) -> dict:
    """Return the camera's row as soon as it has these fields; every one until then is exact."""

    def found():
        return next((row for row in rows(ear, camera) if fields.items() <= row.items()), None)

    row = ear.wait(found, f"the ledger's row of {camera} with {fields}; last {rows(ear, camera)[-1:]}")
    assert all(row["in"] == row["out"] + sum(row["dropped"].values()) + row["held"] for row in rows(ear, camera))
    return row


def test_messages_nobody_wants_are_counted_and_explained(station):
    with station.ear(STATUSES, "camera") as status, station.join("/ws/camera/book") as camera:
        for _ in range(5):
            camera.send_picture(JPEG)
        camera.send_picture(JPEG[:-9])
        wait_row(status, "book", **{"in": 6, "out": 0, "dropped": {"unwanted": 5, "truncated": 1}})
        with station.ear("jpeg/book/main") as ear:
            ear.wait_frames("jpeg/book/main")
            for _ in range(3):
                camera.send_picture(JPEG)
            frames = ear.wait_frames("jpeg/book/main", 4)
        row = wait_row(status, "book", **{"in": 9})
    assert [(frame.seq, frame.repeat, frame.skipped) for frame in frames] == [
        (4, True, {"unwanted": 4}),
        (6, False, {"truncated": 1}),
        (7, False, {}),
        (8, False, {}),
    ]
    assert row == {
        "hop": "ingest", "in": 9, "out": 3, "dropped": {"unwanted": 5, "truncated": 1},
        "held": 0, "bus": 0, "bus_from": {},
    }  # fmt: skip


def test_ledger_goes_on_over_connections_and_while_the_camera_is_away(station):
    with station.ear(STATUSES) as status:
        for count in (2, 4):
            with station.join("/ws/camera/returner") as camera:
                for _ in range(2):
                    camera.send_picture(JPEG)
                wait_row(status, "returner", **{"in": count, "dropped": {"unwanted": count}})


def test_ledger_of_a_camera_that_pushes_h264(station):
    with station.ear(STATUSES) as status, station.join("/ws/camera/pusher") as camera:
        for message in (CODE + SLICE, SETS, CODE + IDR, CODE + SLICE):
            camera.send(client_frame(BINARY, message))
        wait_row(status, "pusher", **{"in": 3, "dropped": {"no_keyframe": 1, "unwanted": 2}})
        with station.ear("h264/pusher/main") as ear:
            assert len(ear.wait_frames("h264/pusher/main", 2)) == 2
            camera.send(client_frame(BINARY, CODE + SLICE))
            frames = ear.wait_frames("h264/pusher/main", 3)
        row = wait_row(status, "pusher", **{"in": 4})
    assert [(frame.seq, frame.repeat, frame.out_seq, frame.skipped) for frame in frames] == [
        (1, True, 0, {"no_keyframe": 1}),
        (2, True, 1, {}),
        (3, False, 2, {}),
    ]
    assert (row["out"], row["dropped"]) == (1, {"no_keyframe": 1, "unwanted": 2})
