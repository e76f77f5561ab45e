from pathlib import Path

import pytest

from tools.mock_camera.client import Limits
from tools.mock_camera.faults import Corrupt, Faults, Resize, Stall, Vanish
from tools.mock_camera.framing import Framing
from tools.mock_camera.options import Options, Server, parse_options, parse_server
from tools.mock_camera.sizes import Size


def test_no_flags_mean_a_good_camera():
    assert parse_options([]) == Options(
        cameras=("cam-1",),
        server=Server("127.0.0.1", 8080),
        path="/ws/camera/{camera}",
        fps=25.0,
        size=Size(640, 480),
        quality=12,
        images=None,
        prerender=0,
        limits=Limits(0, 0.0),
        log_sends=None,
        seed=None,
        quiet=False,
        die_with_parent=False,
        faults=Faults(),
    )


def test_every_fault_has_a_flag():
    flags = (
        "--jitter 30 --burst 4 --stall 3:20 --corrupt junk,spliced:0.5 --resize hd:2 --vanish 6:1 "
        "--fragment 1024 --empty-fragments --zero-mask --no-pong"
    )
    assert parse_options(flags.split()).faults == Faults(
        jitter_s=0.03,
        burst=4,
        stall=Stall(3, 20),
        corrupt=Corrupt(("junk", "spliced"), 0.5),
        resize=Resize(Size(1280, 720), 2),
        vanish=Vanish(6, 1),
        framing=Framing(1024, empty_ends=True, zero_mask=True),
        pongs=False,
    )


def test_other_flags_are_taken_as_given():
    flags = (
        "--fps 0.5 --size 320x240 --quality 20 --path /ws/camera --frames 7 --duration 2.5 --log-sends a.txt --quiet"
    )
    options = parse_options([*flags.split(), "--server", "[::1]:80", "--seed", "3"])
    assert (options.fps, options.size, options.quality) == (0.5, Size(320, 240), 20)
    assert (options.path, options.server, options.limits) == ("/ws/camera", Server("::1", 80), Limits(7, 2.5))
    assert (options.log_sends, options.seed, options.quiet) == (Path("a.txt"), 3, True)


@pytest.mark.parametrize(("flags", "names"), [
    ("--camera porch", ("porch",)),
    ("--camera porch --cameras 3", ("porch-1", "porch-2", "porch-3")),
    ("--cameras 2", ("cam-1", "cam-2")),
])  # fmt: skip
def test_several_cameras_are_numbered(flags, names):
    assert parse_options(flags.split()).cameras == names


@pytest.mark.parametrize("text", ["", "host", "host:", ":8080", "host:0", "host:65536", "host:http", "::1:8080", "h:²"])
def test_server_that_is_no_address_is_refused(text):
    with pytest.raises(ValueError, match=r"is no HOST:PORT|stands in brackets"):
        parse_server(text)


@pytest.mark.parametrize(("flags", "words"), [
    ("--fps 0", "--fps: '0' is no frame rate from 0.01 to 1000"),
    ("--fps nan", "--fps: 'nan' is no frame rate"),
    ("--size tiny", "--size: 'tiny' is no size"),
    ("--server nowhere", "--server: 'nowhere' is no HOST:PORT, such as 127.0.0.1:8080"),
    ("--cameras 0", "--cameras: '0' is no whole number from 1 to 1000"),
    ("--cameras 2.5", "--cameras: '2.5' is no whole number"),
    ("--quality 3", "--quality: '3' is no whole number from 4 to 63"),
    ("--corrupt bent", "--corrupt: 'bent' is no kind of corruption"),
    ("--path ws", "--path: 'ws' is no path: it starts with /"),
    ("--fragment 0", "--fragment: '0' is no whole number"),
    ("--jit 3", "unrecognized arguments: --jit 3"),
    ("--images x --resize vga", "it goes neither with --resize nor with --prerender"),
])  # fmt: skip
def test_wrong_flag_is_one_sentence_and_exit_2(flags, words, capsys):
    with pytest.raises(SystemExit) as ended:
        parse_options(flags.split())
    said = capsys.readouterr()
    assert ended.value.code == 2
    assert words in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


def test_help_names_every_flag(capsys):
    with pytest.raises(SystemExit) as ended:
        parse_options(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    for flag in ("--jitter", "--stall", "--corrupt", "--fragment", "--resize", "--zero-mask", "--no-pong", "--vanish"):
        assert flag in text
