"""The ring before an event: what it keeps, what it forgets, what it gives, and that no frame is given twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.units import NS_PER_S
from services.recorder.ring import Held, Ring, Wanted

SPAN_S = 10


def ring_of(times_s: list[float], *, keys: str = "", size_bytes: int = 1, limit_bytes: int = 1000) -> Ring[float]:
    """Return a ring with frames of these times; `keys`: k or d for each, all keyframes by default."""
    ring = Ring[float](SPAN_S * NS_PER_S, limit_bytes)
    for index, time_s in enumerate(times_s):
        ring.put(Held(ns(time_s), size_bytes, not keys or keys[index] == "k", time_s))
    return ring


def ns(time_s: float) -> int:
    return round(time_s * NS_PER_S)


def window(from_s: float, to_s: float) -> Wanted:
    return lambda start_ns, end_ns: ns(from_s) < end_ns and start_ns <= ns(to_s)


def everything(_from_ns: int, _to_ns: int) -> bool:
    return True


def taken(ring: Ring[float], wanted: Wanted = everything) -> list[float]:
    return [held.frame for held in ring.take(wanted)]


def test_ring_keeps_what_was_shown_a_span_ago_when_it_forgets():
    ring = ring_of([0, 4, 8, 12, 16])

    # At 16 the picture of 4 was still shown at 6, the span's beginning.
    assert taken(ring) == [4, 8, 12, 16]
    assert ring.outlived == 1


def test_ring_forgets_whole_groups_when_frames_depend_on_keyframes():
    ring = ring_of([0, 2, 4, 6, 8, 10, 12, 14, 16], keys="kddkddkdd")

    # The span begins at 6, where a keyframe is.
    assert taken(ring) == [6, 8, 10, 12, 14, 16]
    assert ring.outlived == 3


def test_ring_keeps_the_group_when_its_span_begins_inside_of_it():
    assert taken(ring_of([0, 4, 8, 12], keys="kdkd")) == [0, 4, 8, 12]


def test_ring_forgets_the_oldest_when_its_bytes_do_not_suffice():
    ring = ring_of([1, 2, 3, 4, 5], size_bytes=300)

    assert ring.size_bytes == 900
    assert taken(ring) == [3, 4, 5]
    assert (ring.pushed_out, ring.outlived) == (2, 0)


def test_ring_holds_nothing_until_a_keyframe_when_a_group_is_larger_than_it():
    ring = ring_of([1, 2, 3, 4, 5, 6], keys="kddddk", size_bytes=400)

    assert taken(ring) == [6]
    assert ring.pushed_out == 5


def test_ring_forgets_what_was_before_when_the_camera_was_away_for_long():
    assert taken(ring_of([1, 2, 20, 21])) == [20, 21]


def test_ring_gives_frames_once_when_it_is_asked_again():
    ring = ring_of([1, 2, 3])
    first = taken(ring)
    ring.put(Held(ns(4), 1, is_key=True, frame=4.0))

    assert (first, taken(ring), len(ring), ring.size_bytes) == ([1, 2, 3], [4], 0, 0)


def test_ring_gives_the_frame_that_was_shown_when_the_window_begins():
    ring = ring_of([1, 3, 5, 7])

    assert taken(ring, window(4, 5)) == [3, 5]


def test_ring_keeps_later_frames_when_the_window_is_over():
    ring = ring_of([1, 2, 3, 4, 5])
    first = taken(ring, window(2.5, 3))

    assert (first, taken(ring)) == ([2, 3], [4, 5])
    assert ring.outlived == 1


def test_ring_begins_at_the_keyframe_when_the_window_begins_after_it():
    ring = ring_of([1, 2, 3, 4, 5, 6], keys="kddkdd")

    assert taken(ring, window(5.5, 9)) == [4, 5, 6]


def test_ring_gives_the_rest_of_a_group_when_some_of_it_is_wanted():
    ring = ring_of([1, 2, 3, 4, 5], keys="kddkd")
    first = taken(ring, window(1.5, 1.6))

    assert (first, taken(ring)) == ([1, 2, 3], [4, 5])


def test_ring_goes_on_until_a_keyframe_when_nothing_is_wanted_any_more():
    ring = ring_of([1, 2], keys="kd")
    taken(ring)
    given_out = []
    for time_s, is_key in ((3, False), (4, False), (5, True), (6, False)):
        ring.put(Held(ns(time_s), 1, is_key, float(time_s)))
        given_out.append(taken(ring, window(0, 0.5)))

    assert given_out == [[3], [4], [], []]
    assert taken(ring) == [5, 6]


def test_ring_awaits_a_keyframe_when_it_is_sealed():
    ring = ring_of([1, 2], keys="kd")
    taken(ring)
    ring.seal()
    ring.put(Held(ns(3), 1, is_key=False, frame=3.0))
    ring.put(Held(ns(4), 1, is_key=True, frame=4.0))

    assert taken(ring) == [4]


def test_ring_keeps_whole_groups_when_it_is_sealed():
    ring = ring_of([1, 2, 3], keys="kdk")
    ring.seal()

    assert taken(ring) == [1, 2, 3]


def test_ring_takes_dependent_frames_when_it_was_emptied_by_taking():
    ring = ring_of([1, 2], keys="kd")
    taken(ring)
    ring.put(Held(ns(3), 1, is_key=False, frame=3.0))

    assert taken(ring) == [3]


def test_ring_awaits_a_keyframe_when_it_was_told_to_forget():
    ring = ring_of([1, 2], keys="kd")
    ring.forget()
    ring.put(Held(ns(3), 1, is_key=False, frame=3.0))
    ring.put(Held(ns(4), 1, is_key=True, frame=4.0))

    assert taken(ring) == [4]
    assert (ring.outlived, ring.pushed_out) == (2, 1)


FRAMES = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 400), st.booleans(), st.booleans()), max_size=60)


@given(FRAMES, st.integers(0, 40), st.integers(0, 20))
def test_ring_accounts_for_each_frame_and_gives_decodable_ones_when_anything_comes(frames, from_s, length_s):
    ring = Ring[tuple[int, bool]](SPAN_S * NS_PER_S, 1000)
    given_out: list[tuple[int, bool]] = []
    time_s, put = 0, []
    for step_s, size_bytes, is_key, takes in frames:
        time_s += step_s
        put.append((time_s, is_key))
        ring.put(Held(ns(time_s), size_bytes, is_key, (time_s, is_key)))
        assert ring.size_bytes <= 1000
        if takes:
            given_out += [held.frame for held in ring.take(window(from_s, from_s + length_s))]

    assert len(given_out) + len(ring) + ring.outlived + ring.pushed_out == len(put)
    assert given_out == sorted(set(given_out))
    for frame, before in zip(given_out, [None, *given_out], strict=False):
        # A frame that depends on others comes right behind the one before it.
        assert frame[1] or before == put[put.index(frame) - 1]


@pytest.mark.parametrize("weight", [0, 1])
def test_ring_counts_new_frames_alone_when_it_forgets(weight):
    ring = Ring[None](SPAN_S * NS_PER_S, 1000)
    ring.put(Held(0, 10, is_key=True, frame=None, weight=weight))
    ring.forget()

    assert ring.outlived == weight
