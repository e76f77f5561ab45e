"""What `/status` shows of one camera's encoder. Pure."""

from typing import Any

from common.counters import RateMeter
from common.units import NS_PER_MS


class Figures:
    """Counts what goes out, and how long it took."""

    def __init__(self) -> None:
        self.out = 0
        self.encoder = ""
        self._frames = RateMeter()
        self._bytes = RateMeter()
        self.encodes = 0
        self.took_ns = 0
        """Time of the threads, over all `encodes`."""
        self._said = (0, 0)
        self._encode_ms = 0.0

    def encoded(self, encoder: str, took_ns: int) -> None:
        """Count a picture that was encoded."""
        self.encoder = encoder
        self.took_ns += took_ns
        self.encodes += 1

    def published(self, size_bytes: int, now_ns: int) -> None:
        """Count a picture that went out, once for both of its forms."""
        self.out += 1
        self._frames.add(now_ns)
        self._bytes.add(now_ns, size_bytes)

    def record(self, now_ns: int) -> dict[str, Any]:
        """Return the figures; the time of a picture is the mean since the last call."""
        encodes, took_ns = self.encodes - self._said[0], self.took_ns - self._said[1]
        if encodes:
            self._encode_ms = took_ns / encodes / NS_PER_MS
            self._said = self.encodes, self.took_ns
        return {
            "encode_ms": round(self._encode_ms, 2),
            "bytes_per_s": round(self._bytes.per_second(now_ns)),
            "fps": round(self._frames.per_second(now_ns), 2),
            "out": self.out,
            "encoder": self.encoder,
        }
