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
from services.transcode.encode_line import EncodeLine
from services.transcode.jobs import Encoded
from services.transcode.line import Tools
from services.transcode.pipeline import Refusals
from tests.helpers.annex_b import IDR, PPS, SLICE, SPS_VGA


@dataclass
class FakeBus:
    published: list[tuple[str, Frame]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    topics: list[str] = field(default_factory=list)

    def subscribe(self, where: str) -> None:
        self.topics.append(where)

    def unsubscribe(self, where: str) -> None:
        self.topics.remove(where)

    def publish(self, where: str, header: bytes, payload: bytes = b"") -> None:
        self.said.append(where)

    def publish_frame(self, where: str, frame: Frame) -> None:
        self.published.append((where, frame))


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
    made = 0

    def __init__(self, *_options) -> None:
        type(self).made += 1
        self.fresh = True

    def run(self, job):
        if job.arrived.frame.seq in self.crashes:
            raise MemoryError("codec")
        nals = (SPS_VGA, PPS, IDR) if job.idr or self.fresh else (SLICE,)
        self.fresh = False
        return Encoded(AccessUnit(nals), 640, 480, "libx264", 2_000_000)


class Scene:
    def __init__(self) -> None:
        self.bus, self.pool, self.clock = FakeBus(), FakePool(), FakeClock()
        tools = Tools("transcode-0", "h", self.bus, self.pool, self.clock, Settings(), Refusals())
        self.line = EncodeLine(Assignment("porch", "transcode-0", 3, "jpeg"), tools)
        self.line.want(frozenset((topic(H264, "porch"),)), self.clock.now_ns)

    def send(self, seq: int) -> None:
        self.clock.now_ns += 40_000_000
        frame = Frame(seq, 1, self.clock.now_ns, 0, 640, 480, key=True, payload=b"jpeg")
        self.line.take(frame, self.clock.now_ns)
        self.line.step(self.clock.now_ns)

    @property
    def frames(self) -> list[Frame]:
        return [frame for _, frame in self.bus.published]


@pytest.fixture
def scene(monkeypatch):
    monkeypatch.setattr(encode_line, "Pipeline", FakePipeline)
    monkeypatch.setattr(FakePipeline, "made", 0)
    monkeypatch.setattr(FakePipeline, "crashes", frozenset())
    return Scene()


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


def test_thread_that_works_is_told(scene):
    assert scene.line.busy_since_ns() is None
    scene.send(0)
    assert scene.line.busy_since_ns() == scene.clock.now_ns
    scene.pool.work()
    assert scene.line.busy_since_ns() is None
