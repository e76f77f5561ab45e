"""When the encoders fall short, and how far cameras are limited then: a worker is simulated, tick by tick."""

from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest

from common.units import NS_PER_MS, NS_PER_S
from services.transcode.governor import Change, Governor
from services.transcode.limits import NO_LIMIT, PRESET_COST, STEPS, Effort, Limit, Seen, limit_for
from services.transcode.watches import LARGE, RECORDED, TILE

TICK_NS = NS_PER_S // 4
RULES = [step.rule for step in STEPS]


@dataclass
class Camera:
    watch: str = LARGE
    fps: float = 30
    preset: str = "ultrafast"
    effort: Effort = field(default_factory=Effort)

    def seen(self) -> Seen:
        return Seen(self.watch, self.preset, round(NS_PER_S / self.fps) if self.fps else 0, self.effort)

    def work(self, limit: Limit, share: float, cost_ns: float) -> None:
        """A quarter of a second passes, in which that share of the camera's frames finds an encoder."""
        asked = self.fps / limit.every / 4
        took_ns = asked * share * cost_ns * PRESET_COST[limit.preset or self.preset]
        now = self.effort
        # Fractions of frames, so that nothing depends on rounding.
        self.effort = Effort(
            now.asked + asked,
            now.short + asked * (1 - share),
            now.encoded + asked * share,
            now.took_ns + took_ns,
            # Under overload every camera has a picture out all the time.
            now.held_ns + (1.2 * took_ns if share == 1 else TICK_NS),
        )


class Machine:
    """A worker that has `cores` of encoding time."""

    def __init__(self, cameras: list[Camera], cores: float, threads: int = 2, cost_ms: float = 2.0) -> None:
        self.cameras = {f"cam{n}": camera for n, camera in enumerate(cameras)}
        self.cores, self.threads, self.cost_ns = cores, threads, cost_ms * NS_PER_MS
        self.governor = Governor(threads)
        self.now_ns = 0
        self.changes: list[tuple[float, Change]] = []

    def need(self) -> float:
        """Return the cores that all cameras want under their limits."""
        return sum(
            camera.fps / limit.every * self.cost_ns * PRESET_COST[limit.preset or camera.preset] / NS_PER_S
            for camera, limit in ((each, self.governor.limit(each.seen())) for each in self.cameras.values())
        )

    def tick(self) -> None:
        self.now_ns += TICK_NS
        share = min(1.0, self.cores / max(1e-9, self.need()))
        for camera in self.cameras.values():
            camera.work(self.governor.limit(camera.seen()), share, self.cost_ns)
        seen = {name: camera.seen() for name, camera in self.cameras.items()}
        change = self.governor.tick(self.now_ns, seen)
        if change is not None:
            self.changes.append((self.now_ns / NS_PER_S, change))

    def run(self, seconds: float) -> list[Change]:
        before = len(self.changes)
        for _ in range(round(seconds * 4)):
            self.tick()
        return [change for _, change in self.changes[before:]]

    @property
    def levels(self) -> list[int]:
        return [change.level for _, change in self.changes]


def test_worker_with_enough_encoders_limits_nobody():
    machine = Machine([Camera() for _ in range(10)], cores=2)
    assert machine.run(60) == []
    assert machine.governor.limit(Camera().seen()) == NO_LIMIT
    assert machine.governor.record() == {"level": 0, "rule": ""}


def test_shortage_is_answered_after_a_second_and_not_before():
    machine = Machine([Camera(preset="veryfast") for _ in range(10)], cores=1)
    machine.run(1)
    assert machine.levels == []
    machine.run(0.5)
    assert machine.levels == [1]
    assert machine.governor.record() == {"level": 1, "rule": RULES[0]}


def test_faster_preset_is_the_first_step_and_enough_if_it_helps():
    machine = Machine([Camera(preset="veryfast") for _ in range(10)], cores=1, threads=1)
    machine.run(20)
    assert machine.levels == [1]
    assert machine.governor.limit(machine.cameras["cam0"].seen()) == Limit(1, "ultrafast")


def test_steps_that_change_nothing_are_passed_over():
    machine = Machine([Camera(LARGE) for _ in range(10)], cores=0.5)
    machine.run(4)
    assert machine.levels == [5]
    assert machine.governor.record()["rule"] == "large views at half their frame rate"


def test_tiles_give_way_before_large_views_and_recordings_come_last():
    cameras = [Camera(watch) for watch in (TILE, LARGE, RECORDED) for _ in range(4)]
    machine = Machine(cameras, cores=0.01)
    machine.run(30)
    assert machine.levels == [2, 3, 4, 5, 6, 7, 8]
    every = [machine.governor.limit(camera.seen()).every for camera in cameras[::4]]
    assert every == [30, 4, 4]


def test_one_step_at_a_time_and_a_second_of_shortage_for_each():
    machine = Machine([Camera(TILE) for _ in range(12)], cores=0.01)
    machine.run(30)
    times = [at_s for at_s, _ in machine.changes]
    assert all(later - earlier >= 1 for earlier, later in pairwise(times))
    assert all(change.level - change.before == 1 for _, change in machine.changes[1:])


def test_climbing_stops_where_the_encoders_keep_up():
    machine = Machine([Camera(TILE) for _ in range(20)], cores=0.7, threads=1)
    machine.run(10)
    assert machine.levels == [2]
    assert machine.need() <= machine.cores


