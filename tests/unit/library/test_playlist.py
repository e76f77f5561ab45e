"""The playlist for HLS players."""

from common.units import HZ_90K
from common.units import NS_PER_S as S
from services.library.playlist import Fragment, Listed, playlist, segments_of
from services.library.samples import Extent

START_NS = 1_795_381_200 * S


def fragments(*keys, count=12):
    """Return fragments of a second, 100 bytes each."""
    return [Fragment(800 + at * 100, 100, at * HZ_90K, at in keys) for at in range(count)]


def segments(found, from_s=-100.0, to_s=100.0):
    return segments_of(found, len(found) * HZ_90K, START_NS, START_NS + round(from_s * S), START_NS + round(to_s * S))


def test_segment_begins_with_a_keyframe_and_lasts_some_seconds():
    found = segments(fragments(0, 2, 4, 6, 8))
    assert [(each.where, each.length_90k // HZ_90K) for each in found] == [
        (Extent(800, 400), 4),
        (Extent(1200, 400), 4),
        (Extent(1600, 400), 4),
    ]
    assert [each.start_ns for each in found] == [START_NS, START_NS + 4 * S, START_NS + 8 * S]


def test_rare_keyframes_make_long_segments():
    assert [each.where for each in segments(fragments(0, 9))] == [Extent(800, 900), Extent(1700, 300)]


def test_segments_outside_are_left_out():
    found = segments(fragments(0, 4, 8), 4.5, 8)
    assert [each.where for each in found] == [Extent(1200, 400)]


def test_file_without_fragments_has_no_segments():
    assert segments_of([], 0, START_NS, 0, START_NS * 2) == []


def test_playlist_maps_each_file_and_says_when():
    found = segments(fragments(0))
    files = [Listed("files/d/a.mp4", 800, found), Listed("files/d/b.mp4", 800, found, is_break=True)]
    lines = playlist(files, is_over=True).splitlines()
    assert lines[:2] == ["#EXTM3U", "#EXT-X-VERSION:7"]
    assert "#EXT-X-TARGETDURATION:12" in lines
    assert lines[-1] == "#EXT-X-ENDLIST"
    assert lines.count("#EXT-X-DISCONTINUITY") == 1
    second = lines[lines.index("#EXT-X-DISCONTINUITY") :]
    assert second[1:6] == [
        '#EXT-X-MAP:URI="files/d/b.mp4",BYTERANGE="800@0"',
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-22T21:00:00.000Z",
        "#EXTINF:12.000000,",
        "#EXT-X-BYTERANGE:1200@800",
        "files/d/b.mp4",
    ]


def test_files_that_go_on_from_each_other_need_no_map():
    found = segments(fragments(0))
    lines = playlist([Listed("a", 800, found), Listed("b", 800, found)], is_over=True).splitlines()
    assert [line for line in lines if "MAP" in line or "DISCONTINUITY" in line] == [
        '#EXT-X-MAP:URI="a",BYTERANGE="800@0"'
    ]


def test_playlist_that_goes_on_has_no_end():
    text = playlist([Listed("f", 800, segments(fragments(0)))], is_over=False)
    assert "ENDLIST" not in text
    assert "#EXT-X-PLAYLIST-TYPE:EVENT" in text
