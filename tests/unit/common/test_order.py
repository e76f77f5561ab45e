from common.order import Order
from tests.helpers.fanout import MS, START_NS, make_frame

S = 1000 * MS


def test_messages_pass_in_order():
    order = Order()
    verdicts = [order.judge(make_frame(number), START_NS) for number in range(3, 6)]
    assert [verdict.passes for verdict in verdicts] == [True] * 3
    assert [verdict.broken for verdict in verdicts] == [True, False, False]
    assert not any(verdict.lost for verdict in verdicts)


def test_hole_in_an_epoch_is_a_loss_on_the_bus():
    order = Order()
    order.judge(make_frame(0), START_NS)
    verdict = order.judge(make_frame(4), START_NS)
    assert (verdict.passes, verdict.broken, verdict.lost, verdict.cause) == (True, True, 3, "bus")
    assert not order.judge(make_frame(5), START_NS).broken


def test_double_is_dropped():
    order = Order()
    for number in range(3):
        order.judge(make_frame(number), START_NS)
    assert order.judge(make_frame(1), START_NS).cause == "double"
    assert not order.judge(make_frame(3), START_NS).broken


def test_newest_message_is_known_whatever_comes_after_it():
    order = Order()
    for number in (3, 7, 4):
        order.judge(make_frame(number), START_NS)
    assert order.newest == 7


def test_hole_of_the_source_alone_is_no_loss():
    order = Order()
    order.judge(make_frame(0), START_NS)
    assert order.judge(make_frame(8, out_seq=1), START_NS).lost == 0


def test_older_epoch_is_dropped_while_the_newer_delivers():
    order = Order()
    order.judge(make_frame(0, term=2), START_NS)
    verdict = order.judge(make_frame(9, term=1), START_NS + 1999 * MS)
    assert (verdict.passes, verdict.cause) == (False, "epoch")
    assert order.judge(make_frame(1, term=2), START_NS + 1999 * MS).passes


def test_older_epoch_takes_over_when_the_newer_was_silent_for_two_seconds():
    order = Order()
    order.judge(make_frame(0, term=2), START_NS)
    verdict = order.judge(make_frame(9, term=1), START_NS + 2 * S)
    assert (verdict.passes, verdict.broken, verdict.lost) == (True, True, 0)


def test_newer_epoch_takes_over_at_once_by_term_or_by_start():
    order = Order()
    order.judge(make_frame(0), START_NS)
    assert order.judge(make_frame(0, encoder_start_ns=6), START_NS).broken
    assert order.judge(make_frame(0, term=2, encoder_start_ns=1), START_NS).broken