def test_limit_ends_by_itself_when_there_is_room_again():
    machine = Machine([Camera(TILE) for _ in range(40)], cores=1, threads=1)
    machine.run(10)
    assert machine.governor.level == 3
    for name in list(machine.cameras)[10:]:
        del machine.cameras[name]
    machine.run(4)
    assert machine.governor.level == 3
    machine.run(12)
    assert machine.governor.level == 0
    assert machine.levels == [2, 3, 2, 0]
    assert machine.run(60) == []


def test_limit_stays_while_the_way_back_would_not_fit():
    machine = Machine([Camera(TILE) for _ in range(20)], cores=0.9, threads=1)
    machine.run(300)
    assert machine.levels == [2]


def test_return_that_fails_is_tried_after_twice_the_time():
    # Two threads, but the machine gives one core: the prediction knows nothing of it.
    machine = Machine([Camera(LARGE) for _ in range(20)], cores=1.0, threads=2)
    machine.run(160)
    back = [at_s for at_s, change in machine.changes if change.level < change.before]
    assert machine.levels[:4] == [5, 0, 5, 0]
    waits = [later - earlier for earlier, later in pairwise(back)]
    assert len(waits) >= 3
    assert all(later > 1.5 * earlier for earlier, later in pairwise(waits))


def test_patience_is_as_before_when_the_last_return_was_good():
    machine = Machine([Camera(LARGE) for _ in range(20)], cores=1.0, threads=2)
    machine.run(60)
    machine.cores = 2
    machine.run(100)
    assert machine.governor.level == 0
    machine.cores = 0.7
    machine.run(5)
    machine.cores = 2
    machine.run(8)
    assert machine.governor.level == 0


def test_camera_that_is_enlarged_has_its_rate_at_once():
    machine = Machine([Camera(TILE) for _ in range(20)], cores=0.7, threads=1)
    machine.run(5)
    camera = machine.cameras["cam3"]
    assert machine.governor.limit(camera.seen()).every == 2
    camera.watch = LARGE
    assert machine.governor.limit(camera.seen()).every == 1


def test_hiccup_of_half_a_second_changes_nothing():
    machine = Machine([Camera() for _ in range(10)], cores=2)
    machine.run(10)
    machine.cores = 0.1
    machine.run(0.5)
    machine.cores = 2
    assert machine.run(10) == []


def test_burst_that_no_encoder_was_busy_for_changes_nothing():
    governor = Governor(2)
    for tick in range(40):
        effort = Effort(asked=100 * tick, short=20 * tick, encoded=80 * tick, took_ns=tick * NS_PER_MS)
        assert governor.tick(tick * TICK_NS, {"porch": Seen(LARGE, "ultrafast", NS_PER_S // 30, effort)}) is None


def test_burst_that_no_encoder_was_busy_for_does_not_keep_a_limit():
    machine = Machine([Camera(TILE) for _ in range(12)], cores=0.01)
    machine.run(5)
    level, now_ns, effort = machine.governor.level, machine.now_ns, Effort()
    assert level
    for _ in range(40 * level):
        now_ns += TICK_NS
        effort = Effort(effort.asked + 8, effort.short + 2, effort.encoded + 6, effort.took_ns + 12 * NS_PER_MS)
        machine.governor.tick(now_ns, {"porch": Seen(TILE, "ultrafast", NS_PER_S // 30, effort)})
    assert machine.governor.level == 0


def test_steps_back_that_failed_are_no_reason_to_limit_who_comes_after_all_left():
    machine = Machine([Camera(LARGE) for _ in range(20)], cores=1.0, threads=2)
    machine.run(160)
    machine.cores = 0.7
    while not machine.governor.level:
        machine.run(1)
    machine.cameras.clear()
    machine.run(8)
    assert machine.governor.level == 0


def test_one_slow_camera_falls_short_although_a_thread_is_free():
    machine = Machine([Camera(preset="medium", fps=60)], cores=1, threads=4, cost_ms=8)
    for camera in machine.cameras.values():
        camera.fps = 60
    machine.run(3)
    assert machine.levels[0] == 1


def test_camera_that_begins_anew_counts_from_its_beginning():
    machine = Machine([Camera() for _ in range(10)], cores=2)
    machine.run(10)
    for camera in machine.cameras.values():
        camera.effort = Effort()
    assert machine.run(10) == []


def test_levels_end_when_the_cameras_are_gone():
    machine = Machine([Camera(TILE) for _ in range(12)], cores=0.01)
    machine.run(20)
    assert machine.governor.level == 4
    machine.cameras.clear()
    machine.run(8)
    assert machine.governor.level == 0


def test_nothing_is_judged_by_what_was_before_a_stop():
    machine = Machine([Camera() for _ in range(10)], cores=0.1)
    machine.run(1)
    machine.governor.forget()
    assert machine.run(0.75) == []


@pytest.mark.parametrize(("fps", "every"), [(30, [2, 4, 30]), (3, [2, 3, 3]), (1, [1, 1, 1]), (0.2, [1, 1, 1])])
def test_no_step_takes_a_camera_below_a_picture_a_second(fps, every):
    seen = Camera(TILE, fps).seen()
    assert [limit_for(seen, level).every for level in (2, 3, 4)] == every


def test_camera_of_unknown_rate_is_not_limited():
    assert limit_for(Camera(TILE, fps=0).seen(), 8) == NO_LIMIT


def test_encoder_without_presets_keeps_what_it_has():
    assert limit_for(replace(Camera().seen(), preset=""), 1) == NO_LIMIT


def test_each_step_says_why():
    machine = Machine([Camera() for _ in range(20)], cores=0.6, threads=1)
    machine.run(3)
    [(_, change)] = machine.changes
    assert (change.before, change.level) == (0, 5)
    assert "50% of the frames" in change.why
