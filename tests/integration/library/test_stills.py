"""frame.jpg from real files: the very picture of a time, previews, originals bit for bit, and decoders that fail."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from common.moments import moment_ns, moment_text
from common.recordings.container import Sample
from common.recordings.rows import GapRow, Reason, State
from common.units import NS_PER_S
from tests.helpers.bus import short_tmp
from tests.helpers.crashing_codec import CRASH, HANG, crashing_codecs, marked
from tests.helpers.footage import EVENING_NS, FPS, Footage
from tests.helpers.kernel import children_of, is_alive
from tests.helpers.library import LibraryRoom, Reply
from tests.helpers.numbered import add_originals, number_in, numbered, numbered_jpeg
from tests.helpers.rooms import room, settings_in, wait_until
from tests.helpers.video import reference

FRAMES, KEY_EVERY = 45, 20


@dataclass
class House(LibraryRoom):
    """A library over a folder of recordings of camera porch."""

    footage: Footage

    def still(self, at_ns: int | str, **query: Any) -> Reply:
        at = at_ns if isinstance(at_ns, str) else moment_text(at_ns)
        more = "".join(f"&{name}={value}" for name, value in query.items())
        return self.get(f"/porch/frame.jpg?at={at}{more}")

    def decoder(self) -> int:
        """Return the process id of the stills child, 0 when there is none."""
        return next(iter(children_of(self.room.process.pid)), 0)


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with short_tmp() as folder:
        footage = Footage(folder / "recordings")
        footage.add(EVENING_NS, numbered(FRAMES, 0, KEY_EVERY))
        # The next file begins where the first ends; then there is a gap.
        footage.add(after(FRAMES) + NS_PER_S // 10, numbered(FRAMES, 100, KEY_EVERY))
        footage.gap(GapRow(after(60), after(90), Reason.OFFLINE))
        footage.gap(GapRow(after(92), after(150), Reason.OFFLINE))
        footage.add(after(150), numbered(FRAMES, 300, KEY_EVERY))
        add_originals(footage, after(300), [numbered_jpeg(number) for number in range(20)])
        kept = [numbered_jpeg(number) for number in range(50, 60)]
        footage.add(after(400), numbered(10, 50, KEY_EVERY))
        add_originals(footage, after(400), kept, State.DONE)
        spoilt = [
            marked(numbered_jpeg(1), CRASH),
            marked(numbered_jpeg(2), HANG),
            b"\xff\xd8\xff\xd9" * 200,
            numbered_jpeg(4),
        ]
        add_originals(footage, after(500), spoilt)
        variables = {"CAM_RECORDING_DIR": str(folder / "recordings"), **crashing_codecs(folder / "site")}
        with room("library", folder, **variables) as library:
            yield House(folder, settings_in(folder, **variables), library, footage)
        footage.close()


def after(frames: int) -> int:
    return EVENING_NS + frames * NS_PER_S // FPS


def test_library_shows_exactly_the_picture_of_a_time(house):
    for number in (0, 1, 7, 19, 20, 21, 44):
        answer = house.still(after(number), exact=1)
        assert (answer.status, answer.headers["Content-Type"]) == (200, "image/jpeg"), answer.body
        assert number_in(answer.body) == number
        assert abs(moment_ns(answer.headers["X-Captured-At"]) - after(number)) < 12_000
        assert (reference(answer.body).width, reference(answer.body).height) == (320, 240)


def test_library_shows_a_picture_until_the_next_one(house):
    assert number_in(house.still(after(7) + 60_000_000).body) == 7
    assert number_in(house.still(after(8) - 100_000).body) == 7


def test_library_finds_a_picture_again_by_the_time_that_it_told(house):
    for number in range(10):
        first = house.still(after(number))
        again = house.still(first.headers["X-Captured-At"])
        assert number_in(again.body) == number
        assert again.headers["ETag"] == first.headers["ETag"]


def test_preview_is_the_keyframe_before_and_the_same_one_for_all_its_times(house):
    tags = set()
    for number in (20, 25, 39):
        answer = house.still(after(number), exact=0, height=120)
        assert number_in(answer.body) == 20
        assert (reference(answer.body).width, reference(answer.body).height) == (160, 120)
        tags.add(answer.headers["ETag"])
    assert len(tags) == 1


def test_picture_of_a_finished_file_is_kept_and_known_again(house):
    first = house.still(after(5))
    assert "immutable" in first.headers["Cache-Control"]
    target = f"/porch/frame.jpg?at={moment_text(after(5))}"
    again = house.get(target, If_None_Match=first.headers["ETag"])
    assert (again.status, again.body) == (304, b"")
    assert again.headers["X-Captured-At"] == first.headers["X-Captured-At"]


def test_footage_that_is_still_written_is_there_as_far_as_its_row_goes(house):
    of, start_ns = numbered(FRAMES, 1000, KEY_EVERY), after(1000)
    samples = [Sample(start_ns + at * NS_PER_S // FPS, *each) for at, each in enumerate(of.samples)]
    writer = house.footage.begin(start_ns, of)
    writer.append(samples[:20], after(1020))
    row_id = house.footage.index.add_file(writer.row)
    written = house.still(after(1019))
    assert number_in(written.body) == 1019
    # Until the file is finished, it is asked for again.
    assert "no-cache" in written.headers["Cache-Control"]
    writer.append(samples[20:40], after(1040))
    assert house.still(after(1030)).status == 404
    row = writer.row
    house.footage.index.update_file(
        row_id, end_ns=row.end_ns, size_bytes=row.size_bytes, frames=row.frames, state=row.state
    )
    assert number_in(house.still(after(1039)).body) == 1039
    writer.close()


def test_last_picture_of_a_file_is_shown_until_the_next_file(house):
    assert number_in(house.still(after(FRAMES) + NS_PER_S // 20).body) == 44
    assert number_in(house.still(after(FRAMES) + NS_PER_S // 10).body) == 100


def test_library_names_the_nearest_footage_where_there_is_none(house):
    # Within the gap, before the first and behind the last.
    answer = house.still(after(140))
    assert answer.status == 404
    nearest = answer.json["nearest"]
    assert nearest["before"]["to"] < moment_text(after(140)) < nearest["after"]["from"]
    assert house.still(EVENING_NS - NS_PER_S).json["nearest"]["before"] is None
    assert house.still(after(9000)).json["nearest"]["after"] is None
    assert house.get(f"/garden/frame.jpg?at={moment_text(EVENING_NS)}").status == 404


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?at=",
        "?at=now",
        "?at=1&exact=2",
        "?at=1&height=89",
        "?at=1&height=1081",
        "?at=1&height=x",
        "?at=1&path=/etc",
    ],
)
def test_library_refuses_what_it_does_not_understand_with_a_sentence(house, query):
    answer = house.get(f"/porch/frame.jpg{query}")
    assert answer.status == 400
    assert answer.json["error"]


def test_original_is_the_cameras_jpeg_bit_for_bit(house):
    for number in (0, 3, 19):
        answer = house.still(after(300 + number))
        assert answer.body == numbered_jpeg(number)
    # Its video is still to be made: nothing says for how long this stays the answer.
    assert "no-cache" in answer.headers["Cache-Control"]


def test_original_is_made_smaller_where_that_is_asked_for(house):
    answer = house.still(after(305), height=120)
    assert (number_in(answer.body), reference(answer.body).height) == (5, 120)
    assert house.still(after(305), height=480).body == numbered_jpeg(5)


def test_kept_original_is_the_very_picture_and_its_video_the_preview(house):
    assert house.still(after(405), exact=1).body == numbered_jpeg(55)
    preview = house.still(after(405), exact=0)
    assert preview.body != numbered_jpeg(50)
    assert number_in(preview.body) == 50


def test_crash_of_the_decoder_costs_one_picture(house):
    crashed = house.still(after(500), height=120)
    assert crashed.status == 500
    assert "crashed" in crashed.json["error"]
    assert number_in(house.still(after(10)).body) == 10


def test_decoder_that_hangs_is_ended_and_the_next_picture_is_made(house):
    hung = house.still(after(501), height=120)
    assert hung.status == 500
    assert "longer than" in hung.json["error"]
    assert number_in(house.still(after(11)).body) == 11


def test_garbage_is_refused_with_a_sentence_and_costs_no_decoder(house):
    house.still(after(12))
    decoder = house.decoder()
    answer = house.still(after(502), height=120)
    assert (answer.status, "cannot be decoded" in answer.json["error"]) == (500, True)
    assert house.decoder() == decoder != 0


def test_decoder_that_was_killed_meanwhile_costs_nothing(house):
    house.still(after(13))
    decoder = house.decoder()
    os.kill(decoder, signal.SIGKILL)
    wait_until(lambda: not is_alive(decoder), "the decoder's end")
    assert number_in(house.still(after(14)).body) == 14


def test_many_who_ask_at_once_get_their_pictures(house):
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda number: house.still(after(number), height=100 + number), range(24)))
    assert [number_in(answer.body) for answer in answers] == list(range(24))


def test_file_that_was_deleted_or_overwritten_is_said_so(house):
    lost = house.footage.add(after(600), numbered(10, 600, KEY_EVERY))
    broken = house.footage.add(after(700), numbered(10, 700, KEY_EVERY))
    (house.footage.folder / lost.name).unlink()
    (house.footage.folder / broken.name).write_bytes(b"\0" * broken.size_bytes)
    assert house.still(after(605)).status == 404
    damaged = house.still(after(705))
    assert damaged.status == 500
    assert "cannot be read" in damaged.json["error"]


def test_coded_picture_that_is_damaged_is_said_so(house):
    row = house.footage.add(after(800), numbered(10, 800, KEY_EVERY))
    path = house.footage.folder / row.name
    data = bytearray(path.read_bytes())
    key = numbered(10, 800, KEY_EVERY).samples[0][1]
    at = data.index(key)
    data[at + 4 : at + len(key)] = b"\x65" + b"\xff" * (len(key) - 5)
    path.write_bytes(data)
    answer = house.still(after(805))
    assert (answer.status, "cannot be decoded" in answer.json["error"]) == (500, True)


def test_library_that_is_killed_takes_its_decoder_along(house):
    variables = {"CAM_RECORDING_DIR": str(house.recordings)}
    with short_tmp() as folder, room("library", folder, **variables) as library:
        other = House(folder, settings_in(folder, **variables), library, house.footage)
        assert number_in(other.still(after(15)).body) == 15
        decoder = other.decoder()
        assert decoder
        library.kill()
        wait_until(lambda: not is_alive(decoder), "the decoder's end")
