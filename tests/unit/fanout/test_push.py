"""The bare send of the inner loop: what it does not take goes the transport's way, in order and whole."""

import pytest

from common.counters import Counters
from services.fanout.asking import LateLimit
from services.fanout.stream import Stream
from tests.helpers.fanout import START_NS, make_frame, make_ledger, make_viewer


class Full:
    """A socket that takes `room` bytes of a push, or fails."""

    def __init__(self, wire, room=0, error=None):
        self.wire = wire
        self.room = room
        self.error = error

    def push(self, data):
        if self.error is not None:
            raise self.error
        self.wire.sent.append(data[: self.room])
        return min(self.room, len(data))


def make_stream(viewers):
    stream = Stream("porch", "h264", LateLimit(), Counters(), make_ledger().open("porch", "h264"), lambda _stream: None)
    for viewer in viewers:
        stream.join(viewer, START_NS)
    stream.publish(make_frame(0, key=True), START_NS)
    return stream


@pytest.mark.parametrize("full", [{"room": 0}, {"room": 7}, {"error": BlockingIOError()}, {"error": BrokenPipeError()}])
def test_rest_of_a_push_is_written_and_the_others_get_theirs(full):
    (before, before_wire), (viewer, wire), (after, after_wire) = make_viewer(), make_viewer(), make_viewer()
    object.__setattr__(viewer, "push", Full(wire, **full).push)
    stream = make_stream([before, viewer, after])
    starts = [len(each.all) for each in (before_wire, wire, after_wire)]
    stream.publish(make_frame(1), START_NS)
    sent = [each.all[start:] for each, start in zip((before_wire, wire, after_wire), starts, strict=True)]
    assert sent[0] == sent[1] == sent[2]
    assert b"h264 1 " in sent[1]
