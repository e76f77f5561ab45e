"""The command line of the simulated camera. A wrong flag is one sentence on standard error and exit status 2."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, NoReturn, TypeVar

from tools.mock_camera.client import DEFAULT_PATH, Limits
from tools.mock_camera.corruption import CORRUPTIONS
from tools.mock_camera.faults import (
    MAX_FPS,
    MIN_FPS,
    Faults,
    parse_corrupt,
    parse_rates,
    parse_resize,
    parse_stall,
    parse_vanish,
    seconds,
)
from tools.mock_camera.framing import Framing
from tools.mock_camera.scene import BEST_QUALITY, DEFAULT_QUALITY, WORST_QUALITY
from tools.mock_camera.sizes import SIZES, Size, parse_size

BAD_FLAG: Final = 2
_DEFAULT_NAME: Final = "cam"
_MAX_CAMERAS: Final = 1000
_MAX_COUNT: Final = 1_000_000_000
_MAX_JITTER_MS: Final = 60_000
_MAX_BURST: Final = 1000
_MAX_FRAGMENT_BYTES: Final = 2**20

Value = TypeVar("Value")


class Server(NamedTuple):
    """Where the cameras connect."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asked for."""

    cameras: tuple[str, ...]
    server: Server
    path: str
    fps: float
    size: Size
    quality: int
    images: Path | None
    prerender: int
    limits: Limits
    log_sends: Path | None
    seed: int | None
    quiet: bool
    die_with_parent: bool
    faults: Faults


def parse_options(arguments: Sequence[str]) -> Options:
    """Return the options; ends the process with status 2 (or 0 after --help)."""
    parser = _parser()
    found = parser.parse_args(arguments)
    if found.images and (found.resize or found.prerender):
        parser.error("--images plays pictures as they are: it goes neither with --resize nor with --prerender")
    return Options(
        cameras=_names(found.camera, found.cameras),
        server=found.server,
        path=found.path,
        fps=found.fps,
        size=found.size,
        quality=found.quality,
        images=found.images,
        prerender=found.prerender,
        limits=Limits(found.frames, found.duration),
        log_sends=found.log_sends,
        seed=found.seed,
        quiet=found.quiet,
        die_with_parent=found.die_with_parent,
        faults=Faults(
            jitter_s=found.jitter / 1000,
            burst=found.burst,
            stall=found.stall,
            rates=found.rates,
            corrupt=found.corrupt,
            resize=found.resize,
            vanish=found.vanish,
            framing=Framing(found.fragment, found.empty_fragments, found.zero_mask),
            pongs=not found.no_pong,
        ),
    )


