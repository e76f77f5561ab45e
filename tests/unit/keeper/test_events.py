"""Events that are told over the API: what is said on the bus, how often, and what is refused."""

import pytest

from common.units import NS_PER_S
from services.keeper.events import AFTER_END, LIMIT, Event, EventError, Events, remembered_from

WALL_NS = 1_800_000_000 * NS_PER_S


def words(events, seconds, from_s=0):
    """What is published in each of some seconds, looked at often."""
    said = []
    for tenth in range(from_s * 10, (from_s + seconds) * 10):
        said += events.due(tenth * NS_PER_S // 10, WALL_NS + tenth * NS_PER_S // 10)
    return said


def test_event_is_told_at_once_and_every_second_while_it_goes_on():
    events = Events(300)

    event = events.tell("porch", {}, 0, WALL_NS)

    assert (event.name, event.start_ns, event.end_ns) == ("event", WALL_NS, 0)
    assert words(events, 3) == [event] * 3
    assert event.record("keeper") == {"id": event.id, "name": "event", "start_ns": WALL_NS, "from": "keeper"}


def test_event_is_told_twice_more_after_its_end():
    events = Events(300)
    events.tell("porch", {"id": "door"}, 0, WALL_NS)
    words(events, 2)

    ended = events.tell("porch", {"id": "door", "end": "now"}, 2 * NS_PER_S, WALL_NS + 2 * NS_PER_S)

    assert (ended.start_ns, ended.end_ns) == (WALL_NS, WALL_NS + 2 * NS_PER_S)
    assert words(events, 20, from_s=2) == [ended] * (1 + AFTER_END)
    assert events.wait_s(0) is None


def test_event_whose_end_is_to_come_is_told_until_then_and_twice_more():
    events = Events(300)

    event = events.tell("porch", {"name": "ring", "duration_s": 2.5}, 0, WALL_NS)

    assert event.end_ns == WALL_NS + 2_500_000_000
    assert words(events, 20) == [event] * (3 + 1 + AFTER_END)


def test_event_of_the_past_is_told_three_times():
    events = Events(300)

    event = events.tell("porch", {"start": 1_799_999_000, "end": "2027-01-15T07:45:00Z"}, 0, WALL_NS)

    assert event.end_ns == 1_799_999_100 * NS_PER_S
    assert words(events, 20) == [event] * (1 + AFTER_END)


def test_event_that_nobody_ends_is_ended_at_the_limit():
    events = Events(limit_s=5)
    events.tell("porch", {"id": "door"}, 0, WALL_NS)

    said = words(events, 30)

    assert [event.end_ns for event in said] == [0] * 5 + [WALL_NS + 5 * NS_PER_S] * (1 + AFTER_END)
    assert events.document() == {"told": []}


def test_same_id_changes_the_event_and_another_cameras_is_another():
    events = Events(300)
    events.tell("porch", {"id": "1", "name": "dog"}, 0, WALL_NS)
    events.tell("attic", {"id": "1", "name": "cat"}, 0, WALL_NS)

    changed = events.tell("porch", {"id": "1", "name": "wolf"}, 1, WALL_NS + 1)

    assert changed == Event("porch", "1", "wolf", WALL_NS)
    assert sorted(event.name for event in words(events, 1)) == ["cat", "wolf"]


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ([], "expected an object"),
        ({"nmae": "x"}, "expected an object with some of duration_s, end, id, name, start"),
        ({"id": ""}, "id ''"),
        ({"id": "a/b"}, "id 'a/b'"),
        ({"id": "x" * 65}, "1 to 64"),
        ({"id": 5}, "id '5'"),
        ({"name": ""}, "1 to 100"),
        ({"name": "x" * 101}, "1 to 100"),
        ({"name": "a\nb"}, "1 to 100"),
        ({"name": None}, "1 to 100"),
        ({"start": "yesterday"}, "start: 'yesterday' is no moment"),
        ({"start": 1e305}, "start: '1e.305' is no moment"),
        ({"start": WALL_NS // NS_PER_S + 61}, "start lies 61 s in the future"),
        ({"start": "now", "end": 5}, "an end after the start"),
        ({"start": 5, "end": "now"}, "by a day at most"),
        ({"end": "now"}, "no event .* of camera porch goes on"),
        ({"start": "now", "end": "now", "duration_s": 1}, "not both"),
        ({"duration_s": -1}, "duration_s -1"),
        ({"duration_s": True}, "duration_s True"),
        ({"duration_s": float("nan")}, "duration_s nan"),
        ({"duration_s": 1e9}, "a day at most"),
    ],
)
def test_event_that_cannot_be_is_refused_with_the_reason(wish, sentence):
    events = Events(300)

    with pytest.raises(EventError, match=sentence) as caught:
        events.tell("porch", wish, 0, WALL_NS)

    assert caught.value.status == 422
    assert words(events, 1) == []
    assert not events.is_changed


def test_events_beyond_the_limit_are_refused_until_some_have_ended():
    events = Events(300)
    for number in range(LIMIT):
        events.tell("porch", {"id": str(number), "duration_s": 0}, 0, WALL_NS)

    with pytest.raises(EventError, match="try again") as caught:
        events.tell("porch", {}, 0, WALL_NS)
    assert caught.value.status == 503
    assert events.tell("porch", {"id": "7", "name": "known"}, 0, WALL_NS).name == "known"

    words(events, 10)
    assert events.tell("porch", {}, 0, WALL_NS).camera == "porch"


def test_events_that_are_still_told_are_remembered_and_told_again():
    first = Events(300)
    first.tell("porch", {"id": "door", "name": "Tür"}, 0, WALL_NS)
    first.tell("porch", {"id": "bell", "duration_s": 1}, 0, WALL_NS)
    assert first.is_changed

    again = Events(300, remembered_from(first.document()))

    bell = Event("porch", "bell", "event", WALL_NS, WALL_NS + NS_PER_S)
    assert words(again, 1) == [Event("porch", "door", "Tür", WALL_NS), bell]
    assert not again.is_changed


def test_end_of_an_event_is_told_after_a_restart_before_anybody_heard_it():
    first = Events(300)
    first.tell("porch", {"id": "door"}, 0, WALL_NS)
    words(first, 1)
    first.is_changed = False
    ended = first.tell("porch", {"id": "door", "end": "now"}, 5, WALL_NS + 5)
    assert first.is_changed

    again = Events(300, remembered_from(first.document()))

    assert words(again, 20, from_s=1) == [ended] * (1 + AFTER_END)
    # Nothing of it is left for another restart.
    assert (again.is_changed, again.document()) == (True, {"told": []})


def test_events_of_a_forgotten_camera_are_told_no_more():
    events = Events(300)
    events.tell("porch", {}, 0, WALL_NS)
    kept = events.tell("attic", {}, 0, WALL_NS)

    events.forget("porch")

    assert words(events, 1) == [kept]


@pytest.mark.parametrize(
    "document",
    [
        {"told": {}},
        {"told": [5]},
        {"told": [{"camera": "porch"}]},
        {"told": [{"camera": "../x", "id": "1", "name": "n", "start_ns": 5, "end_ns": 0}]},
        {"told": [{"camera": "porch", "id": "1", "name": 7, "start_ns": 5, "end_ns": 0}]},
        {"told": [{"camera": "porch", "id": "1", "name": "n", "start_ns": "5", "end_ns": 0}]},
    ],
)
def test_document_that_is_none_is_refused(document):
    with pytest.raises(ValueError, match=r"expected|no event"):
        remembered_from(document)
