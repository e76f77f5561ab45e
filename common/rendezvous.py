"""Who of several processes works for a camera: rendezvous hashing, the same answer for everybody who asks. Pure."""

from collections.abc import Sequence
from hashlib import blake2b


def choose(camera: str, names: Sequence[str]) -> str:
    """Return who works for the camera: a name that comes or goes moves only the cameras that are its own."""
    return max(names, key=lambda name: blake2b(f"{camera} {name}".encode(), digest_size=8).digest())
