"""The playlist, played by FFmpeg over HTTP: no picture is missing at a border, and no word is said."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from common.clock import SystemClock
from common.recordings.rows import GapRow, Reason
from common.units import NS_PER_S as S
from services.library.catalogue import Catalogue
from services.library.player import Player
from services.library.programmes import Programmes
from tests.helpers.footage import EVENING_NS, Footage, coded
from tests.helpers.library import parts_on_port

EVENING_S = EVENING_NS // S


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recordings")
    footage = Footage(folder)
    for index in range(3):
        footage.add(EVENING_NS + index * 6 * S, coded(90))
    footage.gap(GapRow(EVENING_NS + 18 * S, EVENING_NS + 60 * S, Reason.OFFLINE))
    footage.add(EVENING_NS + 60 * S, coded(90, 96, 80))
    footage.close()
    catalogue = Catalogue(folder)
    with ThreadPoolExecutor(2) as executor:
        player = Player(catalogue, Programmes(catalogue), SystemClock(), executor)
        with parts_on_port([player]) as port:
            yield f"http://127.0.0.1:{port}/api/recordings/porch/index.m3u8?from={EVENING_S}"


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.requires_tool("ffprobe")
def test_every_picture_comes_once_at_its_time(address):
    done = run("ffprobe", "-v", "error", "-show_packets", "-of", "json", f"{address}&to={EVENING_S + 18}")
    packets = json.loads(done.stdout)["packets"]
    assert [int(packet["size"]) for packet in packets] == [len(data) for _, data in coded(90).samples] * 3
    times = [int(packet["pts"]) for packet in packets]
    assert {round((after - before) / 6000) for before, after in pairwise(times)} == {1}


@pytest.mark.requires_tool("ffmpeg")
def test_files_of_one_encoder_play_as_one(address):
    keep_times = ("-fps_mode", "passthrough", "-enc_time_base", "-1")
    done = run("ffmpeg", "-v", "warning", "-i", f"{address}&to={EVENING_S + 18}", *keep_times, "-f", "framemd5", "-")
    assert done.stderr == ""
    assert len([line for line in done.stdout.splitlines() if not line.startswith("#")]) == 270


@pytest.mark.requires_tool("ffprobe")
def test_another_encoder_after_a_gap_plays_on(address):
    done = run("ffprobe", "-v", "quiet", "-show_packets", "-of", "json", f"{address}&to={EVENING_S + 99}")
    assert len(json.loads(done.stdout)["packets"]) == 360
