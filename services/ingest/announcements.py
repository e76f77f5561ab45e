"""What `camera/` says of a camera: a ledger and its connection in, the announced fields out. Pure."""

from typing import Any

from services.ingest.ledger import Ledger
from services.ingest.session import Session


def describe(ledger: Ledger, session: Session | None, warning: str, now_ns: int) -> dict[str, Any]:
    """Return the announced fields of a camera; without a session it is offline."""
    fields: dict[str, Any] = {
        "id": ledger.camera,
        "online": session is not None,
        "kind": ledger.kind,
        "worker": ledger.worker,
        "term": ledger.term,
        "width": ledger.width,
        "height": ledger.height,
        "frames": ledger.frames,
        "dropped": dict(ledger.dropped),
        "last_frame_mono_ns": ledger.last_frame.mono_ns,
        "last_frame_wall_ns": ledger.last_frame.wall_ns,
        "offline_since_wall_ns": ledger.offline_since.wall_ns,
        "warning": warning,
    }
    return fields | (_describe_connection(session, now_ns) if session is not None else _NO_CONNECTION)


def _describe_connection(session: Session, now_ns: int) -> dict[str, Any]:
    pace = session.pace
    return {
        "stalled": session.is_stalled(now_ns),
        "source": f"{session.origin.via} {session.origin.peer}",
        "named": session.origin.name is not None,
        "peer": session.origin.peer,
        "claim_mono_ns": session.claim_mono_ns,
        "incarnation": session.source,
        "fps": round(pace.fps(now_ns), 2),
        "interval_ns": pace.interval_ns,
        "bytes_per_s": round(pace.bytes_per_s(now_ns)),
        "connected_wall_ns": session.connected.wall_ns,
    }


_NO_CONNECTION: dict[str, Any] = {
    "stalled": False,
    "source": "",
    "named": False,
    "peer": "",
    "claim_mono_ns": 0,
    "incarnation": 0,
    "fps": 0.0,
    "interval_ns": 0,
    "bytes_per_s": 0,
    "connected_wall_ns": 0,
}
