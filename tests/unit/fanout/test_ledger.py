from hypothesis import given
from hypothesis import strategies as st

from common.counters import Counters
from services.fanout.announced import Announcement, Camera
from services.fanout.asking import LateLimit
from services.fanout.ledger import Ledger
from services.fanout.makers import CAMERAS, TERMS, UNKNOWN, Makers
from services.fanout.stream import Stream
from tests.helpers.fanout import FRAME_NS, MS, START_NS, make_frame, make_ledger, make_viewer


class Topic:
    """One topic with a viewer, and its row."""

    def __init__(self, format_="h264"):
        self.format = format_
        self.ledger = make_ledger()
        self.account = self.ledger.open("porch", format_)
        self.stream = Stream("porch", format_, LateLimit(), Counters(), self.account, lambda _stream: None)
        self.stream.join(make_viewer(format_)[0], START_NS)

    def publish(self, *numbers, overdue=False, **changes):
        for number in numbers:
            frame = make_frame(number, self.format, **changes)
            self.stream.publish(frame, START_NS + number * FRAME_NS, overdue=overdue)

    @property
    def row(self):
        row = self.account.record()
        assert row["in"] == row["out"] + sum(row["dropped"].values()) + row["held"]
        assert row["bus"] == sum(row["bus_from"].values())
        return row


def test_everything_that_came_went_on():
    topic = Topic()
    topic.publish(0, key=True)
    topic.publish(1, 2, 3)
    assert topic.row == {"in": 4, "out": 4, "dropped": {}, "held": 0, "bus": 0, "bus_from": {}}


def test_hole_is_missing_from_the_encoder_and_what_follows_is_broken_until_a_keyframe():
    topic = Topic()
    topic.publish(0, key=True)
    topic.publish(1, 4, 5)
    topic.publish(6, key=True)
    row = topic.row
    assert (row["in"], row["out"], row["dropped"]) == (5, 3, {"broken": 2})
    assert row["bus_from"] == {"worker-1": 2}


def test_source_frames_that_the_encoder_skipped_are_not_missing():
    topic = Topic()
    topic.publish(0, key=True)
    topic.publish(5, out_seq=1, skipped={"overload": 4})
    topic.publish(9, out_seq=2)
    assert (topic.row["in"], topic.row["bus"]) == (3, 0)


def test_what_is_sent_again_is_not_counted_again():
    topic = Topic()
    topic.publish(0, key=True)
    topic.publish(0, key=True, repeat=True)
    topic.publish(1)
    topic.publish(1)
    # The newest picture, encoded again as a keyframe for a newcomer: a message of its own.
    topic.publish(1, out_seq=2, key=True, repeat=True)
    topic.publish(2, out_seq=3)
    assert (topic.row["in"], topic.row["out"], topic.row["bus"]) == (3, 3, 0)


def test_first_picture_of_a_camera_that_sends_seldom_is_new_although_it_is_a_repeat():
    topic = Topic()
    topic.publish(0, key=True, repeat=True)
    assert topic.row["in"] == 1


def test_overdue_frames_are_dropped_as_such():
    topic = Topic()
    topic.publish(0, key=True)
    topic.publish(1, 2, overdue=True)
    topic.publish(3)
    assert topic.row["dropped"] == {"overdue": 2, "broken": 1}


def test_frames_that_died_with_a_worker_are_missing_from_the_dead_one():
    topic = Topic()
    topic.publish(0, key=True)
    topic.publish(1, 2)
    topic.publish(7, key=True, term=2, out_seq=0)
    topic.publish(8, term=2, out_seq=1)
    row = topic.row
    assert (row["in"], row["out"]) == (5, 5)
    assert row["bus_from"] == {"worker-1": 4}


def test_frames_that_were_accounted_for_before_a_new_epoch_are_not_missing():
    topic = Topic()
    topic.publish(0, key=True)
    topic.publish(7, key=True, term=2, out_seq=0, skipped={"unwanted": 5})
    assert topic.row["bus_from"] == {"worker-1": 1}


def test_new_connection_of_the_camera_tells_nothing_of_the_old_one():
    topic = Topic()
    topic.publish(0, key=True)
    topic.publish(7, key=True, term=2, out_seq=0, source=8)
    assert topic.row["bus"] == 0


def test_frames_of_a_replaced_worker_that_come_late_are_dropped_and_no_longer_missing():
    topic = Topic()
    topic.publish(0, key=True)
    topic.publish(4, key=True, term=2, out_seq=0)
    assert topic.row["bus_from"] == {"worker-1": 3}
    # Two that were missed, and one that both have encoded.
    topic.publish(1, 2, 4)
    row = topic.row
    assert (row["in"], row["out"], row["dropped"]) == (5, 2, {"epoch": 3})
    assert row["bus_from"] == {"worker-1": 1}


