"""Where a camera's pictures come from: drawn as they are needed, drawn beforehand, or JPEGs from a folder."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from tools.mock_camera.scene import Scene
from tools.mock_camera.sizes import Size

_SOI: Final = b"\xff\xd8"
# Below this nothing is a JPEG: the tables alone are longer.
_LEAST_JPEG_BYTES: Final = 128

SceneAt = Callable[[Size], Scene]


class Picture(NamedTuple):
    """One frame, and the number that is drawn into it (or, of a file, its place in the row)."""

    number: int
    jpeg: bytes


class Source(Protocol):
    """Gives one picture after the other."""

    def picture(self, wall_ns: int) -> Picture:
        """Return the next picture, as of that time of day."""

    def resize(self, size: Size) -> None:
        """Give all later pictures that size."""


class LiveSource:
    """Draws each frame when it is asked for; numbers grow without end."""

    def __init__(self, scene_at: SceneAt, size: Size) -> None:
        self._scene_at = scene_at
        self._scene = scene_at(size)
        self._number = 0

    def picture(self, wall_ns: int) -> Picture:
        number, self._number = self._number, self._number + 1
        return Picture(number, self._scene.jpeg(number, wall_ns))

    def resize(self, size: Size) -> None:
        self._scene = self._scene_at(size)


class ReadySource:
    """Repeats `count` frames that were drawn beforehand, numbers included: for loads of many cameras."""

    def __init__(self, scene_at: SceneAt, size: Size, count: int, interval_ns: int, wall_ns: int) -> None:
        self._scene_at = scene_at
        self._count = count
        self._interval_ns = interval_ns
        self._wall_ns = wall_ns
        self._sent = 0
        self._jpegs: Sequence[bytes] = ()
        self.resize(size)

    def picture(self, wall_ns: int) -> Picture:
        number = self._sent % self._count
        self._sent += 1
        return Picture(number, self._jpegs[number])

    def resize(self, size: Size) -> None:
        scene = self._scene_at(size)
        self._jpegs = [scene.jpeg(number, self._wall_ns + number * self._interval_ns) for number in range(self._count)]


class FolderSource:
    """Plays JPEG files in the order of their names, over and over; their size is what it is."""

    def __init__(self, jpegs: Sequence[bytes]) -> None:
        self._jpegs = jpegs
        self._sent = 0

    def picture(self, wall_ns: int) -> Picture:
        number = self._sent
        self._sent += 1
        return Picture(number, self._jpegs[number % len(self._jpegs)])

    def resize(self, size: Size) -> None:
        raise ValueError("pictures from a folder keep their size")


def load_jpegs(folder: Path) -> list[bytes]:
    """Return the JPEG files of a folder by name; raises ValueError with a sentence when there is none."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".jpg", ".jpeg"))
        jpegs = [path.read_bytes() for path in paths]
    except OSError as error:
        raise ValueError(f"cannot read pictures from {folder}: {error.strerror}") from error
    if not jpegs:
        raise ValueError(f"no file in {folder} ends in .jpg or .jpeg")
    for path, jpeg in zip(paths, jpegs, strict=True):
        if not jpeg.startswith(_SOI) or len(jpeg) < _LEAST_JPEG_BYTES:
            raise ValueError(f"{path} is no JPEG")
    return jpegs
