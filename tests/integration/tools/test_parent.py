"""Children of supervisord that outlived it before they could ask to end with it."""

import os
import subprocess
import sys

import pytest

from common.config import PROJECT_DIR, load
from tools.launcher.__main__ import environment

CHILD = "from common.service import die_with_parent; die_with_parent(); print('lives')"


@pytest.mark.parametrize(("variables", "output"), [({}, "lives"), ({"SUPERVISORD_PID": "1"}, "")])
def test_child_ends_when_its_parent_is_not_the_supervisord_it_was_told(variables, output):
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        cwd=PROJECT_DIR,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.stdout.strip() == output


def test_port_holder_ends_when_its_parent_is_not_the_supervisord_it_was_told():
    command = [sys.executable, "-m", "tools.hold_port"]
    environ = {**os.environ, "SUPERVISORD_PID": "1"}

    assert subprocess.run(command, cwd=PROJECT_DIR, env=environ, timeout=60, check=False).returncode == 0


def test_launcher_tells_its_own_id_because_it_becomes_supervisord():
    assert environment(load({}), {}, is_demo=False)["SUPERVISORD_PID"] == str(os.getpid())
