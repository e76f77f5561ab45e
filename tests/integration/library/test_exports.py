"""Exports from real files: made in the background, downloaded, survived by a restart, and refused in one sentence."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from common.moments import moment_text
from common.recordings.rows import GapRow, Reason
from common.units import NS_PER_S
from tests.helpers.bus import short_tmp
from tests.helpers.crashing_codec import CRASH, HANG, crashing_codecs, marked
from tests.helpers.footage import EVENING_NS, FPS, Footage
from tests.helpers.kernel import children_of, is_alive
from tests.helpers.library import LibraryRoom
from tests.helpers.numbered import add_originals, numbered, numbered_jpeg
from tests.helpers.outputs import decode_errors
from tests.helpers.picture import read_stamp
from tests.helpers.rooms import room, settings_in, wait_until

FRAMES, KEY_EVERY = 60, 15
DEADLINE_S = 50.0


class House(LibraryRoom):
    """A library over a folder of recordings of camera porch."""

    def order(self, from_frame: int, to_frame: int, **more: Any) -> str:
        """Ask for an export; return its id."""
        answer = self.ask("/api/exports", "POST", wish(from_frame, to_frame, **more))
        assert answer.status == 202, answer.body
        return str(answer.json["id"])

    def show(self, export: str) -> dict[str, Any]:
        answer = self.ask(f"/api/exports/{export}")
        return dict(answer.json)

    def ended(self, export: str) -> dict[str, Any]:
        """Return an export as soon as it is done or failed."""
        wait_until(lambda: self.show(export)["state"] in ("done", "failed"), "the export's end", DEADLINE_S)
        return self.show(export)

    def film(self, export: str) -> bytes:
        """Return the finished film."""
        ended = self.ended(export)
        assert ended["state"] == "done", ended
        return self.ask(ended["address"]).body

    @property
    def kept(self) -> Path:
        return self.recordings / ".exports"

    def left(self) -> set[str]:
        """Return what is in the folder of exports."""
        return {path.name for path in self.kept.iterdir()} if self.kept.exists() else set()


def wish(from_frame: int, to_frame: int, **more: Any) -> dict[str, Any]:
    times = {"from": moment_text(after(from_frame)), "to": moment_text(after(to_frame))}
    return {"camera": "porch", **times, "kind": "clip", **more}


def after(frames: int) -> int:
    return EVENING_NS + frames * NS_PER_S // FPS


def record(folder: Path) -> None:
    footage = Footage(folder / "recordings")
    footage.add(EVENING_NS, numbered(FRAMES, 0, KEY_EVERY))
    footage.add(after(FRAMES), numbered(FRAMES, FRAMES, KEY_EVERY))
    footage.gap(GapRow(after(120), after(180), Reason.OFFLINE))
    footage.add(after(180), numbered(FRAMES, 180, KEY_EVERY))
    originals = [numbered_jpeg(number) for number in range(300, 315)]
    add_originals(footage, after(300), originals)
    add_originals(footage, after(400), [numbered_jpeg(400), marked(numbered_jpeg(401), CRASH)])
    add_originals(footage, after(500), [numbered_jpeg(500), marked(numbered_jpeg(501), HANG), numbered_jpeg(502)])
    footage.close()


@contextmanager
def library(folder: Path, **more: str) -> Iterator[House]:
    variables = {"CAM_RECORDING_DIR": str(folder / "recordings"), **crashing_codecs(folder / "site"), **more}
    with room("library", folder, stdin=None, arguments=(), **variables) as process:
        yield House(folder, settings_in(folder, **variables), process)


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with short_tmp() as folder:
        record(folder)
        with library(folder) as started:
            yield started


def shown(film: bytes, path: Path) -> list[tuple[int, float]]:
    """Return the number in each picture of a film, and when it is shown."""
    path.write_bytes(film)
    with av.open(str(path)) as container:
        pictures = [picture for picture in container.decode(video=0) if not picture.is_corrupt]
    numbers = []
    for picture in pictures:
        luma = picture.planes[0]
        stamp = read_stamp(bytes(luma), picture.width, picture.height, luma.line_size)
        numbers.append((stamp.number if stamp else -1, float(picture.time or 0)))
    return numbers


def test_clip_is_byte_for_byte_what_is_played(house):
    export = house.order(10, 200)
    film = house.film(export)
    times = wish(10, 200)
    assert film == house.ask(f"/api/recordings/porch/play.mp4?from={times['from']}&to={times['to']}").body
    row = house.show(export)
    assert (row["progress"], row["size_bytes"], row["error"]) == (1.0, len(film), None)


def test_export_is_downloaded_as_a_file_and_in_ranges(house):
    row = house.ended(house.order(0, 30))
    whole = house.ask(row["address"])
    assert whole.headers["Content-Disposition"] == 'attachment; filename="porch_20261122T210000Z.mp4"'
    assert whole.headers["Content-Type"] == "video/mp4"
    part = house.ask(row["address"], Range="bytes=10-19")
    assert (part.status, part.body) == (206, whole.body[10:20])
    assert house.ask(row["address"], If_None_Match=whole.headers["ETag"]).status == 304
    for name in ("other.mp4", "..%2F..%2Fporch%2Findex.sqlite", ".."):
        assert house.ask(f"/api/exports/{row['id']}/{name}").status in (400, 404)


def test_timelapse_shows_the_picture_of_each_step(house, tmp_path):
    # Steps of 8 pictures, which is less than the keyframes' distance.
    film = house.film(house.order(0, 120, kind="timelapse", speed=16 / 3, fps=10))
    pictures = shown(film, tmp_path / "film.mp4")
    assert [number for number, _ in pictures] == list(range(0, 120, 8))
    assert [round(time_s, 3) for _, time_s in pictures] == [round(at / 10, 3) for at in range(15)]
    assert decode_errors(tmp_path / "film.mp4") == ""


def test_fast_timelapse_is_made_of_keyframes_and_leaves_gaps_out(house, tmp_path):
    # Steps of 30 pictures; a keyframe is every 15.
    film = house.film(house.order(0, 240, kind="timelapse", speed=20, fps=10))
    assert [number for number, _ in shown(film, tmp_path / "film.mp4")] == [0, 30, 60, 90, 180, 210]


def test_slow_timelapse_shows_a_picture_as_long_as_it_is_the_newest(house, tmp_path):
    # Two steps a picture and a bit: 2 x 60/s.
    film = house.film(house.order(0, 15, kind="timelapse", speed=2, fps=60))
    pictures = shown(film, tmp_path / "film.mp4")
    assert [number for number, _ in pictures] == list(range(15))
    assert {round((later - time_s) * 60) for (_, time_s), (_, later) in pairwise(pictures)} == {2}


def test_timelapse_has_its_moov_first_and_takes_originals(house, tmp_path):
    film = house.film(house.order(290, 330, kind="timelapse", speed=2, fps=5))
    assert film.index(b"moov") < film.index(b"mdat")
    numbers = [number for number, _ in shown(film, tmp_path / "film.mp4")]
    assert numbers[0] in (300, 301, 302)
    assert numbers == sorted(set(numbers))
    assert len(numbers) >= 2


def test_crash_of_the_codec_fails_that_export_alone(house):
    crashed = house.ended(house.order(399, 410, kind="timelapse", speed=2, fps=30))
    assert crashed["state"] == "failed"
    assert "crashed (signal 11)" in crashed["error"]
    assert crashed["address"] is None
    assert house.ended(house.order(0, 30))["state"] == "done"
    assert not {name for name in house.left() if name.endswith((".part", ".spool", ".draft"))}


def test_export_at_work_is_deleted_with_its_process(house):
    export = house.order(499, 510, kind="timelapse", speed=2, fps=30)
    wait_until(lambda: children_of(house.room.process.pid), "the child that hangs")
    (child,) = children_of(house.room.process.pid)
    assert house.show(export)["state"] == "running"
    waiting = house.order(0, 30)
    assert house.show(waiting)["state"] == "waiting"
    assert house.ask(f"/api/exports/{waiting}/porch_20261122T210000Z.mp4").status == 409
    assert house.ask(f"/api/exports/{export}", "DELETE").status == 204
    assert not is_alive(child)
    assert house.ask(f"/api/exports/{export}").status == 404
    assert not {name for name in house.left() if name.startswith(export)}
    assert house.ended(waiting)["state"] == "done"


def test_finished_export_is_deleted_with_its_file(house):
    export = house.order(0, 30)
    address = house.ended(export)["address"]
    assert house.ask(f"/api/exports/{export}", "DELETE", Origin="http://elsewhere.example").status == 403
    assert house.ask(f"/api/exports/{export}", "DELETE").status == 204
    assert house.ask(address).status == 404
    assert not {name for name in house.left() if name.startswith(export)}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"camera": None}, 400),
        ({"camera": "../porch"}, 404),
        ({"camera": "garden"}, 404),
        ({"kind": "gif"}, 400),
        ({"speed": 2}, 400),
        ({"kind": "timelapse", "speed": 1}, 400),
        ({"kind": "timelapse", "speed": "fast"}, 400),
        ({"kind": "timelapse", "fps": 2.5}, 400),
        ({"to": "2026-11-22T20:00:00Z"}, 400),
        ({"from": "yesterday"}, 400),
        ({"from": "2026-11-21T20:00:00Z"}, 400),
        ({"path": "/etc/passwd"}, 400),
        ({"from": "2026-11-23T20:00:00Z", "to": "2026-11-23T20:01:00Z"}, 404),
    ],
)
def test_order_that_cannot_be_met_is_refused_with_a_sentence(house, change, status):
    body = {name: value for name, value in {**wish(0, 30), **change}.items() if value is not None}
    answer = house.ask("/api/exports", "POST", body)
    assert answer.status == status, answer.body
    assert answer.json["error"]


def test_clip_of_originals_waits_for_their_video(house):
    answer = house.ask("/api/exports", "POST", wish(300, 310))
    assert (answer.status, "still being made" in answer.json["error"]) == (409, True)


def test_order_from_elsewhere_or_of_another_type_is_refused(house):
    assert house.ask("/api/exports", "POST", wish(0, 30), Origin="http://elsewhere.example").status == 403
    assert house.ask("/api/exports", "POST", wish(0, 30), Content_Type="text/plain").status == 415


def test_oldest_finished_export_gives_way_to_the_twenty_first(house):
    oldest = [row["id"] for row in house.ask("/api/exports").json["exports"]][::-1]
    made = [house.order(0, 15)]
    # Finished before all others, so that there is one that can go.
    house.ended(made[0])
    made += [house.order(0, 15) for _ in range(20)]
    for export in made[1:]:
        house.ended(export)
    rows = house.ask("/api/exports").json["exports"]
    assert [row["id"] for row in rows] == made[:0:-1]
    assert not set(oldest) & {row["id"] for row in rows}
    assert len(house.left()) == 2 * len(rows)


def test_exports_survive_a_restart_and_unfinished_ones_are_made_anew():
    with short_tmp() as folder:
        record(folder)
        with library(folder) as first:
            done = first.order(0, 30)
            film = first.film(done)
            hung = first.order(499, 510, kind="timelapse", speed=2, fps=30)
            wait_until(lambda: children_of(first.room.process.pid), "the child that hangs")
            waiting = first.order(0, 120, kind="timelapse", speed=20, fps=10)
            first.room.kill()
        # The first one's "ready" is not the second's.
        first.room.log_path.unlink()
        (first.kept / "0123456789abcdef.part").write_bytes(b"left over")
        # Without the mark's effect: the codec has been repaired meanwhile.
        with library(folder, PYTHONPATH="") as second:
            assert second.film(done) == film
            assert second.ended(waiting)["state"] == "done"
            assert second.ended(hung)["state"] == "done"
            assert {name for name in second.left() if name.endswith((".part", ".spool"))} == set()


def test_library_that_ends_in_the_middle_leaves_no_process_and_no_part():
    with short_tmp() as folder:
        record(folder)
        with library(folder) as house:
            house.order(499, 510, kind="timelapse", speed=2, fps=30)
            wait_until(lambda: children_of(house.room.process.pid), "the child that hangs")
            (child,) = children_of(house.room.process.pid)
            os.kill(house.room.process.pid, signal.SIGTERM)
            assert house.room.process.wait(DEADLINE_S) == 0
        wait_until(lambda: not is_alive(child), "the child's end")
        assert {Path(name).suffix for name in house.left()} == {".json"}
