"""`/status`: cameras, viewers and processes in the words of the public contract. Pure."""

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from common.units import NS_PER_S
from services.fanout.camera_row import Told, camera_row, newest_age_s
from services.fanout.directory import Directory
from services.fanout.statuses import Statuses

# Announced this recently, a camera's newest frame is as old as it was then, or every camera would look a second old.
FRESH_NS: Final = 2 * NS_PER_S


def status_page(
    directory: Directory, statuses: Statuses, label: Callable[[str], str], now_ns: int, wall_ns: int, host: str
) -> dict[str, Any]:
    """Return what `GET /status` answers."""
    viewers = statuses.viewers()
    watching = Counter(viewer["camera"] for viewer in viewers)
    encodes, delays, ledger = statuses.encodes(), statuses.delays(), statuses.lives.rows()
    troubles, recordings = statuses.troubles, statuses.recordings.rows(statuses.stage("recorder"))
    cameras = []
    for id_ in directory.ids():
        camera, heard_ns = directory.get(id_), directory.heard_ns(id_)
        as_of_ns = heard_ns if now_ns - heard_ns < FRESH_NS else now_ns
        told = Told(
            camera,
            label(id_),
            newest_age_s(camera, as_of_ns, now_ns, wall_ns, same_host=directory.host(id_) == host),
            watching[id_],
            encodes.get(id_, {}),
            delays.get(id_, {}),
            ledger.get(id_, ()),
            troubles.quarantine(id_, wall_ns),
            troubles.is_isolated(id_),
            troubles.encode_error(id_),
            recordings.get(id_, {}),
        )
        cameras.append(camera_row(told))
    return {
        "cameras": cameras,
        "viewers": viewers,
        "processes": statuses.processes(),
        "overload": statuses.overloads(),
    }
