"""The way to the bus is shut when this process was stopped in the middle of a round."""

from dataclasses import dataclass, field

from common.frame import Frame
from common.units import NS_PER_S
from services.transcode.gate import STOPPED_NS, Gate

FRAME = Frame(seq=0, source=1, media_time_ns=0, captured_at_ns=0, width=640, height=480)


@dataclass
class FakeBus:
    published: list[tuple[str, Frame]] = field(default_factory=list)

    def subscribe(self, where: str) -> None: ...

    def unsubscribe(self, where: str) -> None: ...

    def publish(self, where: str, header: bytes) -> None: ...

    def publish_frame(self, where: str, frame: Frame) -> None:
        self.published.append((where, frame))


@dataclass
class FakeClock:
    now_ns: int = 100 * NS_PER_S

    def mono_ns(self) -> int:
        return self.now_ns


def test_pictures_go_out_in_a_round_that_began_just_now_and_not_after_a_stop():
    bus, clock = FakeBus(), FakeClock()
    gate = Gate(bus, clock)
    clock.now_ns += STOPPED_NS
    gate.publish_frame("h264/porch/main", FRAME)
    assert len(bus.published) == 1
    clock.now_ns += 1
    gate.publish_frame("h264/porch/main", FRAME)
    assert gate.was_stopped()
    assert len(bus.published) == 1
    gate.round_ns = clock.now_ns
    gate.publish_frame("h264/porch/main", FRAME)
    assert len(bus.published) == 2
