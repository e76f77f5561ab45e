"""Whom a life that ended suspects: by its note of who was in the codecs, and by what was written of its end."""

import pytest

from services.transcode.suspects import (
    Suspects,
    blank_note,
    find_suspects,
    hang_line,
    ident_range,
    name_range,
    pack_ident,
    pack_name,
)

LIFE = 0x7123456789ABCDEF
PORCH, YARD = 0x00007F15ECF91C40, 0x00007F15EC000000
CRASH = """Fatal Python error: Segmentation fault

Thread 0x{other:016x} (most recent call first):
  File "/srv/common/codec.py", line 44 in decode

Current thread 0x{current:016x} (most recent call first):
  File "/srv/common/codec.py", line 44 in decode

Extension modules: av._core (total: 1)
"""


def note(*slots: tuple[int, str]) -> bytes:
    content = bytearray(blank_note(LIFE, 4))
    for slot, (ident, camera) in enumerate(slots):
        content[ident_range(slot)] = pack_ident(ident)
        content[name_range(slot)] = pack_name(camera)
    return bytes(content)


BOTH = note((PORCH, "porch"), (YARD, "yard"))


@pytest.mark.parametrize(("ident", "camera"), [(PORCH, "porch"), (YARD, "yard")])
def test_camera_of_the_thread_that_crashed_is_suspected(ident, camera):
    fault = CRASH.format(current=ident, other=PORCH + YARD - ident)
    assert find_suspects(BOTH, fault) == Suspects((camera,), LIFE)


def test_all_are_suspected_when_the_thread_is_nobodys():
    assert find_suspects(BOTH, CRASH.format(current=77, other=PORCH)) == Suspects(("porch", "yard"), LIFE)


def test_all_are_suspected_when_the_thread_is_not_pythons():
    fault = "Fatal Python error: Aborted\n\nThread 0x00007f15ecf91c40 (most recent call first):\n"
    assert find_suspects(BOTH, fault) == Suspects(("porch", "yard"), LIFE)


def test_thread_that_crashed_outside_the_codecs_leaves_the_others_suspect():
    assert find_suspects(note((PORCH, ""), (YARD, "yard")), CRASH.format(current=PORCH, other=1)) == Suspects(
        ("yard",), LIFE
    )


def test_process_that_was_killed_suspects_nobody():
    assert find_suspects(BOTH, "") is None


def test_crash_with_no_camera_at_work_suspects_nobody():
    assert find_suspects(note((PORCH, ""), (YARD, "")), CRASH.format(current=PORCH, other=1)) is None


def test_camera_whose_codec_hung_is_suspected_and_no_other():
    assert find_suspects(BOTH, hang_line("yard")) == Suspects(("yard",), LIFE)


def test_camera_that_hung_in_one_thread_while_another_crashed_is_suspected_too():
    fault = hang_line("yard") + CRASH.format(current=PORCH, other=YARD)
    assert find_suspects(BOTH, fault) == Suspects(("yard", "porch"), LIFE)


@pytest.mark.parametrize("damaged", [b"", b"codecs-1", b"codecs-1\0\0", b"other" * 40, BOTH[:20]])
def test_damaged_note_suspects_nobody(damaged):
    assert find_suspects(damaged, CRASH.format(current=PORCH, other=1)) is None


def test_names_that_are_no_cameras_are_left_out():
    assert find_suspects(note((PORCH, "../x"), (YARD, "yard")), CRASH.format(current=1, other=1)) == Suspects(
        ("yard",), LIFE
    )


def test_longest_name_of_a_camera_has_room():
    assert find_suspects(note((PORCH, "c" * 32)), CRASH.format(current=PORCH, other=1)) == Suspects(("c" * 32,), LIFE)
