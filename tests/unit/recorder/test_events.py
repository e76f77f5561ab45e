"""Events: what is told by whom, how often and by which clock, and which footage is wanted for them."""

import pytest

from common.recordings.rows import EventRow
from common.units import NS_PER_S
from services.recorder.events import LONGEST_NS, MOST_EVENTS, OLDEST_NS, EventBook, Told, parse_told

NOW_S = 1_800_000_000
PRE_S, POST_S, LIMIT_S = 10, 5, 300


def ns(time_s: float) -> int:
    """Return a moment, in seconds from NOW_S."""
    return round((NOW_S + time_s) * NS_PER_S)


def told(key: str = "a", start_s: float | None = 0.0, end_s: float | None = None, name: str = "door") -> Told:
    return Told(key, name, 0 if start_s is None else ns(start_s), 0 if end_s is None else ns(end_s))


def row(key: str = "a", start_s: float = 0.0, end_s: float | None = None, name: str = "door") -> EventRow:
    return EventRow(key, name, ns(start_s), 0 if end_s is None else ns(end_s))


def new_book(**changes: float) -> EventBook:
    lengths_s = {"pre_roll": PRE_S, "post_roll": POST_S, "limit": LIMIT_S, **changes}
    return EventBook(**{f"{name}_ns": round(length * NS_PER_S) for name, length in lengths_s.items()})


def wanted_s(book: EventBook, from_s: int, to_s: int) -> list[int]:
    """Return the full seconds that are wanted."""
    return [second for second in range(from_s, to_s) if book.is_wanted(ns(second), ns(second) + 1)]


def test_event_is_written_down_with_its_surroundings_when_it_is_told():
    book = new_book()

    assert book.hear(told(), ns(0.2)) == row()
    assert wanted_s(book, -15, 320) == list(range(-10, 306))
    assert book.is_going_on(ns(100))


def test_event_is_news_once_when_it_is_repeated():
    book = new_book()
    book.hear(told(), ns(0))

    assert book.hear(told(), ns(1)) is None
    assert book.hear(told(end_s=2), ns(2)) == row(end_s=2)
    assert book.hear(told(end_s=2), ns(3)) is None
    assert wanted_s(book, -15, 20) == list(range(-10, 8))


def test_event_is_as_long_as_the_last_word_says_when_it_is_told_again():
    book = new_book()
    book.hear(told(end_s=2), ns(0))

    assert book.hear(told(end_s=20, name="door open"), ns(1)) == row(end_s=20, name="door open")
    assert book.hear(told(), ns(2)) == row()
    assert book.is_going_on(ns(60))


def test_footage_is_wanted_without_a_hole_when_events_overlap():
    book = new_book()
    book.hear(told("a", 0, 4), ns(4))
    book.hear(told("b", 3, 12), ns(4))
    book.hear(told("c", 40, 41), ns(41))

    assert wanted_s(book, -20, 60) == [*range(-10, 18), *range(30, 47)]


def test_event_is_ended_by_the_limit_when_nobody_ends_it():
    book = new_book()
    book.hear(told(), ns(0))

    assert book.end_overdue(ns(LIMIT_S - 1)) == []
    assert book.end_overdue(ns(LIMIT_S)) == [row(end_s=LIMIT_S)]
    assert book.end_overdue(ns(LIMIT_S + 1)) == []
    assert book.hear(told(), ns(LIMIT_S + 2)) is None
    assert not book.is_going_on(ns(LIMIT_S + POST_S + 1))


def test_event_gets_its_true_end_when_it_is_told_after_the_limit():
    book = new_book()
    book.hear(told(), ns(0))
    book.end_overdue(ns(LIMIT_S))

    assert book.hear(told(end_s=LIMIT_S + 9), ns(LIMIT_S + 9)) is None
    assert book.hear(told(end_s=40), ns(LIMIT_S + 10)) == row(end_s=40)


def test_event_of_the_past_wants_its_time_alone_when_it_ended_already():
    book = new_book()

    assert book.hear(told("a", -40, -30), ns(0)) == row("a", -40, -30)
    assert wanted_s(book, -60, 10) == list(range(-50, -24))
    assert not book.is_going_on(ns(0))


def test_event_begins_now_when_its_clock_is_ahead():
    book = new_book()

    assert book.hear(told(start_s=7), ns(2)) == row(start_s=2)
    # The difference stays the event's: its end is told by the same clock.
    assert book.hear(told(start_s=7, end_s=12), ns(7)) == row(start_s=2, end_s=7)


