"""What retention takes of a camera's folder, on a clock of the test's own."""

from dataclasses import replace

import pytest

from common.recordings.camera_store import CameraStore
from common.recordings.layout import name_of
from common.recordings.rows import FileRow, Kind, State
from common.settings import RecordingSettings
from common.units import NS_PER_S
from services.recorder.retention import DAY_NS, GIB, Limits
from services.recorder.room import Room
from services.recorder.taking import Moment

T = 1_795_381_200 * NS_PER_S
MONTH = Limits(max_days=30)


@pytest.fixture
def store(tmp_path):
    opened = CameraStore.open(tmp_path / "porch", "porch")
    assert opened is not None
    yield opened
    opened.close()


@pytest.fixture
def room(tmp_path):
    return Room(tmp_path, RecordingSettings(min_free_mib=0))


def put(store: CameraStore, start_ns: int, kind: Kind = Kind.VIDEO, **changes) -> FileRow:
    """Add a file of a minute."""
    name = name_of("porch", start_ns, kind)
    path = store.folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(bytes(1000))
    row = FileRow(name, kind, State.DONE, start_ns, start_ns + 60 * NS_PER_S, 1000, 900, 8, 8, "avc1.42C01F", 0)
    row = replace(row, **changes)
    store.add_file(row)
    return row


def names(store: CameraStore) -> list[str]:
    return [row.name for row in store.index.files()]


def test_what_is_too_old_goes_by_a_clock_that_is_believed(store, room):
    old, young = put(store, T - 31 * DAY_NS), put(store, T - DAY_NS)
    assert room.tidy(store, MONTH, Moment(0, T)) == 1
    assert names(store) == [young.name]
    assert not store.path(old).exists()


def test_clock_that_is_years_ahead_deletes_nothing_until_it_stays_so(store, room):
    row = put(store, T - DAY_NS)
    ahead_ns = T + 3000 * DAY_NS
    assert room.tidy(store, MONTH, Moment(0, ahead_ns)) == 0
    assert room.tidy(store, MONTH, Moment(DAY_NS // 2, ahead_ns + DAY_NS // 2)) == 0
    # The machine is started again.
    again = Room(store.folder.parent, RecordingSettings(min_free_mib=0))
    assert again.tidy(store, MONTH, Moment(0, ahead_ns + DAY_NS)) == 0
    assert names(store) == [row.name]
    assert again.tidy(store, MONTH, Moment(DAY_NS, ahead_ns + 2 * DAY_NS)) == 1


def test_age_of_footage_that_was_shifted_is_counted_from_its_capture(store, room):
    put(store, T + 300 * DAY_NS, shift_ns=340 * DAY_NS)
    young = put(store, T + 330 * DAY_NS, shift_ns=340 * DAY_NS)
    assert room.tidy(store, MONTH, Moment(0, T)) == 1
    assert names(store) == [young.name]


def test_originals_that_wait_for_their_video_make_room_but_do_not_age(store, room):
    waiting = put(store, T - 100 * DAY_NS, Kind.ORIGINALS, state=State.ENCODING)
    video = put(store, T - DAY_NS)
    assert room.tidy(store, replace(MONTH, original_max_days=1), Moment(0, T)) == 0
    assert room.tidy(store, Limits(max_gib=1500 / GIB), Moment(1, T)) == 1
    assert names(store) == [video.name]
    assert not store.path(waiting).exists()


def test_file_that_is_written_stays(store, room):
    put(store, T - 100 * DAY_NS, state=State.OPEN)
    assert room.tidy(store, Limits(max_days=1, max_gib=10 / GIB), Moment(0, T)) == 0
    assert not room.make_room({"porch": store})
