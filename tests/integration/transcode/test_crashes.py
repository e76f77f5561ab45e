"""A codec that crashes or hangs: the process's next life says whose picture it was, and nobody else is suspected."""

import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from common.topics import H264, STATUS, topic
from tests.helpers.bus import short_tmp
from tests.helpers.crashing_codec import CRASH, HANG, crashing_codecs, marked
from tests.helpers.encode_bench import Bench, transcoder
from tests.helpers.rooms import room, settings_in
from tests.helpers.video import jpeg

PICTURE = jpeg(320, 240)


@contextmanager
def a_crashing_bench(name: str = "transcode-0", *arguments: str) -> Iterator[tuple[Bench, Mapping[str, str]]]:
    """Yield a bench whose worker's codecs crash on marked pictures, and the environment for its next life."""
    with short_tmp() as folder, room("broker-0", folder):
        variables = {**crashing_codecs(folder / "python", hung_s=1.0), "CAM_TRANSCODE_WORKERS": "2"}
        with transcoder(name, folder, variables, *arguments) as worker:
            bench = Bench(folder, settings_in(folder).bus_addresses, worker)
            bench.viewer.bus.subscribe(STATUS)
            try:
                bench.wait(lambda: bench.demand, "the worker's subscriptions")
                yield bench, variables
            finally:
                bench.close()
                if worker.process.poll() is None:
                    worker.kill()


def begin(bench: Bench, *cameras: str, worker: str = "transcode-0") -> None:
    for camera in cameras:
        bench.assign(camera, worker)
        bench.watch(topic(H264, camera))
        bench.exchange(camera, PICTURE)


def signs_of(bench: Bench, name: str) -> list[dict[str, Any]]:
    return [each for each in bench.viewer.records(STATUS) if each["name"] == name]


def next_life(bench: Bench, variables: Mapping[str, str], name: str = "transcode-0", *arguments: str) -> list[dict]:
    """Return what the process says in its next life: some heartbeats and a whole status. It is given no cameras."""
    bench.cameras.clear()
    dead = {each["incarnation"] for each in signs_of(bench, name)}

    def said() -> list[dict]:
        signs = [each for each in signs_of(bench, name) if each["incarnation"] not in dead]
        return signs if len(signs) >= 4 and any("ledger" in each for each in signs[1:]) else []

    with transcoder(name, bench.folder, variables, *arguments):
        return bench.wait(said, "signs of the next life")


def wait_for_end(bench: Bench) -> int:
    return bench.wait(lambda: bench.worker.process.poll() is not None and [bench.worker.process.returncode], "end")[0]


def first_incarnation(bench: Bench, name: str = "transcode-0") -> int:
    return bench.wait(lambda: signs_of(bench, name), "a sign of life")[0]["incarnation"]


def test_camera_that_crashed_the_codec_is_suspected_in_every_sign_of_the_next_life():
    with a_crashing_bench() as (bench, variables):
        begin(bench, "porch", "yard")
        crashed = first_incarnation(bench)
        bench.send("porch", marked(PICTURE, CRASH))
        assert wait_for_end(bench) == -signal.SIGSEGV
        signs = next_life(bench, variables)
        assert {(*each.get("suspects", ()), each.get("crash_id")) for each in signs} == {("porch", crashed)}
        assert not any("alone" in each for each in signs)
        # Said once: the life after that one has nothing to tell of it.
        assert not any("suspects" in each or "crash_id" in each for each in next_life(bench, variables))


def test_process_that_is_alone_says_so_and_suspects_its_camera_too():
    name = "transcode-alone-0"
    with a_crashing_bench(name, "--alone") as (bench, variables):
        begin(bench, "porch", worker=name)
        crashed = first_incarnation(bench, name)
        bench.send("porch", marked(PICTURE, CRASH))
        assert wait_for_end(bench) == -signal.SIGSEGV
        signs = next_life(bench, variables, name, "--alone")
        assert {(*each["suspects"], each["crash_id"], each["alone"]) for each in signs} == {("porch", crashed, True)}
        assert {each["stage"] for each in signs} == {"transcode"}


def test_process_that_was_killed_in_the_middle_of_work_suspects_nobody():
    with a_crashing_bench() as (bench, variables):
        begin(bench, "porch")
        first_incarnation(bench)
        # For the kill to find it in the codec.
        bench.send("porch", marked(PICTURE, HANG))
        note = bench.folder / "run" / "codec" / "transcode-0"
        bench.wait(lambda: b"porch" in note.read_bytes(), "its work")
        bench.worker.kill()
        assert not any("suspects" in each for each in next_life(bench, variables))


def test_camera_that_hangs_the_codec_silences_its_process_and_is_suspected_afterwards():
    with a_crashing_bench() as (bench, variables):
        begin(bench, "porch", "yard")
        hung = first_incarnation(bench)
        bench.send("porch", marked(PICTURE, HANG))
        fault = bench.folder / "run" / "codec" / "transcode-0.fault"
        bench.wait(lambda: "porch" in fault.read_text(), "its name in the fault")
        bench.run(0.6)
        told = len(signs_of(bench, "transcode-0"))
        stamp = Path(bench.folder / "run" / "alive" / "transcode-0").stat().st_mtime
        # Given to another worker, the camera hangs here as before.
        bench.assign("porch", worker="transcode-1")
        bench.run(0.8)
        assert len(signs_of(bench, "transcode-0")) == told
        assert Path(bench.folder / "run" / "alive" / "transcode-0").stat().st_mtime == stamp
        bench.worker.kill()
        signs = next_life(bench, variables)
        assert {(*each["suspects"], each["crash_id"]) for each in signs} == {("porch", hung)}


def test_crash_of_long_ago_is_nobodys_any_more():
    with a_crashing_bench() as (bench, variables):
        begin(bench, "porch")
        first_incarnation(bench)
        bench.send("porch", marked(PICTURE, CRASH))
        assert wait_for_end(bench) == -signal.SIGSEGV
        fault = bench.folder / "run" / "codec" / "transcode-0.fault"
        os.utime(fault, (time.time() - 3600, time.time() - 3600))
        assert not any("suspects" in each for each in next_life(bench, variables))
