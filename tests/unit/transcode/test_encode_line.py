"""One camera's line between a bus and a pool that are simulated: what its failures do to it, and to nobody else."""

import logging
from dataclasses import dataclass, field

import pytest

from common.config import Settings
from common.frame import Frame
from common.h264 import AccessUnit
from common.topics import H264, topic
from common.units import NS_PER_S
from services.transcode import encode_line
from services.transcode.assignments import Assignment
from services.transcode.crash_note import CrashNote
from services.transcode.encode_line import EncodeLine
from services.transcode.jobs import Encoded, Failed
from services.transcode.ledger import Ledger
from services.transcode.limits import NO_LIMIT, Effort, Limit
from services.transcode.line import Tools
from services.transcode.pipeline import Refusals
from tests.helpers.annex_b import IDR, PPS, SLICE, SPS_VGA


@dataclass
class FakeBus:
    published: list[tuple[str, Frame]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    topics: list[str] = field(default_factory=list)
    stopped: bool = False

    def subscribe(self, where: str) -> None:
        self.topics.append(where)

    def unsubscribe(self, where: str) -> None:
        self.topics.remove(where)

    def publish(self, where: str, header: bytes, payload: bytes = b"") -> None:
        self.said.append(where)

    def publish_frame(self, where: str, frame: Frame) -> None:
        self.published.append((where, frame))

    def was_stopped(self) -> bool:
        return self.stopped


@dataclass
class FakePool:
    tasks: list = field(default_factory=list)

    def give(self, task) -> None:
        self.tasks.append(task)

    def work(self) -> None:
        """Do what was given, and what follows from it."""
        while self.tasks:
            self.tasks.pop(0)()()


@dataclass
class FakeClock:
    now_ns: int = 100 * NS_PER_S

    def mono_ns(self) -> int:
        return self.now_ns

    def wall_ns(self) -> int:
        return self.now_ns


class FakePipeline:
    """Encodes nothing, and crashes where it is told to."""

    crashes: frozenset[int] = frozenset()
    damaged: frozenset[int] = frozenset()
    made = 0

    def __init__(self, *_options) -> None:
        type(self).made += 1
        self.preset = ""
        self.fresh = True

    def set_preset(self, preset: str) -> None:
        self.preset = preset

    def run(self, job):
        if job.arrived.frame.seq in self.crashes:
            raise MemoryError("codec")
        if job.arrived.frame.seq in self.damaged:
            return Failed("corrupt", "JPEG of 4 bytes")
        nals = (SPS_VGA, PPS, IDR) if job.idr or self.fresh else (SLICE,)
        self.fresh = False
        return Encoded(AccessUnit(nals), 640, 480, "libx264", 2_000_000)


class Scene:
    def __init__(self, folder) -> None:
        self.bus, self.pool, self.clock = FakeBus(), FakePool(), FakeClock()
        self.note, self.ledger = CrashNote(folder, "transcode-0", 5, 1), Ledger()
        shared = ("transcode-0", "h", self.bus, self.pool, self.clock, Settings(), Refusals())
        self.tools = Tools(*shared, note=self.note, ledger=self.ledger)
        self.open()

    def open(self) -> None:
        self.line = EncodeLine(Assignment("porch", "transcode-0", 3, "jpeg", "ingest-1"), self.tools)
        self.line.want(frozenset((topic(H264, "porch"),)), self.clock.now_ns)

    def send(self, seq: int) -> None:
        self.clock.now_ns += 40_000_000
        frame = Frame(seq, 1, self.clock.now_ns, 0, 640, 480, key=True, interval_ns=40_000_000, payload=b"jpeg")
        self.line.take(frame, self.clock.now_ns)
        self.line.step(self.clock.now_ns)

    def row(self) -> dict:
        return self.ledger.record({"porch": self.line.held()})["porch"]

    @property
    def frames(self) -> list[Frame]:
        return [frame for _, frame in self.bus.published]


@pytest.fixture
def scene(monkeypatch, tmp_path):
    monkeypatch.setattr(encode_line, "Pipeline", FakePipeline)
    monkeypatch.setattr(FakePipeline, "made", 0)
    monkeypatch.setattr(FakePipeline, "crashes", frozenset())
    monkeypatch.setattr(FakePipeline, "damaged", frozenset())
    scene = Scene(tmp_path)
    yield scene
    scene.note.close()


def test_frames_go_through_the_pool_to_the_bus(scene):
    for seq in range(3):
        scene.send(seq)
        scene.pool.work()
    assert [frame.out_seq for frame in scene.frames] == [0, 1, 2]
    record = scene.line.record(scene.clock.now_ns)
    assert (record["encode_ms"], record["out"], record["encoder"], record["term"]) == (2.0, 3, "libx264", 3)


def test_crash_of_a_codec_costs_its_frame_and_opens_the_codecs_anew(scene, caplog):
    FakePipeline.crashes = frozenset({1})
    for seq in range(3):
        scene.send(seq)
        with caplog.at_level(logging.ERROR):
            scene.pool.work()
    assert [(frame.seq, frame.key) for frame in scene.frames] == [(0, True), (2, True)]
    assert dict(scene.frames[1].skipped) == {"crash": 1}
    assert FakePipeline.made == 2
    assert "porch" in caplog.text
    assert "MemoryError" in caplog.text


def test_frame_that_came_meanwhile_is_encoded_right_after(scene):
    scene.send(0)
    scene.send(1)
    scene.send(2)
    assert len(scene.pool.tasks) == 1
    scene.pool.work()
    assert [frame.seq for frame in scene.frames] == [0, 2]


def test_outcome_that_comes_after_the_end_is_thrown_away(scene):
    scene.send(0)
    scene.line.close()
    scene.pool.work()
    assert scene.frames == []
    assert scene.bus.topics == []


def test_line_is_over_some_seconds_after_nobody_wants_it(scene):
    now_ns = scene.clock.now_ns
    scene.line.want(frozenset(), now_ns)
    assert scene.bus.topics == []
    assert not scene.line.is_over(now_ns + 5 * NS_PER_S - 1)
    assert scene.line.is_over(now_ns + 5 * NS_PER_S)
    scene.line.want(frozenset((topic(H264, "porch"),)), now_ns + NS_PER_S)
    assert not scene.line.is_over(now_ns + 9 * NS_PER_S)


def test_newest_picture_is_asked_for_until_one_came(scene):
    for _ in range(3):
        scene.line.step(scene.clock.now_ns)
        assert scene.line.wakes_at_ns(scene.clock.now_ns) == scene.clock.now_ns + 250_000_000
        scene.clock.now_ns += 250_000_000
    assert scene.bus.said == ["keyframe/porch/main"] * 3
    scene.send(0)
    scene.pool.work()
    scene.clock.now_ns += NS_PER_S
    scene.line.step(scene.clock.now_ns)
    assert len(scene.bus.said) == 3


def test_losses_are_logged_once_with_their_number(scene, caplog):
    scene.send(0)
    for seq in range(1, 6):
        scene.send(seq)
    scene.pool.work()
    with caplog.at_level(logging.WARNING):
        scene.line.report_losses()
        scene.line.report_losses()
    assert [record.getMessage() for record in caplog.records] == ["camera porch: frames dropped: overload 4"]


def test_camera_in_the_codecs_is_noted_while_it_is_there(scene, monkeypatch):
    seen = []
    monkeypatch.setattr(FakePipeline, "run", lambda *_: seen.append(scene.note.hung(1 << 62)) or Failed("corrupt", ""))
    scene.send(0)
    scene.pool.work()
    assert seen == [["porch"]]
    assert scene.note.hung(1 << 62) == []


def test_account_is_closed_at_every_moment(scene):
    FakePipeline.crashes, FakePipeline.damaged = frozenset({4}), frozenset({6})

    def closed() -> dict:
        row = scene.row()
        assert row["in"] == row["out"] + sum(row["dropped"].values()) + row["held"]
        return row

    scene.send(0)
    assert closed()["held"] == 1
    scene.send(1)
    assert closed()["held"] == 2
    scene.send(2)
    assert closed()["held"] == 2
    for seq in (3, 4, 5, 6, 9):
        scene.pool.work()
        scene.send(seq)
        closed()
    scene.pool.work()
    assert closed() == {
        "hop": "transcode",
        "in": 8,
        "out": 5,
        "dropped": {"overload": 1, "crash": 1, "corrupt": 1},
        "held": 0,
        "bus": 2,
        "bus_from": {"ingest-1": 2},
    }


def test_account_outlives_its_line_and_counts_no_frame_twice(scene):
    scene.send(0)
    scene.pool.work()
    scene.send(1)
    scene.send(2)
    scene.line.close()
    scene.pool.work()
    row = scene.row()
    assert (row["in"], row["out"], row["dropped"], row["held"]) == (3, 1, {"handover": 2}, 0)
    scene.open()
    scene.line.want(frozenset((topic(H264, "porch"),)), scene.clock.now_ns)
    scene.send(2)  # the newest one again, for the newcomer
    scene.pool.work()
    assert scene.frames[-1].seq == 2
    assert scene.row() == row
    scene.send(3)
    scene.pool.work()
    assert (scene.row()["in"], scene.row()["out"], scene.row()["bus"]) == (4, 2, 0)


def test_frames_under_way_when_the_last_viewer_leaves_are_unwanted(scene):
    scene.send(0)
    scene.send(1)
    scene.line.want(frozenset(), scene.clock.now_ns)
    scene.pool.work()
    row = scene.row()
    assert (row["in"], row["out"], row["dropped"], row["held"]) == (2, 0, {"unwanted": 2}, 0)


def test_outcome_of_a_time_before_a_stop_is_not_published(scene):
    scene.send(0)
    scene.bus.stopped = True
    scene.pool.work()
    assert scene.frames == []
    scene.line.close()
    assert scene.row()["dropped"] == {"handover": 1}


def test_camera_whose_pictures_all_fail_is_told_with_the_reason(scene):
    FakePipeline.damaged = frozenset(range(1, 50))
    scene.send(0)
    scene.pool.work()
    for seq in (1, 2):
        scene.send(seq)
        scene.pool.work()
    assert "error" not in scene.line.record(scene.clock.now_ns)
    scene.send(3)
    scene.pool.work()
    expected = "its pictures cannot be encoded: JPEG of 4 bytes"
    assert scene.line.record(scene.clock.now_ns)["error"] == expected
    scene.send(50)
    scene.pool.work()
    assert "error" not in scene.line.record(scene.clock.now_ns)


def test_limits_are_kept_to_and_shown_until_they_end(scene):
    for seq in range(3):
        scene.send(seq)
        scene.pool.work()
    scene.line.limit(Limit(every=2, preset="ultrafast"))
    for seq in range(3, 9):
        scene.send(seq)
        scene.pool.work()
    assert [frame.seq for frame in scene.frames] == [0, 1, 2, 4, 6, 8]
    record = scene.line.record(scene.clock.now_ns)
    assert (record["limit"], record["preset"]) == ({"fps": 12.5, "preset": "ultrafast"}, "ultrafast")
    scene.line.limit(NO_LIMIT)
    scene.send(9)
    scene.pool.work()
    assert scene.frames[-1].seq == 9
    assert "limit" not in scene.line.record(scene.clock.now_ns)


def test_frames_that_a_limit_leaves_out_are_not_logged_as_losses(scene, caplog):
    scene.send(0)
    scene.line.limit(Limit(every=4))
    for seq in range(1, 9):
        scene.send(seq)
        scene.pool.work()
    with caplog.at_level(logging.WARNING):
        scene.line.report_losses()
    assert caplog.records == []
    assert scene.line.record(scene.clock.now_ns)["dropped"] == {"overload": 6}


def test_effort_of_a_camera_is_what_it_asked_for_and_what_that_took(scene):
    scene.send(0)
    scene.clock.now_ns += 5_000_000
    scene.pool.work()
    for seq in range(1, 5):
        scene.send(seq)
    seen = scene.line.seen("tile")
    assert (seen.watch, seen.preset, seen.interval_ns) == ("tile", "ultrafast", 40_000_000)
    assert seen.effort == Effort(asked=5, short=2, encoded=1, took_ns=2_000_000, held_ns=5_000_000)
