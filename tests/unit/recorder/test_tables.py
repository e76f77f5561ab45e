"""The small decisions of the recorder: retention, troubles, requests, accounts, the queue."""

import errno
import json

import pytest

from common.http1 import Request, RequestError
from common.recordings.rows import FileRow, Kind, Reason, State
from common.units import NS_PER_S
from services.recorder.api import Wish, parse_wish
from services.recorder.backlog import FRAME_COST_BYTES, Backlog
from services.recorder.retention import DAY_NS, GIB, Limits, excess_bytes, oldest, shares
from services.recorder.taking import Arrived, Moment
from services.recorder.tally import CameraTally, row
from services.recorder.trouble import is_full, trouble_of
from tests.helpers.fanout import make_frame

DAY = {"camera": "porch", "from_ns": 1, "to_ns": 2}


def file(start: int, size: int = 10) -> FileRow:
    return FileRow(f"f{start}", Kind.VIDEO, State.DONE, start, start + 1, size, 1, 8, 8)


def test_oldest_files_go_until_there_is_enough():
    rows = [file(1), file(2), file(3)]
    assert [row.start_ns for row in oldest(rows, 11)] == [1, 2]
    assert oldest(rows, 0) == []
    assert oldest(rows, 1000) == rows


def test_oldest_over_all_cameras_go_first():
    rows = [("porch", file(5)), ("attic", file(1)), ("porch", file(3))]
    assert [(camera, row.start_ns) for camera, row in shares(rows, 15)] == [("attic", 1), ("porch", 3)]


def test_limits_are_none_where_they_are_zero():
    now_ns = 100 * DAY_NS
    assert Limits().video_cutoff_ns(now_ns) == Limits().original_cutoff_ns(now_ns) == 0
    assert Limits(max_days=7).original_cutoff_ns(now_ns) == 93 * DAY_NS
    assert Limits(max_days=7, original_max_days=1).original_cutoff_ns(now_ns) == 99 * DAY_NS
    assert Limits(max_gib=1).excess_bytes(GIB + 5) == 5
    assert Limits(max_gib=1).excess_bytes(GIB) == 0
    assert excess_bytes(5 * GIB, 0) == 0


@pytest.mark.parametrize(
    ("error", "only_protected", "reason"),
    [
        (OSError(errno.ENOSPC, "no space"), False, Reason.DISK_FULL),
        (OSError(errno.EDQUOT, "quota"), False, Reason.DISK_FULL),
        (OSError(errno.ENOSPC, "no space"), True, Reason.PROTECTED),
        (OSError(errno.EFBIG, "too large"), True, Reason.UNWRITABLE),
        (OSError(errno.EROFS, "read-only"), False, Reason.UNWRITABLE),
        (ValueError("index is damaged"), True, Reason.UNWRITABLE),
    ],
)
def test_error_has_its_reason(error, only_protected, reason):
    assert trouble_of(error, only_protected=only_protected).reason is reason


def test_file_limit_is_not_a_full_disk():
    assert not is_full(OSError(errno.EFBIG, "too large"))


def request(path: str, body: object, method: str = "POST", kind: str = "application/json") -> Request:
    return Request(method, path, {"content-type": kind}, json.dumps(body).encode())


def test_wishes_are_read():
    assert parse_wish(request("/delete", DAY)) == Wish("delete", "porch", 1, 2)
    assert parse_wish(request("/protect", {**DAY, "name": "x" * 200})) == Wish("protect", "porch", 1, 2, "x" * 100)
    assert parse_wish(request("/protect", {**DAY, "protected": False})).verb == "unprotect"
    # What no file can hold must not stop who writes it.
    assert parse_wish(request("/protect", {**DAY, "name": "a\ud800\nb"})).name == "ab"


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (request("/else", DAY), 404),
        (request("/delete", DAY, "GET"), 405),
        (request("/delete", DAY, kind="text/plain"), 415),
        (request("/delete", []), 400),
        (request("/delete", {**DAY, "camera": "../porch"}), 400),
        (request("/delete", {**DAY, "camera": 5}), 400),
        (request("/delete", {**DAY, "from_ns": 2}), 400),
        (request("/delete", {**DAY, "from_ns": True}), 400),
        (request("/delete", {**DAY, "to_ns": 1 << 63}), 400),
        (request("/protect", {**DAY, "protected": "yes"}), 400),
        (request("/protect", {**DAY, "name": 5}), 400),
    ],
)
def test_wish_without_sense_is_refused(asked, status):
    with pytest.raises(RequestError) as refused:
        parse_wish(asked)
    assert refused.value.status == status


def test_row_adds_up_whatever_the_disk_thread_has_done_yet():
    tally = CameraTally()
    arrived = {"in": 10, "out": 8, "dropped": {"broken": 2}, "held": 0, "bus": 1, "bus_from": {}}
    tally.leave(3)
    tally.drop("disk_full", 2)
    tally.drop("broken")
    told = row(arrived, tally.counted)
    assert (told["out"], told["held"], told["dropped"]) == (3, 2, {"broken": 3, "disk_full": 2})
    assert told["in"] == 3 + 2 + 5
    assert told["hop"] == "recorder"


def test_queue_is_bounded_in_bytes_and_takes_the_first_frame_always():
    backlog = Backlog(10_000)
    assert backlog.has_room(1 << 20)
    frame = make_frame(1, size=4000)
    backlog.put_frame("porch", Arrived(frame, "mp4", Moment(0, NS_PER_S)))
    assert backlog.has_room(1000)
    assert not backlog.has_room(10_000 - FRAME_COST_BYTES)
    backlog.put_order("order")
    offer = backlog.take()
    assert offer.arrived.frame is frame
    assert not backlog.has_room(10_000)
    backlog.done(offer)
    assert backlog.size_bytes == 0
    assert backlog.take() == "order"
    assert backlog.take() is None


def test_queue_is_crowded_when_it_holds_as_many_orders_as_frames_could_be():
    backlog = Backlog(3 * FRAME_COST_BYTES)
    for order in range(3):
        assert not backlog.is_crowded
        backlog.put_order(order)
    assert backlog.is_crowded
    backlog.take()
    assert not backlog.is_crowded
