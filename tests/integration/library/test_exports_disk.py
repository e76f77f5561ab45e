"""A disk that is full says so in one sentence, leaves no half film, and takes the next export once there is room."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from common.config import PROJECT_DIR, load
from tests.helpers.bus import short_tmp
from tests.helpers.footage import EVENING_NS, Footage
from tests.helpers.library import LibraryRoom, Reply
from tests.helpers.numbered import numbered
from tests.helpers.rooms import Room, environment, wait_until
from tests.helpers.surroundings import as_seen_by, small_disk

DISK_BYTES = 3 << 20
PAGE_BYTES = 4096
TIMES = {"from": "2026-11-22T21:00:00Z", "to": "2026-11-22T21:00:10Z"}
DEADLINE_S = 30.0


def fill(path: Path, leave_bytes: int) -> None:
    """Write a file that leaves so much room on its disk."""
    room = os.statvfs(path.parent)
    path.write_bytes(bytes(max(0, room.f_bavail * room.f_frsize - leave_bytes)))


def test_full_disk_fails_an_export_in_one_sentence_and_leaves_nothing():
    with short_tmp() as folder:
        disk = folder / "disk"
        log = (folder / "library.log").open("wb")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CAM_")}
        library = subprocess.Popen(
            [*small_disk(disk, DISK_BYTES), sys.executable, "-m", "services.library", "--name", "library"],
            cwd=PROJECT_DIR,
            env={**inherited, **environment(folder, CAM_RECORDING_DIR=str(disk))},
            stderr=log,
        )

        variables = environment(folder, CAM_RECORDING_DIR=str(disk))
        house = LibraryRoom(folder, load(variables), Room("library", library, folder / "library.log"))

        def order(**more: Any) -> Reply:
            return house.ask("/api/exports", "POST", {"camera": "porch", **TIMES, **more})

        def ended(told: Reply) -> dict[str, Any]:
            assert told.status == 202, told.body
            target = f"/api/exports/{told.json['id']}"
            wait_until(lambda: house.ask(target).json["state"] in ("done", "failed"), "its end", DEADLINE_S)
            return dict(house.ask(target).json)

        try:
            wait_until(lambda: b"ready" in (folder / "library.log").read_bytes() or library.poll() is not None, "ready")
            there = as_seen_by(library.pid, disk)
            # SQLite follows links by itself, and so does not get there.
            footage = Footage(folder / "written")
            footage.add(EVENING_NS, numbered(30))
            footage.close()
            shutil.copytree(footage.folder, there / "porch")
            exports, ballast = there / ".exports", there / "ballast"
            assert ended(order())["state"] == "done"

            fill(ballast, 4 * PAGE_BYTES)
            clip = ended(order())
            assert (clip["state"], clip["error"].partition(":")[0]) == ("failed", "the disk is full")
            timelapse = ended(order(kind="timelapse", speed=2, fps=30))
            assert timelapse["state"] == "failed"
            assert "disk is full" in timelapse["error"]
            assert {path.suffix for path in exports.iterdir()} == {".json", ".mp4"}
            assert len(list(exports.glob("*.mp4"))) == 1

            fill(there / "more", 0)
            refused = order()
            assert (refused.status, "disk is full" in refused.json["error"]) == (507, True)

            ballast.unlink()
            (there / "more").unlink()
            assert ended(order(kind="timelapse", speed=2, fps=30))["state"] == "done"
        finally:
            library.terminate()
            library.wait(DEADLINE_S)
            log.close()
