"""What the launcher prints and hands on."""

import os
import subprocess
import sys

from common.config import load
from tools.launcher import lock
from tools.launcher.__main__ import environment
from tools.launcher.announce import greeting
from tools.launcher.preflight import recording_trouble


def settings(tmp_path, **variables):
    return load({"CAM_RUN_DIR": str(tmp_path), "CAM_STATE_DIR": str(tmp_path / "state"), **variables})


def test_greeting_names_the_addresses_here_and_in_the_network(tmp_path):
    lines = greeting(settings(tmp_path), "192.168.1.5", is_demo=False).splitlines()

    assert lines == [
        "esp32-stream is up; Ctrl-C ends it.",
        "  page    http://127.0.0.1:8080/   in the network: http://192.168.1.5:8080/",
        "  camera  ws://192.168.1.5:8080/ws/camera/<name>",
        f"  logs    {tmp_path}/logs",
    ]


def test_greeting_names_only_the_address_that_is_bound(tmp_path):
    text = greeting(settings(tmp_path, CAM_BIND="127.0.0.1", CAM_PORT="9000"), "192.168.1.5", is_demo=True)

    assert "192.168.1.5" not in text
    assert "ws://127.0.0.1:9000/ws/camera/<name>" in text
    assert "two simulated cameras" in text


def test_environment_fills_supervisord_conf_in_and_keeps_the_rest(tmp_path):
    filled = environment(settings(tmp_path, CAM_PORT="9000"), {"LANG": "C", "CAM_PORT": "9000"}, is_demo=False)

    assert filled["LANG"] == "C"
    assert (filled["CAM_PORT"], filled["CAM_INGEST_PORT"], filled["CAM_BIND"]) == ("9000", "8081", "0.0.0.0")
    assert filled["CAM_RUN_DIR"] == str(tmp_path)
    assert filled["CAM_DEMO"] == "false"
    # The services accept every variable that the launcher hands on.
    load(filled)


def test_folder_of_recordings_that_cannot_be_used_is_said_in_a_sentence_where_something_is_recorded(tmp_path):
    (tmp_path / "taken").touch()
    folder = {"CAM_RECORDING_DIR": str(tmp_path / "taken" / "footage")}

    sentence = recording_trouble(settings(tmp_path, CAM_RECORDING_MODE="event", **folder))

    assert sentence == (
        f"CAM_RECORDING_DIR='{tmp_path}/taken/footage': {tmp_path}/taken is no folder, so nothing is recorded until "
        "that is changed; live runs"
    )
    assert recording_trouble(settings(tmp_path, **folder)) == ""
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "recording.json").touch()
    assert recording_trouble(settings(tmp_path, **folder)) == sentence


def test_folder_of_recordings_that_is_yet_to_be_made_is_no_trouble(tmp_path):
    chosen = settings(tmp_path, CAM_RECORDING_MODE="continuous", CAM_RECORDING_DIR=str(tmp_path / "a" / "b"))

    assert recording_trouble(chosen) == ""
    assert not (tmp_path / "a").exists()


def test_lock_is_held_by_one_and_free_when_its_holder_is_gone(tmp_path):
    assert lock.holder(tmp_path) is None
    fd = lock.acquire(tmp_path)
    try:
        assert fd is not None
        assert lock.holder(tmp_path) == os.getpid()
        assert lock.acquire(tmp_path) is None
    finally:
        os.close(fd)
    assert lock.holder(tmp_path) is None


def test_lock_goes_with_the_process_that_was_started_in_its_holders_place(tmp_path):
    script = (
        "import os, sys; from pathlib import Path; from tools.launcher import lock\n"
        # Whoever asks for the holder has the lock for a moment.
        "while lock.acquire(Path(sys.argv[1])) is None: pass\n"
        "os.execvp('sleep', ['sleep', '60'])"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)])
    try:
        while lock.holder(tmp_path) is None:
            assert process.poll() is None
        assert lock.holder(tmp_path) == process.pid
    finally:
        process.kill()
        process.wait()
    assert lock.holder(tmp_path) is None
