"""Scales and ticks of a plot. Pure."""

import itertools
import math
from collections.abc import Callable, Sequence


def ticks(most: float, wanted: int = 5) -> list[float]:
    """Return round numbers from 0 up to the first one that is not below `most`, about so many."""
    if most <= 0:
        return [0.0, 1.0]
    rough = most / wanted
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= rough * 0.999)
    return [step * number for number in range(math.ceil(most / step - 1e-9) + 1)]


def decades(least: float, most: float) -> list[float]:
    """Return the powers of ten from the last one that is not above `least` to the last one that is not above `most`."""
    return [10.0**power for power in range(math.floor(math.log10(least)), math.floor(math.log10(most)) + 1)]


def linear(least: float, most: float, start: float, end: float) -> Callable[[float], float]:
    """Return what puts `least` at `start` and `most` at `end`."""
    span = most - least or 1.0
    return lambda value: start + (value - least) / span * (end - start)


def logarithmic(least: float, most: float, start: float, end: float) -> Callable[[float], float]:
    """Return the same with equal ratios at equal distances."""
    scale = linear(math.log10(least), math.log10(most), start, end)
    return lambda value: scale(math.log10(value))


def spread_apart(places: Sequence[float], distance: float) -> list[float]:
    """Return the places, moved down as far as needed so that no two are nearer than `distance`; order is kept."""
    order = sorted(range(len(places)), key=lambda index: places[index])
    moved = list(places)
    for before, index in itertools.pairwise(order):
        moved[index] = max(moved[index], moved[before] + distance)
    return moved
