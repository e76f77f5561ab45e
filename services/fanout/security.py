"""The headers that keep a page's code to this server's own. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

_HOST: Final = re.compile(r"[A-Za-z0-9.\-\[\]:]{1,255}")

COMMON_HEADERS: Final[Mapping[str, str]] = {
    "Server": "esp32-stream",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def page_headers(host: str, allowed_origins: Iterable[str]) -> dict[str, str]:
    """Return the Content-Security-Policy of a page that was asked for at `host`.

    Video is fed from memory (blob:); WebSockets are named, because 'self' does not cover them in older browsers.
    """
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    rules = (
        "default-src 'self'",
        f"connect-src 'self'{sockets}",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        " ".join(("frame-ancestors 'self'", *allowed_origins)),
    )
    return {"Content-Security-Policy": "; ".join(rules)}
