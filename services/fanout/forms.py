"""The forms in which viewers take a stream: what precedes a keyframe, what wraps a frame, what is said of losses. Pure.

A form is stateless and shared by its viewers, so what it makes of a message is made once.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

from common.frame import Frame
from common.topics import H264, JPEG, MP4
from services.fanout.framing import BINARY, chunk, multipart_part, ws_frame, ws_text

FORMATS: Final = (H264, MP4, JPEG)
# What `identity` returns before a viewer was told anything; equal to nothing that it returns later.
UNTOLD: Final = object()


class Form(Protocol):
    """One wire form of a format."""

    @property
    def shared(self) -> bool:
        """Whether all viewers of the form get the same bytes."""
        ...

    def identity(self, frame: Frame) -> Hashable:
        """Return what a viewer must have been told before this keyframe; compared with what it was told last."""
        ...

    def preface(self, frame: Frame) -> bytes:
        """Return what tells it."""
        ...

    def body(self, frame: Frame) -> bytes:
        """Return the wrapped frame."""
        ...

    def dropped(self, frames: int, reason: str) -> bytes:
        """Return what tells a viewer that it lost frames; empty where there is no room for words."""
        ...


@dataclass(frozen=True, slots=True)
class WebSocketForm:
    """Over a WebSocket: a binary message a frame, JSON between them; with `meta`, each binary message announced."""

    format: str
    meta: bool
    shared: bool = True

    def identity(self, frame: Frame) -> Hashable:
        if self.format == JPEG:
            return None
        return frame.init if self.format == MP4 else frame.epoch

    def preface(self, frame: Frame) -> bytes:
        if self.format == JPEG:
            return b""
        stream = ws_text("stream", codec=frame.codec, width=frame.width, height=frame.height, epoch=epoch_text(frame))
        return stream + self._binary(frame, frame.init) if self.format == MP4 else stream

    def body(self, frame: Frame) -> bytes:
        return self._binary(frame, frame.payload)

    def dropped(self, frames: int, reason: str) -> bytes:
        return ws_text("dropped", frames=frames, reason=reason)

    def _binary(self, frame: Frame, payload: bytes) -> bytes:
        message = ws_frame(BINARY, payload)
        if not self.meta:
            return message
        return ws_text("frame", seq=frame.seq, media_time_ns=frame.media_time_ns, key=frame.key) + message


@dataclass(frozen=True, slots=True)
class HttpForm:
    """Over plain HTTP: bare bytes, in chunks unless the client speaks HTTP/1.0.

    MP4 is not shared: its times start near 0 for each viewer, see `Mp4HttpViewer`.
    """

    format: str
    chunked: bool

    @property
    def shared(self) -> bool:
        return self.format != MP4

    def identity(self, frame: Frame) -> Hashable:
        return frame.init if self.format == MP4 else None

    def preface(self, frame: Frame) -> bytes:
        return self.wrap(frame.init) if self.format == MP4 else b""

    def body(self, frame: Frame) -> bytes:
        return self.wrap(multipart_part(frame.payload, frame.captured_at_ns) if self.format == JPEG else frame.payload)

    def dropped(self, frames: int, reason: str) -> bytes:
        return b""

    def wrap(self, payload: bytes) -> bytes:
        """Return bytes of the body as they go on the wire; none for none."""
        return chunk(payload) if self.chunked and payload else payload


@dataclass(frozen=True, slots=True)
class PictureForm:
    """One JPEG by itself, for a snapshot."""

    format: str = JPEG
    shared: bool = True

    def identity(self, frame: Frame) -> Hashable:
        return None

    def preface(self, frame: Frame) -> bytes:
        return b""

    def body(self, frame: Frame) -> bytes:
        return frame.payload

    def dropped(self, frames: int, reason: str) -> bytes:
        return b""


@lru_cache(maxsize=16)
def websocket_form(format_: str, *, meta: bool) -> WebSocketForm:
    """Return the one form of these properties, so that viewers share it."""
    return WebSocketForm(format_, meta)


@lru_cache(maxsize=16)
def http_form(format_: str, *, chunked: bool) -> HttpForm:
    """Return the one form of these properties, so that viewers share it."""
    return HttpForm(format_, chunked)


def epoch_text(frame: Frame) -> str:
    """Return the epoch for JSON: its numbers are beyond the 53 bits that JavaScript keeps exactly."""
    term, start_ns = frame.epoch
    return f"{term}.{start_ns}"
