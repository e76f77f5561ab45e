"""The tables of `make status` and `make config`."""

import time

from common.config import load
from tools.ctl.tables import config_lines, status_lines, table

PROCESS = {"name": "fanout-0", "pid": 7, "uptime_s": 3725.0, "rss_bytes": 29_400_000, "cpu_percent": 1.26}
CAMERA = {
    "id": "porch", "online": True, "stalled": False, "width": 640, "height": 480, "fps": 24.96,
    "jpeg_bytes_per_s": 612_000, "h264_bytes_per_s": 98_000, "viewers": 2, "last_frame_age_s": 0.04,
    "delay_ms": {"whole": {"p50": 8.21, "p95": 31.4}, "ingest": {"p50": 1.0, "p95": 2.0}}, "dropped": {},
}  # fmt: skip


def test_table_is_aligned():
    assert table(("a", "bbb"), [("1", "2"), ("333", "4")]) == ["a    bbb", "1    2", "333  4"]


def test_status_shows_a_row_a_process_and_a_camera():
    lines = status_lines({"processes": [PROCESS], "cameras": [CAMERA], "viewers": [{}]})

    assert lines[1].split() == ["fanout-0", "7", "1", "h", "2", "min", "29", "MB", "1.3", "%"]
    assert lines[4].split() == ["porch", "online", "640x480", "25.0", "612", "98", "2", "8.2", "/", "31", "0"]
    assert lines[-1] == "1 viewer"


def test_status_tells_offline_and_stalled_cameras_apart_and_since_when():
    cameras = [
        {**CAMERA, "stalled": True, "last_frame_age_s": 12.3},
        {"id": "attic", "online": False, "last_frame_age_s": 7300.0},
        {"id": "gate", "online": False, "last_frame_age_s": None},
    ]
    lines = status_lines({"cameras": cameras})

    assert lines[3].split()[:4] == ["porch", "stalled", "12", "s"]
    assert lines[4].split()[:5] == ["attic", "offline", "2", "h", "-"]
    assert lines[5].split()[:3] == ["gate", "offline", "-"]


def test_status_says_what_was_lost_and_where():
    ledger = [{"hop": "fanout", "bus_from": {"transcode-0": 3}}, {"hop": "transcode", "bus_from": {"ingest-0": 1}}]
    lines = status_lines({"cameras": [{**CAMERA, "dropped": {"bus": 4, "overload": 9}, "ledger": ledger}]})

    assert lines[3].split()[-1] == "13"
    assert lines[-1] == "porch: dropped 9 overload, 4 bus (on the bus: 3 of transcode-0, 1 of ingest-0)"


def test_status_says_what_is_limited_isolated_and_in_quarantine():
    cameras = [
        {**CAMERA, "limited": {"reason": "overload", "fps": 8.0, "preset": "ultrafast"}},
        {**CAMERA, "id": "yard", "isolated": True, "warning": "two devices want this name"},
        {**CAMERA, "id": "gate", "quarantine": {"until": time.time() + 1810, "reason": "it crashed 3 times"}},
    ]
    overload = [{"process": "transcode-0", "level": 2, "rule": "tiles at 8 fps"}]
    lines = status_lines({"cameras": cameras, "overload": overload})

    assert lines[-5:] == [
        "transcode-0 cannot encode all that is asked of it: tiles at 8 fps",
        "porch: limited to 8 fps, preset ultrafast (overload)",
        "yard: encoded by a process of its own, since it crashed one",
        "yard: two devices want this name",
        "gate: in quarantine for 30 min: it crashed 3 times; make release CAMERA=gate ends it",
    ]


def test_status_says_what_is_recorded_and_why_something_is_not():
    told = {"mode": "continuous", "state": "recording", "reason": "", "detail": "", "newest": time.time() - 10_860}
    cameras = [
        {**CAMERA, "recording": {**told, "shift_s": 3600.0}},
        {**CAMERA, "id": "yard", "recording": {"mode": "event"}},
        {**CAMERA, "id": "hall", "recording": {**told, "mode": "event", "state": "waiting", "reason": "no_event"}},
        {
            **CAMERA, "id": "gate",
            "recording": {**told, "state": "stopped", "reason": "disk_full", "detail": "3 MB are free", "newest": None},
        },
    ]  # fmt: skip
    lines = status_lines({"cameras": [*cameras, {**CAMERA, "id": "attic"}]})

    head = lines.index(next(line for line in lines if line.startswith("camera") and "recording" in line))
    assert [line.split() for line in lines[head + 1 : head + 6]] == [
        ["porch", "continuous", "recording", "3", "h", "ago"],
        ["yard", "event", "starting", "-"],
        ["hall", "event", "waiting", "3", "h", "ago"],
        ["gate", "continuous", "stopped", "-"],
        [],
    ]
    assert lines[-2:] == [
        "porch: the clock was set back, so footage is stored 1 h ahead of it for now",
        "gate: no footage at the moment, disk full: 3 MB are free",
    ]


def test_status_says_nothing_of_recording_where_nothing_is_recorded():
    assert not any("recording" in line for line in status_lines({"cameras": [CAMERA]}))


def test_status_fits_a_terminal_whatever_it_says():
    worst = {
        **CAMERA, "id": "a" * 32, "online": False, "last_frame_age_s": 59 * 60.0, "width": 1600, "height": 1200,
        "viewers": 2500, "jpeg_bytes_per_s": 9e6, "delay_ms": {"whole": {"p50": 1234.0, "p95": 57000.0}},
        "dropped": {f"cause_{number}": 10**7 for number in range(20)}, "warning": "a sentence of many words " * 9,
        "recording": {"mode": "continuous", "state": "recording", "reason": "unwritable", "detail": "many words " * 18},
    }  # fmt: skip
    lines = status_lines({"processes": [PROCESS], "cameras": [worst, CAMERA]})

    assert max(map(len, lines)) <= 100
    assert any("aaa…" in line for line in lines)


def test_status_without_cameras_says_what_to_do():
    assert any("no camera was seen yet" in line for line in status_lines({"processes": [PROCESS]}))


def test_config_marks_what_is_no_default():
    lines = config_lines(load({"CAM_PORT": "9000"}))

    assert lines[1].split() == ["server.port", "9000", "CAM_PORT"]
    assert lines[2].split() == ["server.ingest_port", "8081", "default"]
    assert any(line.split() == ["server.allowed_origins", "(none)", "default"] for line in lines)
