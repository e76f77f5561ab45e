"""One of the two forms that a stream goes out in, `h264/` or `mp4/`: numbered messages, a keyframe first. Pure."""

from dataclasses import replace

from common import fmp4
from common.frame import Frame
from common.h264 import AccessUnit, to_annex_b
from common.topics import MP4, topic
from services.transcode.timeline import duration_90k


class Outlet:
    """A topic. Nothing is made for it while nobody wants it; then it goes on with the next keyframe."""

    def __init__(self, kind: str, camera: str) -> None:
        self.kind = kind
        self.topic = topic(kind, camera)
        self.is_wanted = False
        self._is_live = False
        self._out_seq = 0

    def want(self, wanted: bool) -> bool:
        """Say whether anybody wants it; return whether it becomes wanted just now."""
        begins = wanted and not self.is_wanted
        self.is_wanted = wanted
        self._is_live = self._is_live and wanted
        return begins

    def begin(self) -> None:
        """Begin a new epoch: numbers start from 0, at a keyframe."""
        self._is_live = False
        self._out_seq = 0

    def message(self, base: Frame, unit: AccessUnit, time_90k: int) -> Frame | None:
        """Return the message of a picture, or None: not wanted, or no keyframe yet. `base` is what both forms share."""
        self._is_live = self.is_wanted and (self._is_live or base.key)
        if not self._is_live:
            return None
        out_seq, self._out_seq = self._out_seq, self._out_seq + 1
        if self.kind == MP4:
            return _fragment(replace(base, out_seq=out_seq), unit, time_90k)
        return replace(base, out_seq=out_seq, payload=to_annex_b(unit.nals))


def _fragment(base: Frame, unit: AccessUnit, time_90k: int) -> Frame:
    return replace(
        base,
        init=fmp4.init_segment(unit) if base.key else b"",
        tfdt_offset=fmp4.TFDT_OFFSET,
        # Sequence numbers begin at 1 (14496-12, 8.8.5).
        payload=fmp4.fragment(unit, base.out_seq + 1, time_90k, duration_90k(base.interval_ns)),
    )
