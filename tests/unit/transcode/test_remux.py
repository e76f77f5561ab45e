"""H.264 from a camera into fragments: from a keyframe on, as long as nothing is missing."""

from dataclasses import replace

import pytest

from common.frame import Frame
from common.h264 import AccessUnit, to_annex_b
from common.units import NS_PER_S, to_90k
from services.transcode.ledger import CameraLedger
from services.transcode.remux import Remux
from tests.helpers.annex_b import CODE, IDR, PPS, SETS, SLICE, SPS_QVGA

MEDIA = 1_795_000_000 * NS_PER_S
KEY = Frame(
    seq=0,
    source=5,
    media_time_ns=MEDIA,
    captured_at_ns=9,
    width=640,
    height=480,
    key=True,
    term=100,
    encoder_start_ns=100,
    out_seq=0,
    codec="avc1.42C01E",
    interval_ns=NS_PER_S // 30,
    payload=SETS + CODE + IDR,
)


def following(n: int) -> Frame:
    return replace(
        KEY, seq=n, out_seq=n, key=False, codec="", payload=CODE + SLICE, media_time_ns=MEDIA + n * NS_PER_S // 30
    )


def repeated(first: int, last: int) -> list[Frame]:
    return [replace(following(n) if n else KEY, repeat=True) for n in range(first, last + 1)]


def take(remux: Remux, *frames: Frame, now_ns: int = 1) -> list[Frame]:
    return [message for frame in frames for _, message in remux.take(frame, now_ns, now_ns)]


