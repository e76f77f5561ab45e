"""The make targets without a pipeline: what they list, and the one sentence that says why something cannot be."""

import os
import re
import socket
import subprocess

import pytest

from common.config import PROJECT_DIR
from tests.helpers.pipeline import Pipeline

TARGETS = {
    "run-all", "demo", "mock-camera", "scale", "restart", "release", "status", "stop", "config", "test", "check",
    "bench", "help", "logs", "clean",
}  # fmt: skip


def sentences(output):
    """Return the lines that are the project's own; make's and the requirements' are not."""
    lines = [line for line in output.splitlines() if line and not line.startswith("make: ")]
    return [line for line in lines if "installing requirements" not in line]


@pytest.fixture
def nothing_runs(tmp_path):
    return Pipeline(tmp_path)


def test_make_help_lists_every_target_with_a_line(nothing_runs):
    done = nothing_runs.make("help")

    assert done.returncode == 0
    listed = dict(re.findall(r"^  make ([a-z-]+) +(\S.*)$", done.stdout, re.MULTILINE))
    phony = re.search(r"^\.PHONY: (.*)$", (PROJECT_DIR / "Makefile").read_text(), re.MULTILINE)
    assert set(listed) == set(phony[1].split())
    assert set(listed) >= TARGETS


def test_make_alone_is_make_help(nothing_runs):
    assert nothing_runs.make().stdout == nothing_runs.make("help").stdout


@pytest.mark.parametrize("target", [("status",), ("scale", "fanout=2"), ("restart",), ("release", "CAMERA=porch")])
def test_operating_target_says_that_nothing_runs(nothing_runs, target):
    done = nothing_runs.make(*target)

    assert done.returncode != 0
    assert sentences(done.stdout) == [
        f"esp32-stream: no pipeline runs in {nothing_runs.run_dir}; `make run-all` starts one"
    ]


def test_make_stop_is_content_when_nothing_runs(nothing_runs):
    done = nothing_runs.make("stop")

    assert done.returncode == 0
    assert sentences(done.stdout) == [f"no pipeline runs in {nothing_runs.run_dir}"]


def test_make_config_shows_each_value_and_where_it_came_from(tmp_path):
    pipeline = Pipeline(tmp_path, env={"CAM_TRANSCODE_GOP_S": "2.5"})
    pipeline.environment()
    (pipeline.folder / "settings.toml").write_text('[fanout]\nmax_age_ms = 700\n[camera.porch]\nlabel = "Веранда"\n')

    rows = {line.split("  ")[0]: line for line in sentences(pipeline.make("config").stdout)}

    assert re.search(r"2\.5 +CAM_TRANSCODE_GOP_S$", rows["transcode.gop_s"])
    assert re.search(r"700 +.*settings\.toml$", rows["fanout.max_age_ms"])
    assert re.search(r"superfast|ultrafast|veryfast", rows["transcode.preset"])
    assert rows["transcode.preset"].endswith(" default")
    assert "Веранда" in rows["camera.porch.label"]


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("CAM_PORT", "eighty", "a whole number from 1 to 65535"),
        ("CAM_PORT", "0", "a whole number from 1 to 65535"),
        ("CAM_TRANSCODE_PRESET", "fastest", "one of ultrafast"),
        ("CAM_PROT", "8080", "did you mean CAM_PORT"),
        ("CAM_BIND", "no.such.host.invalid", "an IPv4 address of this machine"),
        ("CAM_BIND", "192.0.2.7", "an IPv4 address of this machine"),
    ],
)
def test_wrong_setting_stops_the_start_with_its_name_value_and_what_was_expected(tmp_path, variable, value, expected):
    done = Pipeline(tmp_path, env={variable: value}).make("run-all")

    assert done.returncode != 0
    (sentence,) = sentences(done.stdout)
    assert f"{variable}={value!r}" in sentence
    assert expected in sentence


