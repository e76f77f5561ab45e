"""The socket API of a recorder: what the library asks of it, checked. Pure."""

from typing import Final, NamedTuple

from common.http1 import Request, RequestError
from common.settings import CAMERA_ID

PROTECT: Final = "protect"
UNPROTECT: Final = "unprotect"
DELETE: Final = "delete"
LATEST_NS: Final = (1 << 63) - 1
NAME_LIMIT: Final = 100


class Wish(NamedTuple):
    """A request that makes sense."""

    verb: str
    camera: str
    from_ns: int
    to_ns: int
    name: str = ""


def parse_wish(request: Request) -> Wish:
    """Return what is asked for; RequestError for what makes no sense."""
    if request.path not in ("/protect", "/delete"):
        raise RequestError(404, f"no such address: {request.path[:60]}")
    if request.method != "POST":
        raise RequestError(405, f"{request.method[:20]} is not allowed here", {"Allow": "POST"})
    fields = request.json()
    if not isinstance(fields, dict):
        raise RequestError(400, "expected a JSON object")
    camera, from_ns, to_ns = fields.get("camera"), fields.get("from_ns"), fields.get("to_ns")
    if not isinstance(camera, str) or not CAMERA_ID.fullmatch(camera):
        raise RequestError(400, "camera: expected the id of a camera")
    if type(from_ns) is not int or type(to_ns) is not int or not 0 <= from_ns < to_ns <= LATEST_NS:
        raise RequestError(400, "from_ns, to_ns: expected times in ns since 1970, the first one earlier")
    if request.path == "/delete":
        return Wish(DELETE, camera, from_ns, to_ns)
    is_protected, name = fields.get("protected", True), fields.get("name", "")
    if not isinstance(is_protected, bool) or not isinstance(name, str):
        raise RequestError(400, "protected: expected true or false; name: expected a text")
    # JSON can say half a character (a lone surrogate), which no file can hold.
    readable = "".join(character for character in name if character.isprintable())
    return Wish(PROTECT if is_protected else UNPROTECT, camera, from_ns, to_ns, readable[:NAME_LIMIT])
