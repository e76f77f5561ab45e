"""How much a machine carries: the largest load that passes, found in few tries. Pure."""

from collections.abc import Callable


def largest(passes: Callable[[int], bool], start: int, least: int, most: int, step: int = 1) -> int | None:
    """Return the largest load, good to `step`, that passes; None when not even `least` does.

    Upwards from `start` step by step: a try far beyond what is carried would spoil those that follow. Where `start`
    itself is too much, by halves down to `least`. What is too much is taken to be so for every larger load.
    """
    if not least <= start <= most or step < 1:
        raise ValueError(f"nothing to search from {start} between {least} and {most} by {step}")
    if not passes(start):
        return _below(passes, least, start, step)
    while start + step <= most and passes(start + step):
        start += step
    return start


def _below(passes: Callable[[int], bool], good: int, bad: int, step: int) -> int | None:
    if good >= bad or not passes(good):
        return None
    while bad - good > step:
        middle = (good + bad) // 2
        if passes(middle):
            good = middle
        else:
            bad = middle
    return good
