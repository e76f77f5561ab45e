"""How a camera is watched is the strongest of what processes said within the last seconds."""

import pytest

from common.errors import WireError
from common.units import NS_PER_S
from services.transcode.watches import LARGE, RECORDED, TILE, Watches


def test_strongest_watch_of_all_processes_counts():
    watches = Watches()
    watches.hear("status/h/fanout-0", {"watches": {"porch": "tile", "yard": "tile"}}, 0)
    watches.hear("status/h/fanout-1", {"watches": {"porch": "large"}}, 0)
    watches.hear("status/h/recorder-0", {"watches": {"porch": "recorded", "hall": "recorded"}}, 0)
    assert [watches.of(camera, 0) for camera in ("porch", "yard", "hall")] == [LARGE, TILE, RECORDED]


def test_camera_that_nobody_speaks_of_counts_as_recorded():
    assert Watches().of("porch", 0) == RECORDED


def test_process_takes_its_word_back_with_the_next_record():
    watches = Watches()
    watches.hear("status/h/fanout-0", {"watches": {"porch": "large"}}, 0)
    watches.hear("status/h/fanout-0", {"watches": {}}, NS_PER_S)
    assert watches.of("porch", NS_PER_S) == RECORDED


def test_silent_process_is_forgotten_after_three_seconds():
    watches = Watches()
    watches.hear("status/h/fanout-0", {"watches": {"porch": "large"}}, 0)
    assert watches.of("porch", 3 * NS_PER_S) == LARGE
    assert watches.of("porch", 3 * NS_PER_S + 1) == RECORDED


def test_record_of_other_stages_and_heartbeats_change_nothing():
    watches = Watches()
    watches.hear("status/h/fanout-0", {"watches": {"porch": "tile"}}, 0)
    watches.hear("status/h/fanout-0", {"heartbeat": True}, 1)
    watches.hear("status/h/broker", {"uptime_s": 1.0}, 1)
    assert watches.of("porch", 1) == TILE


@pytest.mark.parametrize("strange", [None, "large", ["porch"], 7])
def test_watches_that_are_no_map_are_refused(strange):
    watches = Watches()
    watches.hear("status/h/fanout-0", {"watches": {"porch": "tile"}}, 0)
    with pytest.raises(WireError, match="fanout-0"):
        watches.hear("status/h/fanout-0", {"watches": strange}, 0)
    assert watches.of("porch", 0) == TILE


def test_word_of_a_newer_version_counts_as_recorded():
    watches = Watches()
    watches.hear("status/h/fanout-0", {"watches": {"porch": "wall", "yard": ["large"]}}, 0)
    assert watches.of("porch", 0) == RECORDED