def test_wrong_setting_in_the_file_names_the_file(tmp_path):
    pipeline = Pipeline(tmp_path)
    pipeline.environment()
    (pipeline.folder / "settings.toml").write_text("[transcode]\nbitrate_kbps = 1\n")

    (sentence,) = sentences(pipeline.make("run-all").stdout)

    assert "bitrate_kbps=1" in sentence
    assert "settings.toml" in sentence
    assert "from 50 to 50000" in sentence


@pytest.mark.parametrize("variable", ["CAM_PORT", "CAM_INGEST_PORT"])
def test_port_in_use_is_said_with_the_setting_that_changes_it(tmp_path, variable):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = Pipeline(tmp_path, env={variable: port}).make("run-all")

    assert done.returncode != 0
    (sentence,) = sentences(done.stdout)
    assert f"port {port} is in use" in sentence
    assert variable in sentence


def test_two_equal_ports_are_refused(tmp_path):
    pipeline = Pipeline(tmp_path)
    pipeline.ingest_port = pipeline.port

    (sentence,) = sentences(pipeline.make("run-all").stdout)

    assert "CAM_PORT and CAM_INGEST_PORT are both" in sentence


def test_run_folder_with_too_long_socket_paths_is_said_in_one_sentence(tmp_path):
    folder = f"/tmp/{'x' * 100}"
    done = Pipeline(tmp_path, env={"CAM_RUN_DIR": folder}).make("run-all")

    assert done.returncode != 0
    (sentence,) = sentences(done.stdout)
    assert f"CAM_RUN_DIR='{folder}'" in sentence
    assert re.search(r"at most \d+ bytes", sentence)
    assert not os.path.exists(folder)


def test_run_folder_that_is_a_file_is_said_in_one_sentence(tmp_path):
    blocked = tmp_path / "taken"
    blocked.write_text("")

    (sentence,) = sentences(Pipeline(tmp_path, env={"CAM_RUN_DIR": str(blocked)}).make("run-all").stdout)

    assert f"CAM_RUN_DIR='{blocked}' cannot be made" in sentence


def test_mock_camera_target_passes_a_wrong_flag_on(nothing_runs):
    done = nothing_runs.make("mock-camera", "CAMERA=porch", "FPS=soon", "SERVER=127.0.0.1:9")

    assert done.returncode != 0
    assert "fps" in done.stdout


class Clone:
    """A folder with the installer and a PATH that holds only what a test puts there."""

    def __init__(self, folder):
        self.folder = folder
        self.programs = folder / "bin"
        self.programs.mkdir()
        (folder / "requirements").mkdir()
        installer = (PROJECT_DIR / "requirements" / "install.sh").read_text()
        (folder / "requirements" / "install.sh").write_text(installer)
        (self.programs / "dirname").symlink_to("/usr/bin/dirname")

    def add_python(self, name, script):
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def install(self):
        return subprocess.run(
            ["/bin/sh", "requirements/install.sh", "run"],
            cwd=self.folder,
            env={"PATH": str(self.programs)},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )


@pytest.fixture
def clone(tmp_path):
    return Clone(tmp_path)


def test_old_python_is_said_with_what_is_needed(clone):
    clone.add_python("python3", 'case "$2" in *platform*) echo 3.9.2;; *) exit 1;; esac')

    done = clone.install()

    assert done.returncode == 1
    assert done.stderr == (
        "esp32-stream: Python 3.11 or newer is needed, found 3.9.2; "
        "install one, or name it: make PYTHON=/path/to/python3.11\n"
    )


def test_newer_python_of_another_name_is_found(clone):
    clone.add_python("python3", "exit 1")
    clone.add_python("python3.12", 'case "$2" in *ensurepip*) exit 1;; *print*) echo 3.12;; *) exit 0;; esac')

    done = clone.install()

    # Found: its next question is already about that one's venv.
    assert done.stderr.splitlines() == [
        "esp32-stream: this Python lacks venv; on Debian and Ubuntu: apt-get install python3.12-venv"
    ]
