from common.units import NS_PER_S
from services.recorder.ownership import HEARD_NS, Ownership

CAMERAS = [f"cam-{number}" for number in range(40)]


def pair() -> tuple[Ownership, Ownership]:
    one, other = Ownership("recorder-0"), Ownership("recorder-1")
    one.hear("recorder-1", 1, 0)
    other.hear("recorder-0", 2, 0)
    return one, other


def test_recorder_that_is_alone_wants_every_camera():
    assert Ownership("recorder-0").wanted(CAMERAS, 0) == set(CAMERAS)


def test_two_recorders_divide_the_cameras_without_asking_each_other():
    one, other = pair()
    wanted, rest = one.wanted(CAMERAS, 0), other.wanted(CAMERAS, 0)
    assert wanted | rest == set(CAMERAS)
    assert not wanted & rest
    assert len(wanted) > 5
    assert len(rest) > 5


def test_cameras_of_a_recorder_that_fell_silent_are_wanted():
    one, _ = pair()
    assert one.wanted(CAMERAS, HEARD_NS) != set(CAMERAS)
    assert one.wanted(CAMERAS, HEARD_NS + 1) == set(CAMERAS)


def test_cameras_of_a_recorder_that_leaves_are_wanted_at_once():
    one, _ = pair()
    one.hear("recorder-1", 1, NS_PER_S, leaving=True)
    one.hear("recorder-1", 1, NS_PER_S)
    assert one.wanted(CAMERAS, NS_PER_S) == set(CAMERAS)
    one.hear("recorder-1", 5, NS_PER_S)
    assert one.wanted(CAMERAS, NS_PER_S) != set(CAMERAS)
