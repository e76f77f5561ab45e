"""Whether a camera's pictures can be encoded at all, and in a sentence why not. Pure."""

from typing import Final

from common.units import NS_PER_S

# One picture that is damaged means nothing; so many in a row do.
FAILURES: Final = 3
# A camera that sends seldom, and nothing good so far: its viewers should not wait for three of its pictures.
PATIENCE_NS: Final = NS_PER_S


class Trouble:
    """The failures of one camera since its last picture that was encoded."""

    def __init__(self) -> None:
        self._began_ns = 0
        self._failures = 0
        self._reason = ""
        self._has_worked = False

    def succeeded(self) -> None:
        self._failures, self._has_worked = 0, True

    def failed(self, reason: str, now_ns: int) -> None:
        if not self._failures:
            self._began_ns = now_ns
        self._failures += 1
        self._reason = reason

    def sentence(self, now_ns: int) -> str:
        """Return why no picture of the camera is shown; empty while there is hope."""
        waited = not self._has_worked and now_ns - self._began_ns >= PATIENCE_NS
        if self._failures and (self._failures >= FAILURES or waited):
            return f"its pictures cannot be encoded: {self._reason}"
        return ""
