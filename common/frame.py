"""The frame: one picture on the bus, as the camera sent it or as an encoder made it. Frozen; it only moves right."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

EMPTY: Mapping[str, int] = MappingProxyType({})


def _empty() -> Mapping[str, int]:
    return EMPTY


@dataclass(frozen=True, slots=True)
class Frame:
    """One message of `jpeg/`, `h264/` or `mp4/`. Field by field in WIRE.md, which is normative.

    Times: `media_time_ns` is set by whoever publishes the camera, from a clock that never steps within a process;
    `captured_at_ns` is the wall clock; `hops` are CLOCK_MONOTONIC stamps, comparable only within `host`.
    """

    seq: int
    source: int
    media_time_ns: int
    captured_at_ns: int
    width: int
    height: int
    host: str = ""
    hops: Mapping[str, int] = field(default_factory=_empty)
    key: bool = False
    repeat: bool = False
    late: bool = False
    replay: bool = False
    skipped: Mapping[str, int] = field(default_factory=_empty)
    interval_ns: int = 0
    term: int = 0
    encoder_start_ns: int = 0
    out_seq: int = -1
    codec: str = ""
    init: bytes = b""
    tfdt_offset: int = 0
    payload: bytes = b""

    @property
    def epoch(self) -> tuple[int, int]:
        """The encoder's identity: (term, start). A later one replaces an earlier one."""
        return self.term, self.encoder_start_ns

    def __repr__(self) -> str:
        flags = "".join(name[0].upper() for name in ("key", "repeat", "late", "replay") if getattr(self, name))
        return (
            f"Frame(seq={self.seq} out_seq={self.out_seq} epoch={self.epoch} {self.width}x{self.height}"
            f" t={self.media_time_ns} flags={flags or '-'} {len(self.payload)} bytes)"
        )
