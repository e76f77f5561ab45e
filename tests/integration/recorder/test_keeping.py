"""One camera's folder on a clock of the test's own: real files and index, no process, no bus."""

import tempfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.frame import Frame
from common.recordings.camera_store import CameraStore
from common.recordings.checking import check_file
from common.recordings.reading import read_table
from common.recordings.rows import Reason
from common.settings import CameraSettings, RecordingSettings
from common.units import NS_PER_MS, NS_PER_S
from services.recorder.keeping import KeptCamera
from services.recorder.plausible import LONGEST_INTERVAL_NS, plausible
from services.recorder.taking import Arrived, Moment, Why
from services.recorder.tally import CameraTally
from tests.helpers.film import film_frame
from tests.helpers.time_line import check_time_line

T = 1_795_381_200 * NS_PER_S
FRAME_NS = 40 * NS_PER_MS


class Shelf:
    """The folder of all recordings, with room for everything."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.recording = RecordingSettings(segment_s=5.0)
        self.asked = 0

    def settings_of(self, camera: str) -> CameraSettings:
        return CameraSettings(recording_mode="continuous", recording_max_days=0, recording_max_gib=0)

    def folder_of(self, camera: str) -> Path:
        return self.folder / camera

    def make_room(self) -> bool:
        return False

    def check_room(self) -> None:
        """There is room."""

    def has_protected(self) -> bool:
        return False

    def ask(self, camera: str) -> None:
        self.asked += 1

    def encoder(self):
        raise AssertionError("mode continuous needs no encoder")


class World:
    """A camera, its recorder and both their clocks, which stand still unless the test moves them."""

    def __init__(self, folder: Path) -> None:
        self.shelf = Shelf(folder)
        self.tally = CameraTally()
        self.passed_ns = 0
        self.step_ns = 0
        self.number = 0
        self.source = 7
        self.offered = 0
        self.kept = self.start()

    @property
    def now(self) -> Moment:
        return Moment(self.passed_ns, T + self.passed_ns + self.step_ns)

    def start(self) -> KeptCamera:
        kept = KeptCamera("porch", self.shelf, self.tally)
        kept.want("", self.now)
        kept.tick(self.now)
        return kept

    def wait(self, seconds: float) -> None:
        """Let time pass, a pass a second."""
        end_ns = self.passed_ns + int(seconds * NS_PER_S)
        while self.passed_ns < end_ns:
            self.passed_ns = min(self.passed_ns + NS_PER_S, end_ns)
            self.kept.tick(self.now)

    def frame(self, *, key: bool = False, **changes: object) -> Frame:
        frame = film_frame(self.number, T + self.passed_ns, key=key, source=self.source)
        return replace(frame, captured_at_ns=self.now.wall_ns, **changes)

    def send(self, count: int, interval_s: float = 0.04, **told: object) -> None:
        """Let frames come, the first one a keyframe."""
        for index in range(count):
            frame = self.frame(key=index % 25 == 0, interval_ns=int(interval_s * NS_PER_S))
            self.offered += 1
            self.kept.offer(Arrived(frame, "mp4", self.now, **(told if index == 0 else {})))
            self.number += 1
            before_s, self.passed_ns = self.passed_ns // NS_PER_S, self.passed_ns + int(interval_s * NS_PER_S)
            if self.passed_ns // NS_PER_S > before_s:
                self.kept.tick(self.now)

    def kill(self) -> None:
        """End as kill -9 does: nothing more is written, and the lock falls."""
        if self.kept.store is not None:
            self.kept.store.close()
        self.tally.drop("killed", self.offered - self.tally.counted.out - sum(self.tally.counted.dropped.values()))

    def restart(self) -> None:
        self.kill()
        self.kept = self.start()

    def end(self):
        self.kept.close(self.now)
        return self.look()

    def look(self):
        """Return files and gaps as another program finds them, after the files were found to be whole."""
        folder = self.shelf.folder / "porch"
        store = CameraStore.open(folder, "porch")
        assert store is not None
        try:
            assert store.repaired.is_clean, store.repaired.sentences
            files, gaps = check_time_line(store.index)
        finally:
            store.close()
        for row in files:
            checked = check_file(folder / row.name)
            assert not checked.problem, checked.problem
        return files, gaps


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_footage_is_cut_at_keyframes_without_a_gap(world):
    world.send(400)
    files, gaps = world.end()
    assert len(files) == 4
    assert all(row.end_ns == after.start_ns for row, after in pairwise(files))
    assert not gaps
    assert sum(row.frames for row in files) == world.tally.counted.out == 400


def test_times_in_a_file_are_those_of_capture_at_any_rate(world):
    captured = []
    for interval_s in (0.04, 0.2, 1 / 15, 0.5):
        for _ in range(5):
            captured.append(world.now.wall_ns)
            frame = world.frame(key=not captured[1:], interval_ns=int(interval_s * NS_PER_S))
            world.kept.offer(Arrived(frame, "mp4", world.now))
            world.wait(interval_s)
    files, gaps = world.end()
    assert not gaps
    table = read_table(world.shelf.folder / "porch" / files[0].name)
    assert len(files) == 1
    times = [table.facts.start_ns + ticks * NS_PER_S // 90_000 for ticks in table.times_90k]
    assert times == pytest.approx(captured, abs=20_000)


def test_camera_of_one_picture_in_five_seconds_has_no_gaps(world):
    world.send(6, 5.0)
    files, gaps = world.end()
    assert not gaps
    assert sum(row.frames for row in files) == 6


def test_everything_is_on_disk_after_a_pass(world):
    world.send(30)
    world.kept.tick(world.now)
    world.kill()
    world.kept = world.start()
    world.kept.close(world.now)
    files, _ = world.look()
    assert sum(row.frames for row in files) == 30


@pytest.mark.parametrize("reason", [Reason.BUS, Reason.SLOW_DISK])
def test_missing_frames_are_a_gap_with_their_number(world, reason):
    world.send(50)
    world.passed_ns += 200 * NS_PER_MS
    world.send(50, missing=5, why=reason)
    files, gaps = world.end()
    assert len(files) == 2
    assert [(gap.reason, gap.frames) for gap in gaps] == [(reason, 5)]


def test_camera_that_is_silent_is_a_gap_from_its_last_picture_on(world):
    world.send(25)
    silent_ns = world.now.wall_ns
    world.kept.explain(Why(Reason.STALLED, "nothing comes"))
    world.wait(10)
    assert world.kept.row(world.now)["reason"] == "stalled"
    assert world.shelf.asked
    world.send(25)
    _, gaps = world.end()
    assert [(gap.reason, gap.detail) for gap in gaps] == [(Reason.STALLED, "nothing comes")]
    assert gaps[0].start_ns == pytest.approx(silent_ns, abs=NS_PER_S)
    assert gaps[0].end_ns == pytest.approx(silent_ns + 10 * NS_PER_S, abs=NS_PER_S)


def test_short_hiccup_costs_no_picture(world):
    world.send(10)
    world.wait(2)
    for _ in range(10):
        world.kept.offer(Arrived(world.frame(interval_ns=FRAME_NS), "mp4", world.now))
        world.passed_ns += FRAME_NS
    files, gaps = world.end()
    assert not gaps
    assert sum(row.frames for row in files) == 20


def test_reason_of_a_gap_follows_what_is_known(world):
    world.send(25)
    world.kept.explain(Why(Reason.OFFLINE))
    world.wait(20)
    world.kept.explain(Why(Reason.OVERLOAD, "no transcode process takes it"))
    world.wait(20)
    world.send(25)
    _, gaps = world.end()
    assert [gap.reason for gap in gaps] == [Reason.OFFLINE, Reason.OVERLOAD]
    assert (gaps[1].end_ns - gaps[1].start_ns) / NS_PER_S == pytest.approx(20, abs=1.5)


def test_picture_of_before_that_is_encoded_again_begins_no_footage_by_itself(world):
    world.send(25)
    world.wait(10)
    again = replace(
        world.frame(key=True), seq=world.number - 1, media_time_ns=T + NS_PER_S, captured_at_ns=T + NS_PER_S
    )
    world.kept.offer(Arrived(again, "mp4", world.now, is_new=False))
    world.wait(5)
    back_ns = world.now.wall_ns
    for _ in range(5):
        world.kept.offer(Arrived(world.frame(interval_ns=FRAME_NS), "mp4", world.now))
        world.passed_ns += FRAME_NS
    files, gaps = world.end()
    assert [row.frames for row in files] == [25, 6]
    assert len(gaps) == 1
    assert gaps[0].end_ns == files[1].start_ns == back_ns


def test_clock_set_back_shifts_time_and_forward_leaves_a_gap(world):
    world.send(100)
    world.step_ns = -3600 * NS_PER_S
    world.send(100)
    world.step_ns = 3600 * NS_PER_S
    world.send(100)
    files, gaps = world.end()
    shifts = [row.shift_ns / NS_PER_S for row in files]
    assert max(shifts) == pytest.approx(3600, abs=1)
    assert shifts[-1] == 0
    assert [gap.reason for gap in gaps] == [Reason.CLOCK]
    assert sum(row.frames for row in files) == 300


def test_recorder_that_was_down_says_so(world):
    world.send(50)
    world.kept.tick(world.now)
    world.kill()
    world.passed_ns += 30 * NS_PER_S
    world.kept = world.start()
    world.send(25)
    _, gaps = world.end()
    assert [gap.reason for gap in gaps] == [Reason.RECORDER_DOWN]
    assert (gaps[0].end_ns - gaps[0].start_ns) / NS_PER_S == pytest.approx(30, abs=1)


def test_gap_that_went_on_when_the_recorder_ended_is_two(world):
    world.send(25)
    world.kept.explain(Why(Reason.OFFLINE))
    world.wait(20)
    world.kill()
    world.passed_ns += 30 * NS_PER_S
    world.kept = world.start()
    world.send(25)
    _, gaps = world.end()
    assert [gap.reason for gap in gaps] == [Reason.OFFLINE, Reason.RECORDER_DOWN]


def test_gap_of_a_life_before_is_taken_back_when_footage_begins_where_it_did(world):
    world.send(25)
    world.restart()
    world.restart()
    world.step_ns -= 3600 * NS_PER_S
    world.send(50)
    files, gaps = world.end()
    assert sum(row.frames for row in files) >= 50
    assert not gaps


def test_frame_that_stands_for_hours_fits_a_file(world):
    longest = {"interval_ns": LONGEST_INTERVAL_NS}
    for key in (True, False, True):
        world.kept.offer(Arrived(plausible(world.frame(key=key, **longest)), "mp4", world.now))
        world.number += 1
        world.passed_ns += 3 * LONGEST_INTERVAL_NS - NS_PER_S
    files, gaps = world.end()
    assert sum(row.frames for row in files) == 3
    assert not gaps


def test_footage_goes_on_in_the_folder_that_took_the_others_place(world):
    world.send(50)
    folder = world.shelf.folder / "porch"
    folder.rename(folder.with_name("hidden"))
    other = CameraStore.open(folder, "porch")
    assert other is not None
    other.close()
    world.wait(1)
    assert world.kept.row(world.now)["reason"] == "unwritable"
    world.wait(3)
    world.send(50)
    files, _ = world.end()
    assert [row.frames for row in files] == [50]


def test_recording_that_is_off_stays_off_whoever_is_down(world):
    world.send(25)
    world.kept.want("off", world.now)
    world.wait(3)
    world.kill()
    world.passed_ns += 30 * NS_PER_S
    world.kept = world.start()
    world.wait(3)
    world.kept.want("continuous", world.now)
    world.send(25)
    _, gaps = world.end()
    assert [gap.reason for gap in gaps] == [Reason.OFF]


def test_events_are_written_down_in_mode_continuous(world):
    world.send(25)
    world.kept.happened({"id": "e1", "name": "door", "start_ns": T, "end_ns": T + NS_PER_S}, world.now)
    world.kept.happened({"id": "", "name": "door"}, world.now)
    store = world.kept.store
    assert store is not None
    assert [(row.key, row.name) for row in store.index.events()] == [("e1", "door")]
    world.end()


def test_decoder_configuration_that_fits_no_file_is_a_gap(world):
    world.send(25)
    broken = world.frame(key=True, init=b"no init segment")
    world.kept.offer(Arrived(broken, "mp4", world.now))
    world.passed_ns += 5 * NS_PER_S
    world.send(25)
    files, gaps = world.end()
    assert [gap.reason for gap in gaps] == [Reason.ENCODER]
    assert sum(row.frames for row in files) == 50


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.integers(1, 60)),
        st.tuples(st.just("slow"), st.integers(1, 4)),
        st.tuples(st.just("wait"), st.integers(0, 40)),
        st.tuples(st.just("clock"), st.integers(-4000, 4000)),
        st.tuples(st.just("lose"), st.integers(1, 40)),
        st.tuples(
            st.sampled_from(["restart", "reconnect", "off", "on", "delete", "cut", "offline", "bus"]), st.just(0)
        ),
    ),
    max_size=25,
)


def step(world: World, what: str, value: int) -> None:
    """Let something happen."""
    if what == "send":
        world.send(value)
    elif what == "slow":
        world.send(value, 5.0)
    elif what == "wait":
        world.wait(value)
    elif what == "clock":
        world.step_ns += value * NS_PER_S
    elif what == "lose":
        world.passed_ns += value * FRAME_NS
        world.send(5, missing=value, why=Reason.BUS)
    else:
        happen(world, what)


def happen(world: World, what: str) -> None:
    if what == "restart":
        world.restart()
    elif what == "reconnect":
        world.source += 1
    elif what in ("off", "on"):
        world.kept.want("off" if what == "off" else "continuous", world.now)
    elif what == "delete" and world.kept.store is not None:
        world.kept.store.delete_files(world.kept.store.index.oldest(), Reason.DELETED)
    elif what in ("offline", "bus"):
        world.kept.explain(Why(Reason(what)))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_all_time_is_footage_or_has_a_reason_whatever_happens(steps):
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        for what, value in steps:
            step(world, what, value)
        world.end()
        counted = world.tally.counted
        assert world.offered == counted.out + sum(counted.dropped.values())
