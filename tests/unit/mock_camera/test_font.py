import string

from tools.mock_camera.font import ADVANCE, GLYPH_HEIGHT, text_lines

CAMERA_NAME_LETTERS = string.ascii_lowercase + string.digits + "_-"


def test_every_letter_of_a_camera_name_looks_different():
    drawn = {tuple(text_lines(letter, 1, 1, 0)) for letter in CAMERA_NAME_LETTERS + " .:#/?"}
    assert len(drawn) == len(CAMERA_NAME_LETTERS) + 6


def test_text_lines_are_scaled_and_spaced():
    lines = text_lines("1-", 3, ink=200, paper=10)
    assert len(lines) == GLYPH_HEIGHT
    assert {len(line) for line in lines} == {2 * ADVANCE * 3}
    # The hyphen's middle line: one dot of space, three of ink, one of space, and the gap after the letter.
    assert lines[3][ADVANCE * 3 :] == bytes([10] * 3 + [200] * 9 + [10] * 6)


def test_unknown_letters_become_question_marks_and_capitals_do_not_matter():
    assert text_lines("ä", 1, 1, 0) == text_lines("?", 1, 1, 0)
    assert text_lines("porch", 1, 1, 0) == text_lines("PORCH", 1, 1, 0)
