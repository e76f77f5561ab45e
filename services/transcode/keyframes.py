"""When the next picture must be a keyframe (an IDR): the first one, after so many seconds, and on request. Pure.

A request that comes too early is deferred, never dropped: dropped, a thousand viewers who come at once would wait for
a whole group of pictures. While newcomers come one after the other, keyframes are further apart.
"""

from typing import Final

from common.units import NS_PER_MS, NS_PER_S

# The shortest distance from the keyframe before. Newcomers and those who lost messages have no picture; those who lag
# have one, and a large keyframe at once makes a slow link no faster.
LIMITS_NS: Final = {"join": 250 * NS_PER_MS, "loss": 250 * NS_PER_MS, "late": NS_PER_S}
# After a keyframe that was itself made on request. Whoever comes within 300 ms of one starts there, so that all those
# who come within a second cost three: the third is 700 ms after the first, and the second ends before it is outlived.
ANOTHER_NS: Final = 350 * NS_PER_MS
# A fresh picture that is due this soon, or late by no more, is worth waiting for; else the newest is encoded again.
DUE_SOON_NS: Final = 60 * NS_PER_MS


class KeyframePolicy:
    """The keyframes of one stream. Requests count in monotonic time, the distance of keyframes in media time."""

    def __init__(self, gop_ns: int) -> None:
        self._gop_ns = gop_ns
        self._made_ns: int | None = None
        self._made_media_ns = 0
        self._due_ns: int | None = None
        self._apart_ns = 0

    def request(self, reason: str, now_ns: int) -> None:
        """Take a request in; unknown reasons count as the strictest."""
        limit_ns = max(self._apart_ns, LIMITS_NS.get(reason, max(LIMITS_NS.values())))
        due_ns = now_ns if self._made_ns is None else max(now_ns, self._made_ns + limit_ns)
        self._due_ns = due_ns if self._due_ns is None else min(self._due_ns, due_ns)

    def is_due(self, now_ns: int, media_time_ns: int) -> bool:
        """Return whether a picture of that media time, encoded now, must be a keyframe."""
        if self._made_ns is None or media_time_ns - self._made_media_ns >= self._gop_ns:
            return True
        return self._due_ns is not None and now_ns >= self._due_ns

    def made(self, now_ns: int, media_time_ns: int) -> None:
        """A keyframe went out: it answers every request so far."""
        is_extra = self._due_ns is not None and self._made_ns is not None
        self._apart_ns = ANOTHER_NS if is_extra else 0
        self._made_ns, self._made_media_ns, self._due_ns = now_ns, media_time_ns, None

    def repeat_at_ns(self, fresh_due_ns: int | None) -> int | None:
        """Return when the newest picture must be encoded again, as no fresh one came; None: nobody waits for it.

        `fresh_due_ns` is when the camera's next picture should come, None if that is not known.
        """
        if self._due_ns is None:
            return None
        if fresh_due_ns is not None and abs(fresh_due_ns - self._due_ns) <= DUE_SOON_NS:
            return fresh_due_ns + DUE_SOON_NS
        return self._due_ns
