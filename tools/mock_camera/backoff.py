"""How long a camera waits before it connects again: longer each time, and never in step with its neighbours."""

import random
from typing import Final

FIRST_S: Final = 0.5  # what Links2004's library waits, always
MOST_S: Final = 5.0
LASTED_S: Final = 5.0  # a connection that lived this long was a good one: the next wait is short again


class Backoff:
    """Waits that double up to a bound; each is between half and all of its nominal length."""

    def __init__(self, dice: random.Random, first_s: float = FIRST_S, most_s: float = MOST_S) -> None:
        self._dice = dice
        self._first_s = first_s
        self._most_s = most_s
        self._nominal_s = first_s

    def next_s(self, lasted_s: float) -> float:
        """Return the wait after a connection that lasted so long; 0 for one that never came about."""
        if lasted_s >= LASTED_S:
            self._nominal_s = self._first_s
        nominal_s, self._nominal_s = self._nominal_s, min(self._most_s, self._nominal_s * 2)
        return nominal_s * self._dice.uniform(0.5, 1.0)
