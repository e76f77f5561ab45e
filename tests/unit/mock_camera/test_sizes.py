import pytest

from tools.mock_camera.sizes import SIZES, Size, parse_size


@pytest.mark.parametrize("text", ["vga", "VGA", "640x480", "640X480"])
def test_parse_size_takes_names_and_numbers(text):
    assert parse_size(text) == Size(640, 480)


def test_parse_size_knows_the_names_of_esp32_sketches():
    assert {"qqvga", "qvga", "cif", "vga", "svga", "xga", "hd", "uxga"} <= set(SIZES)
    assert parse_size("uxga") == (1600, 1200)
    assert parse_size("hd") == (1280, 720)


@pytest.mark.parametrize("text", ["", "big", "640", "640x", "x480", "-640x480", "6 40x480", "\u0666\u0664\u0660x480"])
def test_parse_size_refuses_what_is_no_size_in_a_sentence(text):
    with pytest.raises(ValueError, match=r"is no size: give WIDTHxHEIGHT or one of .*vga"):
        parse_size(text)


@pytest.mark.parametrize("text", ["63x480", "640x63", "0x0", "4097x480", "99999x99999"])
def test_parse_size_refuses_sides_out_of_range(text):
    with pytest.raises(ValueError, match="out of range: each side has 64 to 4096 pixels"):
        parse_size(text)
