"""The library as a process: what it tells, plays and refuses, while files come and go under its hands."""

import os
import time
from contextlib import suppress

import pytest

from common.recordings.container import Sample
from common.recordings.layout import INDEX_NAME
from common.recordings.rows import EventRow, GapRow, Reason, State
from common.units import NS_PER_S as S
from tests.helpers.bus_ear import BusEar
from tests.helpers.footage import EVENING_NS, FPS, Footage, coded
from tests.helpers.library import UnixConnection, a_library
from tests.helpers.rooms import wait_until

EVENING_S = EVENING_NS // S


@pytest.fixture
def footage(tmp_path):
    made = Footage(tmp_path / "recordings")
    yield made
    made.close()


@pytest.fixture
def library(tmp_path):
    with a_library(tmp_path / "recordings") as running:
        yield running


def window(from_s, to_s):
    return f"?from={EVENING_S + from_s}&to={EVENING_S + to_s}"


def play(from_s, to_s):
    return f"/porch/play.mp4{window(from_s, to_s)}"


def test_overview_tells_footage_gaps_and_events(footage, library):
    footage.add(EVENING_NS, coded(90))
    footage.add(EVENING_NS + 6 * S, coded(90))
    footage.gap(GapRow(EVENING_NS + 12 * S, EVENING_NS + 20 * S, Reason.OFFLINE, "unplugged"))
    footage.index.put_event(EventRow("e1", "bell", EVENING_NS + S, 0))
    answer = library.get(window(0, 60)).json
    assert answer["from"] == "2026-11-22T21:00:00.000000Z"
    (row,) = answer["cameras"]
    assert (row["camera"], row["mode"], row["oldest"]) == ("porch", "off", "2026-11-22T21:00:00.000000Z")
    assert [(span["from"], span["to"], span["frames"]) for span in row["spans"]] == [
        ("2026-11-22T21:00:00.000000Z", "2026-11-22T21:00:11.999999Z", 180)
    ]
    assert [(gap["reason"], gap["detail"]) for gap in row["gaps"]] == [("offline", "unplugged")]
    assert [(event["id"], event["to"]) for event in row["events"]] == [("e1", None)]
    assert row["size_bytes"] == sum(path.stat().st_size for path in footage.folder.glob("*/*.mp4"))


def test_overview_of_days_has_each_file_once(footage, library):
    # Over both midnights of the range's days, and from before its beginning on.
    for index in range(60):
        footage.add(EVENING_NS + index * 3600 * S, coded(2), [0, 1800 * S], EVENING_NS + (index + 1) * 3600 * S)
    (row,) = library.get(window(1800, 59 * 3600)).json["cameras"]
    assert [(span["from"], span["frames"]) for span in row["spans"]] == [("2026-11-22T21:00:00.000000Z", 118)]


def test_overview_of_nothing_has_rows_for_whom_is_asked(library):
    assert library.get("").json["cameras"] == []
    (row,) = library.get("?camera=porch").json["cameras"]
    assert (row["camera"], row["spans"], row["newest"]) == ("porch", [], None)


def test_footage_is_there_as_soon_as_its_row_is(footage, library):
    assert library.get(play(0, 60)).status == 404
    footage.add(EVENING_NS, coded(90))
    assert library.get(play(0, 60)).status == 200
    assert len(library.get(window(0, 60)).json["cameras"][0]["spans"]) == 1


def test_player_asks_for_ranges(footage, library):
    footage.add(EVENING_NS, coded(90))
    whole = library.get(play(0, 60))
    tag, size = whole.headers["ETag"], len(whole.body)
    assert (whole.status, whole.headers["Content-Length"], whole.headers["Content-Type"]) == (
        200,
        str(size),
        "video/mp4",
    )
    assert whole.headers["X-Start"] == "2026-11-22T21:00:00.000000Z"
    assert whole.headers["Accept-Ranges"] == "bytes"

    part = library.get(play(0, 60), Range="bytes=100-299")
    assert (part.status, part.headers["Content-Range"]) == (206, f"bytes 100-299/{size}")
    assert part.body == whole.body[100:300]
    tail = library.get(play(0, 60), Range="bytes=-50", If_Range=tag)
    assert (tail.status, tail.body) == (206, whole.body[-50:])
    changed = library.get(play(0, 60), Range="bytes=-50", If_Range='"another"')
    assert (changed.status, changed.body) == (200, whole.body)
    beyond = library.get(play(0, 60), Range=f"bytes={size}-")
    assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{size}")
    assert "error" in beyond.json

    known = library.get(play(0, 60), If_None_Match=tag)
    assert (known.status, known.body) == (304, b"")
    head = library.ask(f"/api/recordings{play(0, 60)}", "HEAD")
    assert (head.status, head.body, head.headers["Content-Length"], head.headers["ETag"]) == (200, b"", str(size), tag)
    # Ranges are of GET alone (RFC 9110, 14.2).
    head = library.ask(f"/api/recordings{play(0, 60)}", "HEAD", Range="bytes=5-9")
    assert (head.status, head.headers["Content-Length"]) == (200, str(size))
    assert library.get(play(0, 60)).body == whole.body


