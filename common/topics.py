"""The topics of the bus, as a table, and the grammar of their names: `<kind>/<name>/<track>`.

On the wire a topic ends with a slash, so that `jpeg/cam1/` is no prefix of `jpeg/cam10/`; that slash is the ZeroMQ
door's (`common/bus.py`), everybody else uses whole segments.
"""

from dataclasses import dataclass

from common.errors import WireError

JPEG = "jpeg"
H264 = "h264"
MP4 = "mp4"
CAMERA = "camera"
STATUS = "status"
KEYFRAME = "keyframe"
COMMAND = "command"
EVENT = "event"

MAIN = "main"


@dataclass(frozen=True, slots=True)
class TopicRow:
    """One kind of topic: who publishes it, who takes it, what it carries, how often."""

    kind: str
    shape: str
    publishers: tuple[str, ...]
    subscribers: tuple[str, ...]
    rate: str
    meaning: str


TOPICS = (
    TopicRow(
        JPEG,
        "jpeg/<camera>/<track>",
        ("ingest",),
        ("transcode", "fanout", "recorder"),
        "a frame",
        "the JPEG as it came",
    ),
    TopicRow(
        H264, "h264/<camera>/<track>", ("transcode", "ingest"), ("fanout", "transcode"), "a frame", "one access unit"
    ),
    TopicRow(
        MP4,
        "mp4/<camera>/<track>",
        ("transcode",),
        ("fanout", "recorder"),
        "a frame",
        "one fragment, moof and mdat",
    ),
    TopicRow(
        CAMERA,
        "camera/<host>/<process>",
        ("ingest",),
        ("ingest", "transcode", "fanout", "keeper", "recorder"),
        "1 Hz and on change",
        "the cameras of a publisher",
    ),
    TopicRow(
        STATUS,
        "status/<host>/<process>",
        ("broker", "ingest", "transcode", "fanout", "keeper", "recorder", "library"),
        ("ingest", "transcode", "fanout", "keeper", "recorder", "library"),
        "1 Hz",
        "liveness and counters of a process",
    ),
    TopicRow(
        KEYFRAME,
        "keyframe/<camera>/<track>",
        ("fanout", "transcode", "recorder"),
        ("ingest", "transcode"),
        "on demand",
        "please, a fresh picture",
    ),
    TopicRow(COMMAND, "command/<camera>/<track>", (), (), "reserved", "for the camera"),
    TopicRow(
        EVENT,
        "event/<camera>/<track>",
        ("keeper",),
        ("recorder",),
        "on demand",
        "something happened at a camera; anybody may publish it",
    ),
)


def topic(kind: str, name: str, track: str = MAIN) -> str:
    """Return the topic of `name` (a camera, or a host for announcements)."""
    return f"{kind}/{name}/{track}"


def parse(text: str) -> tuple[str, str, str]:
    """Return kind, name and track of a topic; raise WireError when it has not just these three."""
    parts = text.split("/")
    if len(parts) != 3 or not all(parts):
        raise WireError(f"topic {text[:80]!r}: expected <kind>/<name>/<track>")
    return parts[0], parts[1], parts[2]
