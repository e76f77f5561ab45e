"""Mode event of one camera: which frames reach the disk for which events, and what its time line says between them."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.fmp4 import init_segment
from common.frame import Frame
from common.h264 import parse_access_unit
from common.recordings.camera_store import CameraStore
from common.recordings.originals import read_originals
from common.recordings.reading import read_table
from common.recordings.rows import EventRow, FileRow, Kind, Reason, State
from common.settings import CameraSettings, RecordingSettings
from common.topics import JPEG, MP4
from common.units import NS_PER_S
from services.recorder.event_mode import EventMode
from services.recorder.gaps import StoredGaps
from services.recorder.taking import Arrived, Desk, Moment, Why
from services.recorder.tally import CameraTally
from services.recorder.timeline import SEAM_NS, Timeline
from tests.helpers.annex_b import SETS

START_S = 1_800_000_000
INTERVAL_S = 0.5
PRE_S, POST_S, LIMIT_S = 3.0, 2.0, 20.0
# So much more is in the ring than the time before an event, for events that are told late.
LATE_S = 5.0


def ns(time_s: float) -> int:
    """Return a moment, in seconds from START_S."""
    return START_S * NS_PER_S + round(time_s * NS_PER_S)


@dataclass
class Encoder:
    submitted: list[str] = field(default_factory=list)

    def submit(self, camera: str, name: str) -> None:
        self.submitted.append(name)

    def waiting(self, camera: str) -> int:
        return len(self.submitted)


@dataclass
class Camera:
    """A camera in mode event; times are in seconds from START_S, on every clock."""

    store: CameraStore
    mode: EventMode
    encoder: Encoder
    tally: CameraTally
    gaps: StoredGaps
    why: list[Why]
    offered: int = 0
    source: int = 7
    wall_shift_s: float = 0.0
    interval_s: float = INTERVAL_S

    def moment(self, time_s: float) -> Moment:
        return Moment(round(time_s * NS_PER_S), ns(time_s + self.wall_shift_s))

    def jpeg(self, time_s: float, *, why: Reason | None = None, is_new: bool = True, size_bytes: int = 100) -> None:
        self.send(time_s, JPEG, b"\xff\xd8" + bytes(size_bytes), why=why, is_new=is_new)

    def jpegs(self, from_s: float, to_s: float) -> None:
        """Send pictures, `to_s` excluded, with a pass each second."""
        for step in range(round((to_s - from_s) / INTERVAL_S)):
            time_s = from_s + step * INTERVAL_S
            self.jpeg(time_s)
            if time_s == int(time_s):
                self.mode.tick(self.moment(time_s))

    def video(self, time_s: float, *, key: bool = False, init: bytes = b"") -> None:
        sample = self.offered.to_bytes(4, "big")
        payload = (16).to_bytes(4, "big") + b"moof" + bytes(8) + (12).to_bytes(4, "big") + b"mdat" + sample
        self.send(time_s, MP4, payload, key=key, init=init)

    def send(
        self,
        time_s: float,
        format_: str,
        payload: bytes,
        *,
        key: bool = True,
        init: bytes = b"",
        why: Reason | None = None,
        is_new: bool = True,
    ) -> None:
        frame = Frame(
            seq=self.offered,
            source=self.source,
            media_time_ns=ns(time_s),
            captured_at_ns=ns(time_s + self.wall_shift_s),
            width=320,
            height=240,
            key=key,
            interval_ns=round(self.interval_s * NS_PER_S),
            codec="avc1.42C01F" if init else "",
            init=init,
            payload=payload,
        )
        self.offered += is_new
        self.mode.offer(Arrived(frame, format_, self.moment(time_s), is_new=is_new, why=why))

    def event(self, now_s: float, start_s: float, end_s: float | None = None, key: str = "a") -> None:
        end_ns = 0 if end_s is None else ns(end_s)
        self.mode.event({"id": key, "name": "door", "start_ns": ns(start_s), "end_ns": end_ns}, self.moment(now_s))

    def files(self) -> list[FileRow]:
        return self.store.index.files()

    def kept(self) -> list[list[float]]:
        """Return the times of the pictures in each file of originals."""
        return [self.times(row) for row in self.files() if row.kind is Kind.ORIGINALS]

    def times(self, row: FileRow) -> list[float]:
        return [seconds(original.time_ns) for original in read_originals(self.store.path(row))]

    def line(self) -> list[tuple[float, float | None, Reason]]:
        """Return the gaps; the last one may go on."""
        self.gaps.store_rows()
        rows = self.store.index.gaps()
        return [(seconds(row.start_ns), seconds(row.end_ns) if row.end_ns else None, row.reason) for row in rows]

    def check_line(self) -> None:
        """Fail unless every moment is footage or has a reason, and none has both."""
        pieces = sorted(
            [(row.start_ns, row.end_ns) for row in self.files()]
            + [(ns(start), ns(end) if end is not None else 0) for start, end, _ in self.line()]
        )
        for (_, end_ns), (start_ns, _) in pairwise(pieces):
            assert abs(end_ns - start_ns) <= SEAM_NS, [(seconds(one), seconds(other)) for one, other in pieces]

    def check_tally(self, *, held: int | None = None) -> None:
        """Fail unless each new frame is kept, dropped for a reason, or still held."""
        counted = self.tally.counted
        left = self.offered - counted.out - sum(counted.dropped.values())
        assert left >= 0 if held is None else left == held, counted


def seconds(time_ns: int) -> float:
    return round(time_ns / NS_PER_S - START_S, 3)


def steps(from_s: float, to_s: float) -> list[float]:
    """Return the times of pictures, the last one included."""
    return [from_s + step * INTERVAL_S for step in range(round((to_s - from_s) / INTERVAL_S) + 1)]


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[Camera]:
    store = CameraStore.open(tmp_path / "porch", "porch")
    assert store is not None
    yield begin(store)
    store.close()


def begin(store: CameraStore, timeline: Timeline | None = None, **recording: float) -> Camera:
    gaps, encoder, tally, why = (
        StoredGaps(store, timeline or Timeline()),
        Encoder(),
        CameraTally(),
        [Why(Reason.OFFLINE)],
    )
    desk = Desk(
        camera="porch",
        store=store,
        settings=CameraSettings(recording_pre_roll_s=PRE_S, recording_post_roll_s=POST_S),
        recording=replace(RecordingSettings(event_limit_s=LIMIT_S, segment_s=60.0, ring_mib=1), **recording),
        gaps=gaps,
        tally=tally,
        why=lambda: why[-1],
        floor_ns=lambda: gaps.edge_ns,
        ask=lambda: None,
        encoder=encoder,
        write=lambda action: action(),
    )
    return Camera(store, EventMode(desk, Moment(0, ns(0))), encoder, tally, gaps, why)


def test_mode_keeps_nothing_when_no_event_comes(camera):
    camera.jpegs(0, 60)

    assert camera.mode.formats == (JPEG,)
    assert not camera.mode.is_writing
    assert camera.files() == []
    assert camera.line() == [(0.0, None, Reason.NO_EVENT)]
    camera.check_tally(held=round((PRE_S + LATE_S) / INTERVAL_S) + 1)


def test_mode_keeps_what_came_before_during_and_after_when_an_event_comes(camera):
    camera.jpegs(0, 30)
    camera.event(30.2, 30.1)
    camera.jpegs(30, 33)
    camera.event(33.2, 30.1, 33.1)
    camera.jpegs(33, 50)

    # From the picture that was shown at 27.1, the pre-roll's beginning, to the end of the post-roll at 35.1.
    assert camera.kept() == [steps(27, 35)]
    assert [row.state for row in camera.files()] == [State.ENCODING]
    assert camera.encoder.submitted == [row.name for row in camera.files()]
    assert camera.store.index.events() == [EventRow("a", "door", ns(30.1), ns(33.1))]
    assert camera.line() == [(0.0, 27.0, Reason.NO_EVENT), (35.5, None, Reason.NO_EVENT)]
    camera.check_line()
    camera.check_tally()


def test_mode_brings_pictures_to_disk_at_each_pass_when_an_event_goes_on(camera):
    camera.jpegs(0, 10)
    camera.event(10, 10)
    camera.jpegs(10, 12.5)

    (row,) = camera.files()
    assert (row.state, row.frames) == (State.OPEN, len(steps(7, 12)))
    assert camera.times(row) == steps(7, 12)
    assert camera.mode.is_writing
    assert camera.encoder.submitted == []


def test_mode_makes_one_piece_when_events_overlap(camera):
    camera.jpegs(0, 20)
    camera.event(20, 20, 21, key="a")
    camera.jpegs(20, 22)
    camera.event(22, 22, 24, key="b")
    camera.jpegs(22, 40)

    assert camera.kept() == [steps(17, 26)]


def test_mode_makes_a_second_file_without_a_gap_when_one_is_long(camera):
    camera.mode.close(camera.moment(0))
    camera = begin(camera.store, segment_s=5.0)
    camera.jpegs(0, 20)
    camera.event(20, 20, 28)
    camera.jpegs(20, 40)

    assert camera.kept() == [steps(17, 21.5), steps(22, 26.5), steps(27, 30)]
    assert camera.encoder.submitted == [row.name for row in camera.files()]
    assert [seconds(row.end_ns) for row in camera.files()] == [22.0, 27.0, 30.5]
    camera.check_line()


def test_mode_keeps_that_time_alone_when_an_event_is_told_after_its_end(camera):
    camera.jpegs(0, 20)
    camera.event(20, 17, 17.5)
    camera.jpegs(20, 30)

    assert camera.kept() == [steps(14, 19.5)]
    camera.check_line()


def test_mode_writes_an_event_down_when_its_footage_is_gone(camera):
    camera.jpegs(0, 30)
    camera.event(30, 2, 3)

    assert camera.files() == []
    assert camera.store.index.events() == [EventRow("a", "door", ns(2), ns(3))]


def test_mode_ends_an_event_when_nobody_else_does(camera):
    camera.jpegs(0, 10)
    camera.event(10, 10)
    camera.jpegs(10, 60)

    assert camera.kept() == [steps(7, 32)]
    assert camera.store.index.events() == [EventRow("a", "door", ns(10), ns(10 + LIMIT_S))]


def test_mode_is_as_exact_when_pictures_are_rare(camera):
    camera.interval_s = 5.0
    for time_s in range(0, 60, 5):
        camera.jpeg(float(time_s))
    camera.event(58, 58, 59)
    camera.jpeg(60.0)
    camera.jpeg(65.0)

    # At 55, when the pre-roll begins, the picture of 55 was just there.
    assert camera.kept() == [[55.0, 60.0]]


def test_mode_says_why_footage_is_missing_when_the_camera_goes_during_an_event(camera):
    camera.jpegs(0, 10)
    camera.event(10, 10)
    camera.jpegs(10, 12)
    for second in range(12, 18):
        camera.mode.tick(camera.moment(second))
    camera.jpegs(18, 21)
    camera.event(21, 10, 20)
    camera.jpegs(21, 30)

    assert camera.kept() == [steps(7, 11.5), steps(18, 22)]
    assert (11.7, 18.0, Reason.OFFLINE) in camera.line()
    camera.check_line()


def test_mode_says_why_footage_is_missing_when_the_camera_was_away_before_an_event(camera):
    camera.jpegs(0, 10)
    for second in range(10, 14):
        camera.mode.tick(camera.moment(second))
    camera.jpegs(14, 15)
    camera.event(15, 12, 15)
    camera.jpegs(15, 20)

    assert camera.kept() == [steps(9, 9.5), steps(14, 17)]
    assert camera.line()[1] == (9.7, 14.0, Reason.OFFLINE)
    camera.check_line()


def test_mode_says_offline_when_the_camera_is_away_for_long(camera):
    camera.jpegs(0, 10)
    for second in range(10, 40):
        camera.mode.tick(camera.moment(second))
    camera.jpegs(40, 45)
    camera.event(45, 42, 43)

    assert camera.line()[:2] == [(0.0, 9.7, Reason.NO_EVENT), (9.7, 40.0, Reason.OFFLINE)]
    assert camera.kept() == []
    camera.jpegs(45, 47)
    assert camera.kept() == [steps(40, 45)]
    camera.check_line()


def test_mode_begins_a_new_file_when_a_frame_was_lost(camera):
    camera.jpegs(0, 10)
    camera.jpeg(10.5, why=Reason.BUS)
    camera.jpegs(11, 12)
    camera.event(12, 12, 12)
    camera.jpegs(12, 20)

    assert camera.kept() == [[9.0, 9.5], steps(10.5, 14)]
    assert camera.line()[1] == (9.7, 10.5, Reason.BUS)


def test_mode_forgets_the_oldest_when_the_ring_is_full(camera):
    for step in range(20):
        camera.jpeg(step * INTERVAL_S, size_bytes=200 << 10)
    camera.event(10, 10, 10)
    camera.jpegs(10, 20)

    assert camera.kept()[0][:3] == [7.5, 8.0, 8.5]
    assert camera.tally.counted.dropped["ring"] == 15
    camera.check_tally()


def test_mode_goes_on_with_an_event_when_a_life_before_began_it(camera):
    camera.jpegs(0, 10)
    camera.event(10, 10)
    camera.jpegs(10, 12)
    camera.mode.close(camera.moment(12))
    edge_ns = camera.store.index.newest_end_ns()

    again = begin(camera.store, Timeline(edge_ns))
    again.jpegs(13, 15)
    again.event(15, 10, 14)
    again.jpegs(15, 20)

    assert again.kept() == [steps(7, 11.5), steps(13, 16)]
    assert len(camera.encoder.submitted) == len(again.encoder.submitted) == 1


def test_mode_keeps_the_order_of_time_when_the_clock_is_set_back(camera):
    camera.jpegs(0, 10)
    camera.event(10, 10, 11)
    camera.jpegs(10, 20)
    camera.wall_shift_s = -100.0
    camera.jpegs(20, 30)
    # Told by the clock that was set back.
    camera.event(30, 30 - 100, 31 - 100, key="b")
    camera.jpegs(30, 40)

    first, second = camera.files()
    assert camera.times(first) == steps(7, 13)
    assert camera.times(second) == steps(27, 33)
    assert (first.shift_ns, second.shift_ns // NS_PER_S) == (0, 100)
    assert camera.mode.shift_ns // NS_PER_S == 100
    camera.check_line()


def test_mode_takes_the_clocks_time_again_when_it_has_caught_up(camera):
    camera.jpegs(0, 10)
    camera.event(10, 10, 11)
    camera.jpegs(10, 20)
    camera.wall_shift_s = -10.0
    camera.jpegs(20, 40)

    assert camera.mode.shift_ns == 0
    camera.event(40, 40 - 10, 41 - 10, key="b")
    camera.jpegs(40, 50)
    assert camera.times(camera.files()[-1]) == steps(27, 33)
    camera.check_line()


def test_mode_counts_frames_once_when_the_disk_fails(camera, monkeypatch):
    camera.jpegs(0, 10)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("services.recorder.event_files.OriginalsWriter", fail)
    with pytest.raises(OSError, match="No space"):
        camera.event(10, 10)
    with pytest.raises(OSError, match="No space"):
        camera.jpeg(10.0)
    # Whoever offered the frame counts it.
    camera.tally.drop("disk_full")
    camera.mode.close(camera.moment(11))

    camera.check_tally(held=0)
    assert Counter(camera.tally.counted.dropped)["disk"] > 0


def test_mode_ignores_a_message_when_it_is_no_event(camera):
    camera.jpegs(0, 2)
    camera.mode.event({"id": "a/b", "start_ns": ns(1)}, camera.moment(2))
    camera.jpegs(2, 4)

    assert (camera.files(), camera.store.index.events()) == ([], [])


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.integers(1, 12)),
        st.tuples(st.just("pause"), st.integers(1, 25)),
        st.tuples(st.just("event"), st.integers(0, 12)),
        st.tuples(st.just("end"), st.integers(0, 3)),
        st.tuples(st.just("clock"), st.integers(-30, 30)),
        st.tuples(st.just("reconnect"), st.just(0)),
        st.tuples(st.just("lose"), st.just(0)),
        st.tuples(st.just("cut"), st.just(0)),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_all_time_is_footage_or_has_a_reason_when_anything_happens(steps):
    with tempfile.TemporaryDirectory() as folder:
        store = CameraStore.open(Path(folder) / "porch", "porch")
        assert store is not None
        camera = begin(store, segment_s=7.0)
        play(camera, steps)
        camera.mode.close(camera.moment(100_000))
        camera.check_line()
        camera.check_tally(held=0)
        times = [time_s for row in camera.files() for time_s in camera.times(row)]
        assert times == sorted(set(times))
        assert all(row.start_ns < row.end_ns for row in camera.files())
        store.close()


def play(camera: Camera, steps: list[tuple[str, int]]) -> None:
    """Let things happen, a picture at least at the beginning and the end."""
    time_s, event = 0.0, 0
    for what, amount in [("send", 1), *steps, ("send", 3)]:
        if what == "send":
            camera.jpegs(time_s, time_s + amount)
            time_s += amount
        elif what == "pause":
            for second in range(amount):
                camera.mode.tick(camera.moment(time_s + second))
            time_s += amount
        elif what == "event":
            event += 1
            wall_s = time_s + camera.wall_shift_s
            camera.event(time_s, wall_s - amount, key=f"e{event}")
        elif what == "end" and event:
            wall_s = time_s + camera.wall_shift_s
            camera.event(time_s, wall_s - 3, wall_s - amount, key=f"e{event}")
        else:
            time_s += meddle(camera, what, amount, time_s)


def meddle(camera: Camera, what: str, amount: int, time_s: float) -> float:
    """Disturb the camera; return how long that took."""
    if what == "clock":
        camera.wall_shift_s += amount
    elif what == "reconnect":
        camera.source += 1
    elif what == "cut":
        camera.mode.cut(camera.moment(time_s))
    elif what == "lose":
        camera.jpeg(time_s, why=Reason.BUS)
        return INTERVAL_S
    return 0.0


INIT = init_segment(parse_access_unit(SETS))


@pytest.fixture
def pusher(camera: Camera) -> Camera:
    """Return a camera that pushes H.264 itself, a keyframe each 2 s."""
    camera.mode.camera({"kind": "h264"}, camera.moment(0))
    return camera


def push(camera: Camera, from_s: float, to_s: float) -> None:
    for step in range(round((to_s - from_s) / INTERVAL_S)):
        time_s = from_s + step * INTERVAL_S
        is_key = time_s % 2 == 0
        camera.video(time_s, key=is_key, init=INIT if is_key else b"")
        if time_s == int(time_s):
            camera.mode.tick(camera.moment(time_s))


def test_mode_takes_video_from_a_keyframe_on_when_the_camera_pushes_h264(pusher):
    assert pusher.mode.formats == (MP4,)
    push(pusher, 0, 20)
    pusher.event(20, 20, 21)
    push(pusher, 20, 40)

    (row,) = pusher.files()
    assert (row.kind, row.state) == (Kind.VIDEO, State.DONE)
    # From the keyframe before 17, the pre-roll's beginning, to the one that ends the group in which 23 lies.
    assert (seconds(row.start_ns), seconds(row.end_ns), row.frames) == (16.0, 24.0, 16)
    table = read_table(pusher.store.path(row))
    assert list(table.keys) == [0, 4, 8, 12]
    assert pusher.encoder.submitted == []
    pusher.check_line()
    pusher.check_tally()


def test_mode_keeps_whole_groups_when_events_follow_each_other(pusher):
    push(pusher, 0, 20)
    pusher.event(20, 20, 20, key="a")
    push(pusher, 20, 25)
    pusher.event(25, 25, 25, key="b")
    push(pusher, 25, 40)

    rows = pusher.files()
    assert [(seconds(row.start_ns), seconds(row.end_ns)) for row in rows] == [(16.0, 24.0), (24.0, 28.0)]
    pusher.check_line()
    pusher.check_tally()


def test_mode_goes_on_at_a_keyframe_when_a_fragment_is_malformed(pusher):
    push(pusher, 0, 20)
    pusher.event(20, 20, 25)
    push(pusher, 20, 23)
    pusher.send(23.0, MP4, b"no fragment", key=False)
    push(pusher, 23.5, 40)

    rows = pusher.files()
    assert [(seconds(row.start_ns), seconds(row.end_ns)) for row in rows] == [(16.0, 22.7), (24.0, 28.0)]
    assert pusher.tally.counted.dropped["malformed"] == 1
    pusher.check_line()
    pusher.check_tally()
