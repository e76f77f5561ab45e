"""How much a machine carries: the largest load that passes, found in few tries. Pure."""

from collections.abc import Callable


def largest(passes: Callable[[int], bool], low: int, high: int, step: int = 1) -> int | None:
    """Return the largest load from `low` to `high`, good to `step`, that passes; None when `low` does not.

    What is too much for one load is taken to be too much for every larger one.
    """
    if low > high or step < 1:
        raise ValueError(f"nothing to search from {low} to {high} by {step}")
    if not passes(low):
        return None
    good, bad = low, high + 1
    if passes(high):
        return high
    bad = high
    while bad - good > step:
        middle = (good + bad) // 2
        if passes(middle):
            good = middle
        else:
            bad = middle
    return good
