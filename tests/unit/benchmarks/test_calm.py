from benchmarks.calm import Span, calm, told
from common.units import NS_PER_MS


def span(start_ms, end_ms):
    return Span(start_ms * NS_PER_MS, end_ms * NS_PER_MS)


def test_span_has_its_length_in_ms():
    assert span(10, 15).ms == 5.0


def test_spans_that_meet_a_stall_are_left_out():
    spans = [span(0, 5), span(95, 105), span(110, 140), span(99, 180), span(300, 305)]
    assert calm(spans, [span(100, 150)]) == [span(0, 5), span(300, 305)]


def test_span_right_after_a_stall_still_waits_for_what_piled_up():
    assert calm([span(160, 165)], [span(100, 150)]) == []
    assert calm([span(191, 196)], [span(100, 150)]) == [span(191, 196)]


def test_span_is_left_out_when_the_stall_began_before_it_was_noticed():
    assert calm([span(90, 97)], [span(100, 150)]) == []
    assert calm([span(90, 94)], [span(100, 150)]) == [span(90, 94)]


def test_all_spans_stay_without_a_stall():
    spans = [span(0, 5), span(33, 38)]
    assert calm(spans, []) == spans
    assert told(spans, spans) == ""


def test_words_tell_how_many_were_left_out_and_how_bad_it_was():
    spans = [span(0, 5), span(33, 138)]
    assert told(spans, spans[:1]) == "1 of 2 left out, for the machine stood still (worst of all 105 ms)"
