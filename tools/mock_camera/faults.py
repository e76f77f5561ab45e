"""How a camera misbehaves: one frozen value, and the parsers of its command line forms. By default it is good."""

from dataclasses import dataclass, field
from typing import Final

from common.units import NS_PER_S
from tools.mock_camera.corruption import CORRUPTIONS
from tools.mock_camera.framing import Framing
from tools.mock_camera.sizes import Size, parse_size

MIN_FPS: Final = 0.01
MAX_FPS: Final = 1000.0
_DEFAULT_STALL_EVERY_S: Final = 10.0
_DEFAULT_RATE: Final = 0.1
_DEFAULT_RESIZE_AFTER_S: Final = 5.0
_DEFAULT_RATES_EVERY_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Stall:
    """Nothing is sent for `length_s`, every `every_s`."""

    length_s: float
    every_s: float


@dataclass(frozen=True, slots=True)
class Corrupt:
    """A share of the frames is damaged, each in one of these ways."""

    kinds: tuple[str, ...]
    rate: float = 1.0


@dataclass(frozen=True, slots=True)
class Resize:
    """The picture gets another size, in mid-stream."""

    size: Size
    after_s: float


@dataclass(frozen=True, slots=True)
class Rates:
    """The frame rate is another one every `every_s`: these in turn, over and over."""

    fps: tuple[float, ...]
    every_s: float

    def at(self, age_ns: int) -> float:
        """Return the rate at that age of a connection."""
        return self.fps[int(age_ns / NS_PER_S // self.every_s) % len(self.fps)]


@dataclass(frozen=True, slots=True)
class Vanish:
    """The power is cut after so long a connection; without `back_s` the camera stays away."""

    after_s: float
    back_s: float | None = None


@dataclass(frozen=True, slots=True)
class Faults:
    """All the misbehaviour of one camera."""

    jitter_s: float = 0.0
    burst: int = 1
    stall: Stall | None = None
    rates: Rates | None = None
    corrupt: Corrupt | None = None
    resize: Resize | None = None
    vanish: Vanish | None = None
    framing: Framing = field(default_factory=Framing)
    pongs: bool = True


def parse_stall(text: str) -> Stall:
    """Return what SECONDS[:EVERY] means; raises ValueError with a sentence."""
    length, every = _split(text)
    length_s = seconds(length)
    every_s = seconds(every) if every else max(_DEFAULT_STALL_EVERY_S, 3 * length_s)
    if every_s <= length_s:
        raise ValueError(f"a stall of {length_s:g} s cannot come every {every_s:g} s")
    return Stall(length_s, every_s)


def parse_corrupt(text: str) -> Corrupt:
    """Return what KIND[,KIND...][:RATE] means; raises ValueError with a sentence."""
    names, rate = _split(text)
    kinds = tuple(names.split(","))
    for kind in kinds:
        if kind not in CORRUPTIONS:
            raise ValueError(f"{kind!r} is no kind of corruption: give {', '.join(CORRUPTIONS)}")
    share = _number(rate) if rate else _DEFAULT_RATE
    if not 0 < share <= 1:
        raise ValueError(f"a rate of {rate} is out of range: give a share above 0, at most 1")
    return Corrupt(kinds, share)


def parse_resize(text: str) -> Resize:
    """Return what SIZE[:AFTER_SECONDS] means; raises ValueError with a sentence."""
    size, after = _split(text)
    return Resize(parse_size(size), seconds(after) if after else _DEFAULT_RESIZE_AFTER_S)


def parse_rates(text: str) -> Rates:
    """Return what FPS[,FPS...][:EVERY_SECONDS] means; raises ValueError with a sentence."""
    numbers, every = _split(text)
    fps = tuple(_number(number) for number in numbers.split(","))
    if not all(MIN_FPS <= rate <= MAX_FPS for rate in fps):
        raise ValueError(f"{numbers!r} has a frame rate that is not from {MIN_FPS:g} to {MAX_FPS:g}")
    return Rates(fps, seconds(every) if every else _DEFAULT_RATES_EVERY_S)


def parse_vanish(text: str) -> Vanish:
    """Return what AFTER_SECONDS[:BACK_SECONDS] means; raises ValueError with a sentence."""
    after, back = _split(text)
    return Vanish(seconds(after), seconds(back) if back else None)


def seconds(text: str) -> float:
    """Return a time above 0 and of at most a year; raises ValueError with a sentence."""
    value = _number(text)
    if not 0 < value <= 366 * 86_400:
        raise ValueError(f"{text!r} is no time in seconds above 0")
    return value


def _split(text: str) -> tuple[str, str]:
    first, _, second = text.partition(":")
    return first, second


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is no number") from None
