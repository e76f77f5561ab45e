"""An answer that costs much is made anew only so often that making it takes a small share of the time. Pure."""

from typing import Final

from common.units import NS_PER_S

# Whoever asks how often: everybody's pictures pass the same loop.
SHARE: Final = 0.05
LONGEST_NS: Final = NS_PER_S


class Sparing:
    """The last answer, and until when it is good."""

    def __init__(self) -> None:
        self._answer = b""
        self._good_until_ns = 0

    def get(self, now_ns: int) -> bytes:
        """Return the last answer while it is good; empty when one must be made."""
        return self._answer if now_ns < self._good_until_ns else b""

    def keep(self, answer: bytes, asked_ns: int, made_ns: int) -> None:
        """Take an answer, and how long it took to make it."""
        self._answer = answer
        self._good_until_ns = made_ns + min(LONGEST_NS, int((made_ns - asked_ns) / SHARE))
