from common.units import NS_PER_S
from tools.mock_camera.report import Tally, report_line


def test_report_gives_rates_since_the_last_one():
    before, now = Tally(0, 100, 2_000_000), Tally(5 * NS_PER_S, 225, 5_000_000)
    assert report_line(before, now, 1, 1) == "25.0 fps, 24.0 KB a frame, 225 frames so far"


def test_report_of_several_cameras_says_how_many_are_connected():
    line = report_line(Tally(0, 0, 0), Tally(NS_PER_S, 0, 0), 3, 4)
    assert line == "3 of 4 cameras connected, 0.0 fps, 0.0 KB a frame, 0 frames so far"
