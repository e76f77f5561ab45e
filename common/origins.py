"""Whether a browser's request comes from a page that may act here: this server's own, or an allowed one. Pure."""

from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def is_origin_allowed(origin: str | None, host: str, allowed: Collection[str]) -> bool:
    """Return whether a request with these Origin and Host headers may go on.

    No Origin: no browser, nothing to protect from. TLS may end in a proxy, so the scheme need not be this server's.
    """
    if origin is None:
        return True
    origin = origin.lower()
    if origin in allowed:
        return True
    scheme, separator, place = origin.partition("://")
    if not separator or scheme not in _DEFAULT_PORTS:
        return False
    return _with_port(place, scheme) == _with_port(host.lower(), scheme) is not None


def _with_port(place: str, scheme: str) -> tuple[str, int] | None:
    try:
        parts = urlsplit(f"//{place}")
        port = parts.port or _DEFAULT_PORTS[scheme]
    except ValueError:
        return None
    if not parts.hostname or parts.username is not None or parts.path or parts.query or parts.fragment:
        return None
    return parts.hostname, port
