from services.fanout.asking import JOIN, LATE, LOSS, Asker, LateLimit
from tests.helpers.fanout import MS, START_NS


def asked(asker, until_ms, start_ns=START_NS):
    """Return [(ms, reason)] of all requests, looking every 10 ms."""
    times = []
    for ms in range(0, until_ms, 10):
        reason = asker.take_due(start_ns + ms * MS)
        if reason:
            times.append((ms, reason))
    return times


def test_newcomer_asks_at_once_and_again_until_a_keyframe_came():
    asker = Asker(LateLimit())
    asker.want(JOIN, START_NS)
    assert asked(asker, 600) == [(0, JOIN), (250, JOIN), (500, JOIN)]
    asker.satisfy()
    assert asked(asker, 600, START_NS + 600 * MS) == []


def test_requests_end_after_twenty():
    asker = Asker(LateLimit())
    asker.want(LOSS, START_NS)
    assert len(asked(asker, 60_000)) == 20


def test_second_newcomer_adds_no_request_while_one_is_open():
    asker = Asker(LateLimit())
    asker.want(JOIN, START_NS)
    assert asker.take_due(START_NS) == JOIN
    asker.want(JOIN, START_NS + 10 * MS)
    assert asked(asker, 240, START_NS + 10 * MS) == []


def test_newcomer_overrules_a_late_viewer():
    asker = Asker(LateLimit())
    asker.want(LATE, START_NS)
    assert asker.take_due(START_NS) == LATE
    asker.want(JOIN, START_NS + 10 * MS)
    assert asker.take_due(START_NS + 10 * MS) == JOIN


def test_late_viewers_of_a_camera_ask_once_a_second_in_all_formats_together():
    limit = LateLimit()
    first, second = Asker(limit), Asker(limit)
    first.want(LATE, START_NS)
    second.want(LATE, START_NS)
    assert first.take_due(START_NS) == LATE
    assert second.take_due(START_NS) == ""
    assert second.next_ns == START_NS + 1000 * MS
    assert second.take_due(START_NS + 1000 * MS) == LATE
