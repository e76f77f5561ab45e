"""Whether a viewer that says which picture it shows is behind, and whether to let it skip for that. Pure.

A stream's `Edge` knows what there was to show half a second ago: who shows less is behind by more than the bound,
wherever the pictures wait (the network, the browser's buffer, its decoder). The next picture of a slow camera is never
late. A viewer that buffers on purpose stays behind whatever is done: each skip that did not help doubles the wait for
the next one. And a camera that makes keyframes when it likes would leave a viewer that skips with a still picture for
longer than it is behind: `KeyWait` knows.
"""

from collections import deque
from typing import Final

from common.units import NS_PER_MS, NS_PER_S

# A report is made once a second, and a keyframe takes up to a second to come: sooner, nothing can have helped.
FIRST_WAIT_NS: Final = 2 * NS_PER_S
LONGEST_WAIT_NS: Final = 60 * NS_PER_S
# Media times come back rounded: to 90 kHz, to a display's refresh, to JavaScript's milliseconds.
ROUNDING_NS: Final = 5 * NS_PER_MS
# A keyframe that was asked for comes sooner, unless the camera does not listen.
PROMPT_NS: Final = 2 * NS_PER_S
KEY_WAIT_REMEMBERED_NS: Final = 60 * NS_PER_S


class Edge:
    """What of one stream there was to show, and since when."""

    __slots__ = ("_bound_ns", "_due_ns", "_handed", "_source")

    def __init__(self, bound_ns: int) -> None:
        self._bound_ns: Final = bound_ns
        self._handed: Final[deque[tuple[int, int]]] = deque()
        self._source: int | None = None
        # The media time that everybody should show by now: the newest that was handed out longer ago than the bound.
        self._due_ns: int | None = None

    def advance(self, media_time_ns: int, source: int, now_ns: int) -> None:
        """Take note of a picture that is handed out now."""
        if source != self._source:
            # Another connection of the camera; its times need not follow those before.
            self._source, self._due_ns = source, None
            self._handed.clear()
        self._handed.append((now_ns, media_time_ns))
        self._expire(now_ns)

    def is_behind(self, media_time_ns: int, now_ns: int, allowed_ns: int = 0) -> bool:
        """Return whether a viewer should show a later picture than this by now, by more than `allowed_ns`."""
        self._expire(now_ns)
        return self._due_ns is not None and media_time_ns < self._due_ns - ROUNDING_NS - allowed_ns

    def _expire(self, now_ns: int) -> None:
        handed = self._handed
        while handed and now_ns - handed[0][0] > self._bound_ns:
            self._due_ns = handed.popleft()[1]


class KeyWait:
    """How long a skip has to wait for its keyframe in one stream: as long as the last one had to, for a minute."""

    __slots__ = ("_ended_ns", "_since_ns", "_wait_ns")

    def __init__(self) -> None:
        self._since_ns: int | None = None
        self._wait_ns = 0
        self._ended_ns = 0

    def begin(self, now_ns: int) -> None:
        """Take note that a viewer skips, whose connection takes a keyframe at once."""
        if self._since_ns is None:
            self._since_ns = now_ns

    def end(self, now_ns: int) -> None:
        """Take note of a keyframe."""
        if self._since_ns is not None:
            self._wait_ns, self._ended_ns, self._since_ns = now_ns - self._since_ns, now_ns, None

    def expected_ns(self, now_ns: int) -> int:
        """Return how long a skip would wait now; 0 where keyframes come promptly, or nothing else is known."""
        is_known = self._wait_ns > PROMPT_NS and now_ns - self._ended_ns < KEY_WAIT_REMEMBERED_NS
        return self._wait_ns if is_known else 0


class Chase:
    """The skips of one viewer."""

    __slots__ = ("_next_ns", "_wait_ns")

    def __init__(self) -> None:
        self._wait_ns = FIRST_WAIT_NS
        self._next_ns = 0

    def judge(self, *, is_behind: bool, now_ns: int) -> bool:
        """Take a report; return whether the viewer shall skip now, which counts as done."""
        if not is_behind:
            self._wait_ns = FIRST_WAIT_NS
            return False
        if now_ns < self._next_ns:
            return False
        self._next_ns = now_ns + self._wait_ns
        self._wait_ns = min(2 * self._wait_ns, LONGEST_WAIT_NS)
        return True
