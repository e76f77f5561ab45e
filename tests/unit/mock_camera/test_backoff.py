import random

from tools.mock_camera.backoff import FIRST_S, LASTED_S, MOST_S, Backoff


def test_backoff_doubles_up_to_its_bound():
    backoff = Backoff(random.Random(1))
    nominal_s = [0.5, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0]
    waits_s = [backoff.next_s(0.0) for _ in nominal_s]
    assert all(nominal / 2 <= wait <= nominal for nominal, wait in zip(nominal_s, waits_s, strict=True))
    assert nominal_s[-1] == MOST_S


def test_backoff_starts_anew_after_a_connection_that_lasted():
    backoff = Backoff(random.Random(1))
    for _ in range(6):
        backoff.next_s(0.0)
    assert backoff.next_s(LASTED_S - 0.1) > FIRST_S
    assert backoff.next_s(LASTED_S) <= FIRST_S
    assert FIRST_S / 2 <= backoff.next_s(0.0) <= 2 * FIRST_S


def test_backoff_of_many_cameras_is_spread():
    waits_s = {round(Backoff(random.Random(seed)).next_s(0.0), 2) for seed in range(100)}
    assert len(waits_s) > 15
