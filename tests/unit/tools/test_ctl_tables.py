"""The tables of `make status` and `make config`."""

from common.config import load
from tools.ctl.tables import config_lines, status_lines, table

PROCESS = {"name": "fanout-0", "pid": 7, "uptime_s": 3725.0, "rss_bytes": 29_400_000, "cpu_percent": 1.26}
CAMERA = {
    "id": "porch", "online": True, "stalled": False, "width": 640, "height": 480, "fps": 24.96,
    "jpeg_bytes_per_s": 612_000, "h264_bytes_per_s": 98_000, "viewers": 2, "last_frame_age_s": 0.04,
}  # fmt: skip


def test_table_is_aligned():
    assert table(("a", "bbb"), [("1", "2"), ("333", "4")]) == ["a    bbb", "1    2", "333  4"]


def test_status_shows_a_row_a_process_and_a_camera():
    lines = status_lines({"processes": [PROCESS], "cameras": [CAMERA], "viewers": [{}]})

    assert lines[1].split() == ["fanout-0", "7", "1", "h", "2", "min", "29", "MB", "1.3", "%"]
    assert lines[4].split() == [
        "porch", "online", "640x480", "25.0", "612", "kB/s", "98", "kB/s", "2", "0.0", "s",
    ]  # fmt: skip
    assert lines[-1] == "1 viewer"


def test_status_tells_offline_and_stalled_cameras_apart():
    lines = status_lines({"cameras": [{**CAMERA, "stalled": True}, {"id": "attic", "online": False}]})

    assert lines[3].split()[:2] == ["porch", "stalled"]
    assert lines[4].split()[:3] == ["attic", "offline", "-"]


def test_status_without_cameras_says_what_to_do():
    assert any("no camera was seen yet" in line for line in status_lines({"processes": [PROCESS]}))


def test_config_marks_what_is_no_default():
    lines = config_lines(load({"CAM_PORT": "9000"}))

    assert lines[1].split() == ["server.port", "9000", "CAM_PORT"]
    assert lines[2].split() == ["server.ingest_port", "8081", "default"]
    assert any(line.split() == ["server.allowed_origins", "(none)", "default"] for line in lines)