def test_file_is_served_as_far_as_its_row_goes(footage, library):
    row = footage.add(EVENING_NS, coded(90))
    stored = (footage.folder / row.name).read_bytes()
    answer = library.get(f"/porch/files/{row.name}")
    assert (answer.status, answer.body) == (200, stored)
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="porch_20261122T210000.000Z')
    assert library.get(f"/porch/files/{row.name}", Range="bytes=8-11").body == stored[8:12]
    (footage.folder / row.name).with_name("porch_20261122T210500.000Z.mp4").write_bytes(stored)
    unknown = library.get("/porch/files/2026-11-22/porch_20261122T210500.000Z.mp4")
    assert (unknown.status, unknown.json) == (404, {"error": "camera porch has no such file"})


def test_growing_file_is_played_as_far_as_its_row_goes(footage, library):
    of = coded(90)
    writer = footage.begin(EVENING_NS, of)
    samples = [Sample(EVENING_NS + at * S // FPS, *sample) for at, sample in enumerate(of.samples)]
    writer.append(samples[:30], samples[30].time_ns)
    writer.sync()
    file_id = footage.index.add_file(writer.row)
    first = library.get(play(0, 60))
    # More is in the file than its row vouches for, and half a fragment, too.
    writer.append(samples[30:60], samples[60].time_ns)
    path = footage.folder / writer.name
    with path.open("ab") as file:
        file.write(path.read_bytes()[1000:1300])
    assert library.get(play(0, 60)).body == first.body
    os.truncate(path, writer.size_bytes)
    row = writer.row
    footage.index.update_file(
        file_id, end_ns=row.end_ns, size_bytes=row.size_bytes, frames=row.frames, state=State.OPEN
    )
    second = library.get(play(0, 60))
    assert second.headers["ETag"] != first.headers["ETag"]
    assert len(library.get(f"/porch/frames{window(0, 60)}").json["times_ms"]) == 60
    writer.close()


def test_file_that_goes_during_playback_cuts_that_answer_alone(footage, library):
    # Larger than all buffers on the way.
    sample = b"\0\0\0\1" + bytes(100_000)
    of = coded(90)
    for index in range(4):
        large = type(of)(of.init, [(key, data + sample) for key, data in of.samples], of.width, of.height)
        row = footage.add(EVENING_NS + index * 6 * S, large)
    connection = UnixConnection(library.socket)
    connection.request("GET", f"/api/recordings{play(0, 60)}")
    answer = connection.getresponse()
    announced = int(answer.headers["Content-Length"])
    assert len(answer.read(1000)) == 1000
    footage.index.remove_file(row.id)
    (footage.folder / row.name).unlink()
    received = 1000
    with suppress(ConnectionError):
        while part := answer.read(1 << 16):
            received += len(part)
    assert received < announced
    connection.close()
    wait_until(lambda: "the answer was cut" in library.room.log(), "the answer was cut")
    assert library.room.log().count("the answer was cut") == 1
    assert library.get(play(0, 60)).status == 200
    assert library.get(f"/porch/files/{row.name}").status == 404


def test_file_that_is_gone_before_its_row_is_left_out(footage, library):
    gone = footage.add(EVENING_NS, coded(90))
    footage.add(EVENING_NS + 6 * S, coded(90))
    (footage.folder / gone.name).unlink()
    answer = library.get(play(0, 60))
    assert (answer.status, answer.headers["X-Start"]) == (200, "2026-11-22T21:00:06.000000Z")
    library.get(play(0, 60))
    assert library.room.log().count("left out of what is shown") == 1


def test_damaged_index_is_told_and_recovered_from(footage, library):
    footage.add(EVENING_NS, coded(90))
    footage.close()
    assert library.get(play(0, 60)).status == 200
    path = footage.folder / INDEX_NAME
    sound = path.read_bytes()
    aside = path.with_name("aside")
    path.rename(aside)
    path.write_bytes(b"no database at all, but of some length" * 200)
    broken = library.get(play(0, 60))
    assert (broken.status, broken.headers["Retry-After"]) == (503, "2")
    assert "error" in library.get("").json["cameras"][0]
    path.unlink()
    assert library.get(play(0, 60)).status == 404
    path.write_bytes(sound)
    assert library.get(play(0, 60)).status == 200


def test_missing_folder_is_no_footage(library):
    assert not library.recordings.exists()
    assert library.get("").status == 200
    answer = library.get(play(0, 60))
    assert (answer.status, answer.json["nearest"]) == (404, {"before": None, "after": None})


def test_refusals_are_json_with_a_sentence(footage, library):
    footage.add(EVENING_NS, coded(90))
    for path, status in (
        (play(5, 5), 400),
        ("/porch/play.mp4", 400),
        ("/porch/play.mp4?from=now&to=1", 400),
        (f"{play(0, 5)}&form=1", 400),
        (play(0, 86_401), 400),
        (f"/porch/frames{window(0, 601)}", 400),
        ("?camera=", 400),
        (f"?camera={'x' * 33}", 400),
        ("?fron=1", 400),
        ("/porch/nothing", 404),
        ("/porch", 405),
        (f"/garden/play.mp4{window(0, 5)}", 404),
    ):
        answer = library.get(path)
        assert (answer.status, answer.headers["Content-Type"]) == (status, "application/json"), path
        assert answer.json["error"]


def test_range_is_found_in_rfc_3339(footage, library):
    footage.add(EVENING_NS, coded(90))
    answer = library.get("/porch/play.mp4?from=2026-11-22T22:00:01%2B01:00&to=2026-11-22T21:00:02.5Z")
    assert (answer.status, answer.headers["X-Start"]) == (200, "2026-11-22T21:00:01.000000Z")


def test_playlist_of_the_past_has_an_end(footage, library):
    of = coded(90)
    writer = footage.begin(EVENING_NS, of)
    writer.append([Sample(EVENING_NS, *of.samples[0])], EVENING_NS + S)
    footage.index.add_file(writer.row)
    assert b"ENDLIST" in library.get(f"/porch/index.m3u8?from={EVENING_S - 5}&to={EVENING_S + 0.5}").body
    writer.close()
    assert library.get(f"/porch/index.m3u8{window(-50, -40)}").status == 404


def test_playlist_of_a_camera_that_is_recorded_never_takes_back_a_segment(footage, library):
    of = coded(90, key_every=15)
    start_ns = time.time_ns() - 10 * S
    writer = footage.begin(start_ns, of)
    samples = [Sample(start_ns + at * S // FPS, *sample) for at, sample in enumerate(of.samples)]
    address = f"/porch/index.m3u8?from={start_ns / S - 5:.3f}&to={start_ns / S + 3600:.3f}"
    told: list[bytes] = []
    file_id = 0
    for second in range(6):
        end = samples[15 * second + 15].time_ns if second < 5 else start_ns + 6 * S
        writer.append(samples[15 * second : 15 * second + 15], end)
        writer.sync()
        if not file_id:
            file_id = footage.index.add_file(writer.row)
        row = writer.row
        footage.index.update_file(
            file_id, end_ns=row.end_ns, size_bytes=row.size_bytes, frames=row.frames, state=State.OPEN
        )
        answer = library.get(address)
        if answer.status == 404:
            continue
        segments = [line for line in answer.body.splitlines() if line.startswith(b"#EXT-X-BYTERANGE")]
        assert segments[: len(told)] == told
        told = segments
    assert len(told) == 1
    writer.close()


def test_time_that_no_index_can_hold_is_400(footage, library):
    footage.add(EVENING_NS, coded(90))
    for from_, to in (("99999999990", "99999999999"), ("9223372036.8", "9223372036.9"), ("9999-12-31T00:00:00Z", "1")):
        for address in ("", "/porch/play.mp4", "/porch/frames", "/porch/index.m3u8"):
            assert library.get(f"{address}?from={from_}&to={to}").status == 400
        assert library.get(f"/porch/frame.jpg?at={from_}").status == 400
        wish = {"camera": "porch", "from": from_, "to": to}
        assert library.ask("/api/exports", "POST", wish).status == 400
    latest = "?from=2261-12-31T23:00:00Z&to=2261-12-31T23:59:59.999999999Z"
    assert library.get(latest).status == 200
    assert library.get(f"/porch/play.mp4{latest}").status == 404
    assert library.get("/porch/frame.jpg?at=2261-12-31T23:59:59.999999999Z").status == 404


def test_client_that_leaves_in_the_middle_is_no_error(footage, library):
    of = coded(90)
    sample = b"\0\0\0\1" + bytes(100_000)
    footage.add(EVENING_NS, type(of)(of.init, [(key, data + sample) for key, data in of.samples], 64, 48))
    for _ in range(5):
        connection = UnixConnection(library.socket)
        connection.request("GET", f"/api/recordings{play(0, 60)}")
        connection.getresponse().read(1000)
        connection.close()
    assert library.get(play(0, 60)).status == 200
    assert "ERROR" not in library.room.log()


def test_library_announces_its_addresses_on_the_bus(tmp_path):
    with a_library(tmp_path / "recordings", with_broker=True) as library:
        with BusEar(library.settings.bus_addresses, "status") as ear:
            ear.wait(lambda: [each for each in ear.records("status") if each.get("stage") == "library"], "its status")
            record = next(each for each in ear.records("status") if each.get("stage") == "library")
        assert [api["prefix"] for api in record["apis"]] == ["/api/recordings", "/api/exports"]
        assert {api["socket"] for api in record["apis"]} == {str(library.socket)}