def test_late_message_that_was_counted_before_it_was_replaced_is_not_counted_again():
    topic = Topic()
    topic.publish(0, key=True)
    topic.publish(1, key=True, term=2, out_seq=0)
    topic.publish(0, key=True, out_seq=1)
    assert topic.row["in"] == 2


def test_two_workers_that_overlap_lose_nothing():
    topic = Topic()
    topic.publish(0, key=True)
    topic.publish(1, 2, 3)
    topic.publish(2, key=True, term=2, out_seq=0)
    topic.publish(3, term=2, out_seq=1)
    topic.publish(4, term=2, out_seq=2)
    assert (topic.row["in"], topic.row["out"], topic.row["bus"]) == (7, 7, 0)


def test_pictures_are_missing_from_their_publisher():
    topic = Topic("jpeg")
    topic.publish(0, 1)
    topic.publish(5, skipped={"corrupt": 1})
    topic.publish(5, repeat=True)
    topic.publish(6, overdue=True)
    row = topic.row
    assert (row["in"], row["out"], row["dropped"]) == (4, 3, {"overdue": 1})
    assert row["bus_from"] == {"publisher": 2}


def test_nothing_is_missing_of_the_time_without_a_subscription():
    topic = Topic()
    topic.publish(0, key=True)
    assert topic.ledger.open("porch", "h264") is topic.account
    topic.publish(7, key=True, term=2, out_seq=0)
    assert (topic.row["in"], topic.row["bus"]) == (2, 0)


def test_rows_are_named_by_camera_and_format():
    ledger = make_ledger()
    ledger.open("porch", "h264")
    ledger.open("porch", "jpeg")
    assert list(ledger.record()) == ["porch/h264", "porch/jpeg"]
    assert ledger.record()["porch/h264"]["hop"] == "fanout"


def test_accounts_are_bounded(monkeypatch):
    monkeypatch.setattr("services.fanout.ledger.TOPICS", 3)
    ledger = Ledger(lambda *_: "nobody")
    for camera in "abacd":
        ledger.open(camera, "h264")
    assert list(ledger.record()) == ["a/h264", "c/h264", "d/h264"]


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(1, 3), st.booleans(), st.booleans()), max_size=40
    )
)
def test_every_order_of_messages_is_accounted_for(messages):
    topic = Topic()
    for step, (seq, out_seq, term, key, overdue) in enumerate(messages):
        frame = make_frame(seq, key=key, out_seq=out_seq, term=term)
        topic.stream.publish(frame, START_NS + step * 300 * MS, overdue=overdue)
        row = topic.row
        assert all(count >= 0 for count in row["bus_from"].values())


def announce(makers, publisher="ingest-0", **changes):
    makers.learn(Announcement(publisher, "h", 1, False, (Camera("porch", online=True, **changes),)))


def test_makers_of_former_terms_are_remembered():
    makers = Makers()
    announce(makers, worker="transcode-0", term=5)
    announce(makers, worker="", term=6)
    announce(makers, "ingest-1", worker="transcode-1", term=7)
    assert [makers.name("porch", "h264", term) for term in (5, 6, 7)] == ["transcode-0", UNKNOWN, "transcode-1"]
    assert makers.name("porch", "jpeg", 0) == "ingest-1"
    assert makers.name("yard", "jpeg", 0) == UNKNOWN


def test_h264_of_a_camera_that_sends_it_is_made_by_its_publisher():
    makers = Makers()
    announce(makers, kind="h264", worker="transcode-0", term=5)
    assert [makers.name("porch", format_, 5) for format_ in ("h264", "mp4")] == ["ingest-0", "transcode-0"]


def test_what_is_announced_of_a_camera_that_is_gone_changes_no_maker():
    makers = Makers()
    announce(makers)
    makers.learn(Announcement("ingest-1", "h", 1, True, (Camera("porch"),)))
    assert makers.name("porch", "jpeg", 0) == "ingest-0"


def test_makers_are_bounded():
    makers = Makers()
    for term in range(1, TERMS + 2):
        announce(makers, worker=f"transcode-{term}", term=term)
    assert makers.name("porch", "h264", 1) == UNKNOWN
    assert makers.name("porch", "h264", 2) == "transcode-2"
    for number in range(CAMERAS):
        makers.learn(Announcement("ingest-0", "h", 1, False, (Camera(f"cam{number}", online=True),)))
    assert makers.name("porch", "jpeg", 0) == UNKNOWN
