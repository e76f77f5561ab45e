import pytest

from tests.helpers.picture import read_stamp
from tools.mock_camera.scene import Scene
from tools.mock_camera.sizes import Size
from tools.mock_camera.source import FolderSource, LiveSource, ReadySource, load_jpegs

SMALL, LARGE = Size(64, 64), Size(96, 96)


def scene_at(size):
    return Scene("porch", size)


def test_live_source_counts_on_over_a_change_of_size():
    source = LiveSource(scene_at, SMALL)
    first = [source.picture(0) for _ in range(3)]
    source.resize(LARGE)
    last = source.picture(0)
    assert [picture.number for picture in [*first, last]] == [0, 1, 2, 3]
    assert last.jpeg == scene_at(LARGE).jpeg(3, 0)


def test_ready_source_repeats_its_frames_and_their_numbers():
    source = ReadySource(scene_at, SMALL, 3, 40_000_000, 0)
    pictures = [source.picture(10**18 + index) for index in range(7)]
    assert [picture.number for picture in pictures] == [0, 1, 2, 0, 1, 2, 0]
    assert pictures[4].jpeg is pictures[1].jpeg
    assert pictures[1].jpeg == scene_at(SMALL).jpeg(1, 40_000_000)


def test_ready_source_draws_anew_for_another_size():
    source = ReadySource(scene_at, SMALL, 2, 40_000_000, 0)
    source.resize(LARGE)
    assert source.picture(0).jpeg == scene_at(LARGE).jpeg(0, 0)


def test_folder_source_plays_files_by_name_over_and_over(tmp_path):
    scene = scene_at(SMALL)
    for name, number in (("b.JPG", 2), ("a.jpeg", 1), ("c.jpg", 3)):
        (tmp_path / name).write_bytes(scene.jpeg(number, 0))
    (tmp_path / "notes.txt").write_text("not a picture")
    source = FolderSource(load_jpegs(tmp_path))
    pictures = [source.picture(0) for _ in range(4)]
    assert [picture.number for picture in pictures] == [0, 1, 2, 3]
    assert [picture.jpeg for picture in pictures] == [scene.jpeg(number, 0) for number in (1, 2, 3, 1)]


def test_load_jpegs_says_what_is_wrong_with_a_folder(tmp_path):
    with pytest.raises(ValueError, match=r"no file in .* ends in .jpg"):
        load_jpegs(tmp_path)
    with pytest.raises(ValueError, match=r"cannot read pictures from .*absent: No such file"):
        load_jpegs(tmp_path / "absent")
    (tmp_path / "a.jpg").write_bytes(b"GIF89a" + bytes(200))
    with pytest.raises(ValueError, match=r"a\.jpg is no JPEG"):
        load_jpegs(tmp_path)


def test_read_stamp_takes_padded_lines():
    # Not of a codec's making: the reader alone.
    assert read_stamp(bytes(128 * 64), 64, 64, stride=128) is None
