"""The life of a process: settings refused in one line, a log that never waits."""

import os
import subprocess
import sys

from common.config import load
from common.service import Process, Usage, parse_options, stamp_alive


def test_wrong_setting_ends_the_process_with_one_line_and_status_2():
    environ = {**os.environ, "CAM_PORT": "no"}
    ended = subprocess.run(
        [sys.executable, "-m", "services.broker"], env=environ, capture_output=True, text=True, timeout=20, check=False
    )
    assert ended.returncode == 2
    assert ended.stderr == "broker: CAM_PORT='no': expected a whole number from 1 to 65535\n"


def test_log_drops_lines_when_its_reader_stalls():
    script = (
        "import logging; from common.service import log_to_stderr; log_to_stderr('info', 'x')\n"
        "for n in range(5000): logging.info('%d %s', n, 'x' * 100)\n"
        "print('done', flush=True)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        # Nobody reads stderr, whose pipe holds 64 KiB, and the child comes to its end all the same.
        assert child.stdout.readline() == "done\n"
        child.communicate(timeout=20)


def test_lost_lines_are_told_when_the_reader_is_back():
    script = (
        "import logging, sys; from common.service import log_to_stderr; log_to_stderr('info', 'x')\n"
        "for n in range(5000): logging.info('%d %s', n, 'x' * 100)\n"
        "print('done', flush=True); sys.stdin.readline(); logging.info('last')"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", script], text=True, **pipes) as child:
        assert child.stdout.readline() == "done\n"
        os.read(child.stderr.fileno(), 1 << 16)
        _, rest = child.communicate("go on\n", timeout=20)
    assert "log lines lost: reader stalled" in rest
    assert rest.rstrip().endswith("x: last")


def test_name_is_the_stage_s_first_when_not_given():
    assert parse_options("fanout", []).name == "fanout-0"
    assert parse_options("fanout", ["--name", "fanout-3"]).name == "fanout-3"


def test_usage_tells_memory_and_cpu_of_a_process():
    usage = Usage()
    assert usage.read(os.getpid(), 1)["cpu_percent"] == 0
    busy = sum(n * n for n in range(2_000_000))
    second = usage.read(os.getpid(), 1 + 10**9)
    assert busy > 0
    assert second["rss_bytes"] > 1_000_000
    assert second["cpu_percent"] > 0
    assert usage.read(2**22 + 1, 5)["rss_bytes"] == 0


def test_sign_of_life_that_cannot_be_left_is_said_once_and_ends_nobody(tmp_path, caplog):
    settings = load({"CAM_RUN_DIR": str(tmp_path / "run"), "CAM_STATE_DIR": str(tmp_path / "state")})
    process = Process("fanout-0", "fanout", "host", 1, 0)
    (tmp_path / "run").write_text("no folder")
    for _ in range(3):
        stamp_alive(settings, process)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    (tmp_path / "run").unlink()
    stamp_alive(settings, process)
    assert (tmp_path / "run" / "alive" / "fanout-0").exists()