def test_event_begins_now_when_its_clock_was_never_set():
    book = new_book()

    assert book.hear(Told("a", "door", 5 * NS_PER_S, 0), ns(2)) == row(start_s=2)
    assert book.hear(Told("a", "door", 5 * NS_PER_S, 9 * NS_PER_S), ns(6)) == row(start_s=2, end_s=6)


def test_event_begins_now_when_no_start_is_told():
    book = new_book()
    book.hear(told(start_s=None), ns(3))

    assert book.hear(told(start_s=None, end_s=9), ns(9)) == row(start_s=3, end_s=9)


def test_event_is_kept_in_recorder_time_when_the_clock_was_set_back():
    book = new_book()
    shift_ns = 3600 * NS_PER_S

    assert book.hear(told(start_s=0), ns(3600.1), shift_ns) == row(start_s=3600)
    assert book.hear(told(start_s=0, end_s=5), ns(3605), shift_ns) == row(start_s=3600, end_s=3605)


def test_event_ends_with_its_start_when_it_is_told_to_end_before():
    assert new_book().hear(told(start_s=0, end_s=-5), ns(1)) == row(end_s=0)


def test_event_ends_after_a_day_when_it_is_told_to_last_longer():
    assert new_book().hear(told(end_s=1e7), ns(1)) == EventRow("a", "door", ns(0), ns(0) + LONGEST_NS)


def test_event_is_refused_when_it_ended_ages_ago():
    book = new_book()
    start_ns = ns(0) - OLDEST_NS - LONGEST_NS

    assert book.hear(Told("a", "door", start_ns, start_ns + 1), ns(0)) is None
    assert book.refused == 1


def test_book_makes_room_by_the_oldest_when_it_is_full():
    book = new_book()
    for number in range(MOST_EVENTS):
        book.hear(told(f"e{number}", number, number + 1), ns(number))

    assert book.hear(told("new", 1000), ns(1000)) == row("new", 1000)
    assert book.refused == 0
    assert not book.is_wanted(ns(-10), ns(-9))
    assert book.is_wanted(ns(MOST_EVENTS), ns(MOST_EVENTS) + 1)


def test_book_refuses_an_event_when_too_many_go_on():
    book = new_book()
    for number in range(MOST_EVENTS):
        assert book.hear(told(f"e{number}"), ns(1)) is not None

    assert book.hear(told("new"), ns(1)) is None
    assert book.refused == 1


def test_event_goes_on_when_a_life_before_wrote_it_down():
    book = new_book()
    book.restore([row("old", -50, -40), row("a", -20)])

    assert book.is_going_on(ns(0))
    assert book.hear(told("a", -20), ns(0)) is None
    assert book.hear(told("a", -20, 2), ns(2)) == row("a", -20, 2)


def test_event_stays_ended_when_the_limit_ended_it_in_a_life_before():
    book = new_book()
    book.restore([row("a", -400, -400 + LIMIT_S)])

    assert book.hear(told("a", -400), ns(0)) is None


def test_message_is_taken_when_it_has_an_id_alone():
    assert parse_told({"id": "a-B_9"}) == Told("a-B_9", "event", 0, 0)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"id": ""},
        {"id": "a" * 65},
        {"id": "a/b"},
        {"id": "a\n"},
        {"id": 5},
        {"id": "a", "name": b"door"},
        {"id": "a", "start_ns": -1},
        {"id": "a", "start_ns": 1.5},
        {"id": "a", "end_ns": True},
        {"id": "a", "end_ns": 1 << 63},
    ],
)
def test_message_is_refused_when_it_is_malformed(fields):
    assert parse_told(fields) is None


def test_name_is_made_readable_when_it_is_long_or_holds_control_characters():
    heard = parse_told({"id": "a", "name": " Tür\n\x1b[1m" + "x" * 200, "start_ns": 1, "end_ns": 2})

    assert heard is not None
    assert heard.name == ("Tür[1m" + "x" * 200)[:99]


def test_event_of_another_age_never_leaves_what_an_index_can_hold():
    assert parse_told({"id": "a", "name": "door", "start_ns": (1 << 62) + 1}) is None
    book = new_book()
    shift_ns = LONGEST_NS * 366
    book.hear(told(), ns(0) + shift_ns, shift_ns)
    latest = Told("a", "door", 1 << 62, 1 << 62)
    last = book.hear(latest, ns(1) + shift_ns, shift_ns)
    assert last is not None
    assert last.start_ns <= last.end_ns < 1 << 63
