"""Children of a room: out of everybody's way, and gone with whoever started them."""

import os
import subprocess
import sys

from common.child import command
from common.config import PROJECT_DIR

LAST_NICE = 19


def said_by(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, cwd=PROJECT_DIR, check=False
    )


def test_child_gives_way_to_everybody():
    said = said_by("import os; from common.child import give_way; give_way(); give_way(); print(os.nice(0))")
    assert (said.stdout.strip(), said.stderr) == (str(LAST_NICE), "")


def test_child_begins_when_its_room_lives():
    program = "import sys; from common.child import begin_child; begin_child(sys.argv[1:]); print('at work')"
    said = said_by(program, str(os.getpid()))
    assert (said.stdout, said.returncode) == ("at work\n", 0)


def test_child_of_a_room_that_has_died_ends_at_once():
    program = "import sys; from common.child import begin_child; begin_child(sys.argv[1:]); print('at work')"
    for arguments in ((), ("1",)):
        said = said_by(program, *arguments)
        assert (said.stdout, said.returncode) == ("", 1)


def test_command_names_the_module_and_its_room():
    assert command("services.x.y_child")[1:] == ["-m", "services.x.y_child", str(os.getpid())]
