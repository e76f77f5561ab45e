"""Camera ids: which names there are, what becomes of one that was given, and how a camera without one is called."""

import hashlib
import ipaddress
import re
from typing import Final, NewType

from common.errors import CameraNameError

CameraId = NewType("CameraId", str)

LIMIT: Final = 32
RULE: Final = (
    "a camera's name has 1 to 32 characters: a-z, 0-9, _ and - (capitals are lowered, other characters become -)"
)

# ASCII only: str.lower() would turn the Kelvin sign into a k and one capital I with a dot into two characters.
_OTHER: Final = re.compile(r"[^a-z0-9_-]")
_LOWERED: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def camera_id(name: str) -> CameraId:
    """Return the id of a camera that was given this name; raise CameraNameError, which names the rule."""
    if not 1 <= len(name) <= LIMIT:
        raise CameraNameError(f"{RULE}; got {len(name)} characters")
    return CameraId(_OTHER.sub("-", name.translate(_LOWERED)))


def from_address(host: str) -> CameraId:
    """Return the id of a camera that gave no name: `cam-` and its address, IPv6 shortened to fit.

    The shortened form keeps the interface's half (which a person may recognise from the device) and six hex digits
    of a hash of the whole, so that two networks' `::1` differ; it leaves two characters for a suffix.
    """
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        # Not an address (a test's socket pair, a proxy's word): whatever it is, made into a name.
        return camera_id(f"cam-{host}"[:LIMIT])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return _from_ipv6(address)
        address = address.ipv4_mapped
    return camera_id(f"cam-{str(address).replace('.', '-')}")


def with_suffix(camera: CameraId, number: int) -> CameraId:
    """Return `<camera>-<number>`, the camera's part cut where both would be too long."""
    suffix = f"-{number}"
    return CameraId(camera[: LIMIT - len(suffix)] + suffix)


def _from_ipv6(address: ipaddress.IPv6Address) -> CameraId:
    groups = address.exploded.split(":")
    interface = "-".join(group.lstrip("0") or "0" for group in groups[4:])
    return CameraId(f"cam-{interface}-{hashlib.sha256(address.packed).hexdigest()[:6]}")