def parse_server(text: str) -> Server:
    """Return what HOST:PORT means ([::1]:8080 for IPv6); raises ValueError with a sentence."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65_536:
        raise ValueError(f"{text!r} is no HOST:PORT, such as 127.0.0.1:8080")
    if ":" in host and not (host.startswith("[") and host.endswith("]")):
        raise ValueError(f"{text!r}: an IPv6 address stands in brackets, as in [::1]:8080")
    return Server(host.removeprefix("[").removesuffix("]"), int(port))


def refusal(sentence: str) -> str:
    """Return the line that says why nothing was started."""
    return f"mock-camera: {sentence} (--help lists the flags)\n"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        # argparse would print the whole usage before it.
        self.exit(BAD_FLAG, refusal(message))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m tools.mock_camera",
        description="A simulated ESP32 camera: pushes JPEGs of a moving scene to a server, and reconnects for ever.",
        allow_abbrev=False,
    )
    _add_picture_flags(parser.add_argument_group("what is sent"))
    _add_server_flags(parser.add_argument_group("where, and how long"))
    _add_fault_flags(parser.add_argument_group("misbehaviour"))
    return parser


def _add_picture_flags(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--camera", default="", metavar="NAME", help="the camera's name (default cam-1)")
    count = _flag(_within(1, _MAX_CAMERAS))
    group.add_argument("--cameras", type=count, default=1, metavar="N", help="that many, called NAME-1 to NAME-N")
    group.add_argument("--fps", type=_flag(_fps), default=25.0, help="frames a second (default 25)")
    size_help = f"WIDTHxHEIGHT or {', '.join(SIZES)} (default vga)"
    group.add_argument("--size", type=_flag(parse_size), default=SIZES["vga"], help=size_help)
    quality = _flag(_within(BEST_QUALITY, WORST_QUALITY))
    quality_help = f"as the sensor's register: {BEST_QUALITY} (best) to {WORST_QUALITY} (default {DEFAULT_QUALITY})"
    group.add_argument("--quality", type=quality, default=DEFAULT_QUALITY, help=quality_help)
    group.add_argument("--images", type=Path, metavar="FOLDER", help="play its JPEG files instead of the scene")
    prerender_help = "draw N frames beforehand and repeat them, numbers included: for many cameras at once"
    group.add_argument("--prerender", type=_flag(_within(1, 10_000)), default=0, metavar="N", help=prerender_help)


def _add_server_flags(group: argparse._ArgumentGroup) -> None:
    server_help = "where to connect (default 127.0.0.1:8080)"
    default = Server("127.0.0.1", 8080)
    group.add_argument("--server", type=_flag(parse_server), default=default, metavar="HOST:PORT", help=server_help)
    path_help = f"address on the server (default {DEFAULT_PATH})"
    group.add_argument("--path", type=_flag(_path), default=DEFAULT_PATH, help=path_help)
    group.add_argument(
        "--frames", type=_flag(_within(1, _MAX_COUNT)), default=0, metavar="N", help="end after N frames"
    )
    group.add_argument("--duration", type=_flag(seconds), default=0.0, metavar="S", help="end after S seconds")
    log_help = "write a line a frame: number, CLOCK_MONOTONIC ns at the send, camera, corruption or -"
    group.add_argument("--log-sends", type=Path, metavar="FILE", help=log_help)
    group.add_argument("--seed", type=_flag(_within(0, _MAX_COUNT)), help="make chance repeat itself")
    group.add_argument("--quiet", action="store_true", help="say only what goes wrong")
    group.add_argument("--die-with-parent", action="store_true", help="end when the program that started it ends")


def _add_fault_flags(group: argparse._ArgumentGroup) -> None:
    jitter = _flag(_within(0, _MAX_JITTER_MS))
    group.add_argument("--jitter", type=jitter, default=0, metavar="MS", help="send each frame up to MS ms late")
    burst_help = "send N frames at once, then nothing for N intervals"
    group.add_argument("--burst", type=_flag(_within(1, _MAX_BURST)), default=1, metavar="N", help=burst_help)
    stall_help = "send nothing for SECONDS, every EVERY seconds (default 10, or three times as long as the stall)"
    group.add_argument("--stall", type=_flag(parse_stall), metavar="SECONDS[:EVERY]", help=stall_help)
    rates_help = "have these frame rates in turn, each for EVERY seconds (default 5), instead of --fps"
    group.add_argument("--rates", type=_flag(parse_rates), metavar="FPS[,FPS][:EVERY]", help=rates_help)
    corrupt_help = f"damage a share of the frames (default 0.1): {', '.join(CORRUPTIONS)}"
    group.add_argument("--corrupt", type=_flag(parse_corrupt), metavar="KIND[,KIND][:RATE]", help=corrupt_help)
    resize_help = "change the size after so long (default 5 s)"
    group.add_argument("--resize", type=_flag(parse_resize), metavar="SIZE[:AFTER]", help=resize_help)
    vanish_help = "lose power after AFTER seconds: no FIN, no ACK; reconnect after BACK seconds, or never"
    group.add_argument("--vanish", type=_flag(parse_vanish), metavar="AFTER[:BACK]", help=vanish_help)
    fragment = _flag(_within(1, _MAX_FRAGMENT_BYTES))
    fragment_help = "cut messages into fragments, as esp_websocket_client does at 1024"
    group.add_argument("--fragment", type=fragment, default=0, metavar="BYTES", help=fragment_help)
    empty_help = "begin and end each message with an empty fragment"
    group.add_argument("--empty-fragments", action="store_true", help=empty_help)
    zero_help = "mask with 00000000, and send 65,535 bytes in the 64-bit form, as Links2004's library"
    group.add_argument("--zero-mask", action="store_true", help=zero_help)
    group.add_argument("--no-pong", action="store_true", help="never answer a ping, as sketches that never read")


def _names(given: str, count: int) -> tuple[str, ...]:
    if count == 1:
        return (given or f"{_DEFAULT_NAME}-1",)
    return tuple(f"{given or _DEFAULT_NAME}-{number}" for number in range(1, count + 1))


def _flag(parse: Callable[[str], Value]) -> Callable[[str], Value]:
    """Return the parser with its sentence passed on: argparse shows that of no other exception."""

    def parse_flag(text: str) -> Value:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return parse_flag


def _within(least: int, most: int) -> Callable[[str], int]:
    def parse_int(text: str) -> int:
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit()) or not least <= int(text) <= most:
            raise ValueError(f"{text!r} is no whole number from {least} to {most}")
        return int(text)

    return parse_int


def _fps(text: str) -> float:
    try:
        fps = float(text)
    except ValueError:
        fps = 0.0
    if not MIN_FPS <= fps <= MAX_FPS:
        raise ValueError(f"{text!r} is no frame rate from {MIN_FPS:g} to {MAX_FPS:g}")
    return fps


def _path(text: str) -> str:
    if not text.startswith("/"):
        raise ValueError(f"{text!r} is no path: it starts with /")
    return text
