from common.counters import Counters
from services.fanout.hub import Hub
from tests.helpers.fanout import MS, START_NS, Bus, make_frame, make_ledger, make_viewer, numbers

S = 1000 * MS


def make_hub():
    bus = Bus()
    return Hub(bus, Counters(), make_ledger()), bus


def test_topic_is_subscribed_once_while_somebody_watches_and_a_second_longer():
    hub, bus = make_hub()
    first, second = make_viewer()[0], make_viewer()[0]
    hub.join(first, "porch", START_NS)
    hub.join(second, "porch", START_NS)
    assert bus.subscribed == [("porch", "h264")]
    hub.leave(first, START_NS)
    hub.leave(second, START_NS)
    hub.tick(START_NS + 999 * MS)
    assert bus.subscribed == [("porch", "h264")]
    hub.tick(START_NS + S)
    assert bus.subscribed == []


def test_viewer_that_comes_back_within_the_linger_finds_the_stream_as_it_was():
    hub, bus = make_hub()
    viewer = make_viewer()[0]
    hub.join(viewer, "porch", START_NS)
    hub.publish("porch", "h264", make_frame(0, key=True), START_NS)
    hub.leave(viewer, START_NS)
    again, wire = make_viewer()
    hub.join(again, "porch", START_NS + 100 * MS)
    hub.tick(START_NS + 5 * S)
    assert bus.subscribed == [("porch", "h264")]
    assert numbers(wire.all) == [0]


def test_cameras_and_formats_do_not_mix():
    hub, bus = make_hub()
    (porch, porch_wire), (yard, yard_wire), (jpeg, jpeg_wire) = make_viewer(), make_viewer(), make_viewer("jpeg")
    hub.join(porch, "porch", START_NS)
    hub.join(yard, "yard", START_NS)
    hub.join(jpeg, "porch", START_NS)
    hub.publish("porch", "h264", make_frame(0, key=True), START_NS)
    hub.publish("yard", "h264", make_frame(1, key=True), START_NS)
    hub.publish("porch", "jpeg", make_frame(2, "jpeg"), START_NS)
    hub.publish("other", "h264", make_frame(3, key=True), START_NS)
    assert (numbers(porch_wire.all), numbers(yard_wire.all), numbers(jpeg_wire.all, "jpeg")) == ([0], [1], [2])
    assert hub.watched() == ["porch", "yard"]
    assert len(list(hub.viewers("porch"))) == 2
    assert len(bus.subscribed) == 3


def test_newcomers_request_is_sent_and_repeated_until_the_keyframe():
    hub, bus = make_hub()
    hub.join(make_viewer()[0], "porch", START_NS)
    assert bus.due_ns[-1] == START_NS
    hub.ask_due(START_NS)
    assert bus.asked == [("porch", "h264", "join")]
    assert bus.due_ns[-1] == START_NS + 250 * MS
    hub.ask_due(bus.due_ns[-1])
    hub.publish("porch", "h264", make_frame(0, key=True), START_NS)
    hub.ask_due(START_NS + S)
    assert len(bus.asked) == 2


def test_request_ends_when_the_viewer_has_left():
    hub, bus = make_hub()
    viewer = make_viewer()[0]
    hub.join(viewer, "porch", START_NS)
    hub.leave(viewer, START_NS)
    hub.ask_due(START_NS)
    assert bus.asked == []


def test_backfill_and_playback_are_not_live():
    hub, _ = make_hub()
    viewer, wire = make_viewer()
    hub.join(viewer, "porch", START_NS)
    hub.publish("porch", "h264", make_frame(0, key=True, late=True), START_NS)
    hub.publish("porch", "h264", make_frame(1, key=True, replay=True), START_NS)
    assert wire.sent == []


def test_account_goes_on_when_the_topic_is_given_up_and_wanted_again():
    ledger = make_ledger()
    hub = Hub(Bus(), Counters(), ledger)
    viewer = make_viewer()[0]
    hub.join(viewer, "porch", START_NS)
    hub.publish("porch", "h264", make_frame(0, key=True), START_NS)
    hub.publish("porch", "h264", make_frame(3), START_NS)
    hub.leave(viewer, START_NS)
    hub.tick(START_NS + S)
    row = ledger.record()["porch/h264"]
    assert (row["in"], row["bus"]) == (2, 2)
    hub.join(viewer, "porch", START_NS + 2 * S)
    hub.publish("porch", "h264", make_frame(90, key=True), START_NS + 2 * S)
    row = ledger.record()["porch/h264"]
    assert (row["in"], row["out"], row["dropped"], row["bus"]) == (3, 2, {"broken": 1}, 2)


def test_new_frames_that_went_on_are_told_apart():
    hub, _ = make_hub()
    viewer = make_viewer()[0]
    hub.join(viewer, "porch", START_NS)
    went_on = [
        hub.publish("porch", "h264", make_frame(0), START_NS),
        hub.publish("porch", "h264", make_frame(1, key=True), START_NS),
        hub.publish("porch", "h264", make_frame(1, key=True, repeat=True), START_NS),
        hub.publish("yard", "h264", make_frame(1, key=True), START_NS),
    ]
    assert went_on == [False, True, False, False]


def test_cameras_are_watched_as_large_as_their_largest_view_of_video():
    hub, _ = make_hub()
    viewers = [make_viewer()[0], make_viewer("mp4")[0], make_viewer()[0], make_viewer("jpeg")[0]]
    for viewer, camera in zip(viewers, ("porch", "porch", "yard", "attic"), strict=True):
        hub.join(viewer, camera, START_NS)
    viewers[0].view = viewers[2].view = "tile"
    assert hub.watches() == {"porch": "large", "yard": "tile"}
    viewers[1].view = "tile"
    hub.leave(viewers[2], START_NS)
    assert hub.watches() == {"porch": "tile"}


def test_leaving_without_having_joined_is_nothing():
    hub, bus = make_hub()
    hub.leave(make_viewer()[0], START_NS)
    hub.tick(START_NS + S)
    assert bus.subscribed == []