def test_fragments_follow_the_cameras_access_units():
    remux = Remux("porch", 7)
    messages = take(remux, KEY, *(following(n) for n in range(1, 5)))
    assert [message.out_seq for message in messages] == [0, 1, 2, 3, 4]
    assert [message.key for message in messages] == [True, False, False, False, False]
    assert {message.epoch for message in messages} == {(7, 1)}
    assert messages[0].init.startswith(b"\0\0\0")
    assert messages[0].codec == KEY.codec
    for n, message in enumerate(messages):
        at = message.tfdt_offset
        assert int.from_bytes(message.payload[at : at + 8], "big") == to_90k(MEDIA + n * NS_PER_S // 30)
    assert [topic for topic, _ in remux.take(following(5), 1, 1)] == ["mp4/porch/main"]


def test_camera_that_is_joined_in_the_middle_begins_with_its_next_keyframe():
    remux = Remux("porch", 7)
    assert take(remux, following(7), following(8)) == []
    assert remux.needs_keyframe
    messages = take(remux, replace(KEY, seq=9, out_seq=9), following(10))
    assert [message.out_seq for message in messages] == [0, 1]
    assert not remux.needs_keyframe


def test_group_that_is_sent_again_for_another_newcomer_gives_the_same_messages_again():
    remux = Remux("porch", 7)
    first = take(remux, KEY, following(1), following(2))
    again = take(remux, *repeated(0, 2), now_ns=60)
    assert all(message.repeat for message in again)
    assert [message.hops["transcode_out"] for message in again] == [60, 60, 60]
    assert [replace(message, repeat=False, hops=first[0].hops) for message in again] == first
    [live] = take(remux, following(3))
    assert (live.out_seq, live.repeat) == (3, False)


def test_group_that_is_too_large_is_not_kept(monkeypatch):
    monkeypatch.setattr("services.transcode.remux.GROUP_LIMIT_BYTES", 400)
    remux = Remux("porch", 7)
    take(remux, KEY, *(following(n) for n in range(1, 5)))
    assert take(remux, *repeated(0, 4)) == []
    assert [message.out_seq for message in take(remux, following(5))] == [5]


def test_repeat_of_the_group_before_gives_nothing():
    remux = Remux("porch", 7)
    take(remux, KEY, following(1), replace(KEY, seq=2, out_seq=2, media_time_ns=MEDIA + NS_PER_S))
    assert take(remux, *repeated(0, 1)) == []


def test_camera_that_is_joined_in_the_middle_begins_with_the_group_that_is_sent_again():
    remux = Remux("porch", 7)
    assert take(remux, following(7), following(8)) == []
    messages = take(remux, *repeated(0, 8), following(9))
    assert [message.out_seq for message in messages] == list(range(10))
    assert [message.key for message in messages] == [True, *[False] * 9]
    assert not any(message.repeat for message in messages)
    assert not remux.needs_keyframe
    times = [int.from_bytes(message.payload[message.tfdt_offset :][:8], "big") for message in messages]
    assert times == sorted(set(times))


def test_hole_is_filled_when_what_is_missing_is_sent_again():
    remux = Remux("porch", 7)
    before = take(remux, KEY, following(1))
    assert take(remux, following(4)) == []
    messages = take(remux, *repeated(0, 4), following(5))
    assert [message.out_seq for message in messages if message.repeat] == [0, 1]
    assert [message.out_seq for message in messages if not message.repeat] == [2, 3, 4, 5]
    assert {message.epoch for message in messages} == {before[0].epoch}
    assert not remux.needs_keyframe


def test_keyframe_that_cannot_be_used_is_not_tried_again():
    remux = Remux("porch", 7)
    broken = replace(KEY, seq=2, out_seq=2, payload=b"")
    take(remux, KEY, following(1), broken, following(3))
    assert take(remux, replace(broken, repeat=True), replace(following(3), repeat=True)) == []
    assert remux.dropped.snapshot() == {"corrupt": 1}
    assert remux.needs_keyframe


def test_hole_waits_for_a_keyframe_and_begins_a_new_epoch():
    remux = Remux("porch", 7)
    before = take(remux, KEY, following(1))
    assert take(remux, following(4), following(5)) == []
    assert remux.dropped.snapshot() == {"bus": 2}
    assert remux.needs_keyframe
    [key] = take(remux, replace(KEY, out_seq=6, seq=6), now_ns=50)
    assert key.out_seq == 0
    assert key.epoch > before[0].epoch


def test_new_connection_of_the_camera_begins_a_new_epoch():
    remux = Remux("porch", 7)
    before = take(remux, KEY, following(1))
    [key] = take(remux, replace(KEY, source=6, term=101), now_ns=50)
    assert (key.out_seq, key.epoch > before[0].epoch) == (0, True)


def test_newer_term_is_followed_at_the_next_keyframe():
    remux = Remux("porch", 7)
    take(remux, KEY)
    remux.follow_term(8)
    [delta] = take(remux, following(1))
    assert (delta.term, delta.out_seq) == (7, 1)
    [key] = take(remux, replace(KEY, seq=2, out_seq=2, media_time_ns=MEDIA + NS_PER_S), now_ns=50)
    assert (key.term, key.out_seq) == (8, 0)


@pytest.mark.parametrize("payload", [b"", CODE + IDR, CODE + SPS_QVGA[:3] + CODE + PPS + CODE + IDR])
def test_keyframe_without_usable_parameter_sets_is_counted_and_not_fatal(payload):
    remux = Remux("porch", 7)
    assert take(remux, replace(KEY, payload=payload)) == []
    assert remux.dropped.snapshot() == {"corrupt": 1}
    assert take(remux, following(1)) == []
    assert len(take(remux, replace(KEY, seq=2, out_seq=2))) == 1


def test_sample_leaves_out_what_belongs_into_the_init_segment():
    remux = Remux("porch", 7)
    [message] = take(remux, replace(KEY, payload=CODE + b"\x09\x10" + SETS + CODE + IDR))
    assert message.payload.endswith(len(IDR).to_bytes(4, "big") + IDR)
    assert PPS not in message.payload
    assert to_annex_b(AccessUnit((IDR,)).nals) not in message.payload


def test_account_is_closed_over_holes_groups_sent_again_and_damage():
    ledger = CameraLedger()
    ledger.publisher = "ingest-0"
    remux = Remux("porch", 7, ledger)

    def row() -> dict:
        row = ledger.record(0)
        assert row["in"] == row["out"] + sum(row["dropped"].values())
        return row

    take(remux, KEY, following(1), following(1))
    assert (row()["in"], row()["out"]) == (2, 2)
    take(remux, following(4))  # 2 and 3 were lost
    assert (row()["in"], row()["out"], row()["dropped"], row()["bus_from"]) == (3, 2, {"broken": 1}, {"ingest-0": 2})
    assert [message.out_seq for message in take(remux, *repeated(0, 4))][-3:] == [2, 3, 4]
    # Also 4, which was of no use until 2 and 3 came.
    assert (row()["in"], row()["out"], row()["dropped"], row()["bus"]) == (5, 5, {}, 0)
    take(remux, *repeated(0, 4))
    assert (row()["in"], row()["out"]) == (5, 5)
    take(remux, replace(KEY, seq=5, out_seq=5, payload=b""), following(6))
    assert row()["dropped"] == {"broken": 1, "corrupt": 1}


def test_second_hole_does_not_forget_the_first():
    ledger = CameraLedger()
    remux = Remux("porch", 7, ledger)
    take(remux, KEY, following(2), following(4))  # 1 and 3 were lost
    assert ledger.record(0)["bus"] == 2
    take(remux, *repeated(0, 4))
    row = ledger.record(0)
    assert (row["in"], row["bus"]) == (5, 0)


def test_newcomers_do_not_count_as_frames():
    ledger = CameraLedger()
    remux = Remux("porch", 7, ledger)
    take(remux, KEY, following(1), *repeated(0, 1), *repeated(0, 1))
    assert (ledger.record(0)["in"], ledger.record(0)["out"]) == (2, 2)
