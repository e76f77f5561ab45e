"""The tree of this project's exceptions.

StreamError
├── ConfigError       a setting is wrong: names it, its value and what was expected
├── WireError         a bus message does not follow WIRE.md; drop it and count it
├── CameraNameError   a camera's name breaks the naming rule
├── FrameError        a camera's message is dropped; `cause` is the counter's name
│   ├── JpegError         it is not one whole JPEG
│   └── AccessUnitError   it is not one H.264 access unit that a viewer could use
├── CodecError        a decoder or an encoder refused its input
├── HandoverError     a connection could not be passed to, or taken by, an ingest process
└── RecordingError    a file or folder of the recordings is not what it should be
"""


class StreamError(Exception):
    """Root of the tree."""


class ConfigError(StreamError):
    """A setting that stops the start."""

    def __init__(self, setting: str, value: object, expected: str, where: str = "") -> None:
        self.setting = setting
        self.value = value
        self.expected = expected
        self.where = where
        place = f" ({where})" if where else ""
        super().__init__(f"{setting}={value!r}{place}: expected {expected}")


class WireError(StreamError):
    """A malformed bus message."""


class CameraNameError(StreamError):
    """A name that cannot be made into a camera id."""


class FrameError(StreamError):
    """A camera's message that is dropped."""

    def __init__(self, cause: str, detail: str) -> None:
        self.cause = cause
        super().__init__(f"{cause}: {detail}")


class JpegError(FrameError):
    """A message that is not one whole, decodable JPEG."""


class AccessUnitError(FrameError):
    """A message that is not one H.264 access unit, or comes before any keyframe."""


class CodecError(StreamError):
    """A decoder or encoder refused its input."""


class HandoverError(StreamError):
    """A camera's connection was not taken over."""


class RecordingError(StreamError):
    """A file, index or folder of the recordings is damaged, foreign or out of reach; the text names it."""
