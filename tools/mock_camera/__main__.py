"""`python -m tools.mock_camera`: simulated cameras on the command line."""

import asyncio
import logging
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Final, NoReturn

from common.service import die_with_parent, run
from common.units import NS_PER_S
from tools.mock_camera.client import MockCamera
from tools.mock_camera.options import BAD_FLAG, Options, parse_options, refusal
from tools.mock_camera.report import Tally, report_line
from tools.mock_camera.scene import Scene
from tools.mock_camera.sends import SendLog, Sent
from tools.mock_camera.sizes import Size
from tools.mock_camera.source import FolderSource, LiveSource, ReadySource, Source, load_jpegs

log = logging.getLogger("mock-camera")

_REPORT_EVERY_S: Final = 5.0

OnSent = Callable[[Sent], None] | None


def main(arguments: Sequence[str]) -> None:
    """Run the cameras that the command line asks for."""
    options = parse_options(arguments)
    if options.die_with_parent:
        die_with_parent()
    _log_to_stderr(options.quiet)
    with ExitStack() as files:
        try:
            jpegs = load_jpegs(options.images) if options.images else []
            send_log = files.enter_context(SendLog(options.log_sends)) if options.log_sends else None
        except ValueError as error:
            _refuse(str(error))
        except OSError as error:
            _refuse(f"cannot write {options.log_sends}: {error.strerror}")
        on_sent = send_log.write if send_log else None
        run(lambda: run_cameras(options, jpegs, on_sent))


async def run_cameras(options: Options, jpegs: Sequence[bytes], on_sent: OnSent) -> None:
    """Run all cameras until each is done."""
    cameras: list[MockCamera] = []
    for index, name in enumerate(options.cameras):
        cameras.append(_camera(index, name, options, jpegs, on_sent))
        # Drawing takes a while: a signal is heard in between.
        await asyncio.sleep(0)
    what = f"{len(jpegs)} pictures of {options.images}" if jpegs else f"{options.size} pictures"
    log.info("sending %s at %g fps to %s; Ctrl-C ends it", what, options.fps, cameras[0].target.url)
    async with asyncio.TaskGroup() as group:
        reporter = group.create_task(_report(cameras))
        async with asyncio.TaskGroup() as running:
            for camera in cameras:
                running.create_task(camera.run())
        reporter.cancel()


async def _report(cameras: Sequence[MockCamera]) -> None:
    before = _tally(cameras)
    while True:
        await asyncio.sleep(_REPORT_EVERY_S)
        now = _tally(cameras)
        connected = sum(camera.is_connected for camera in cameras)
        if now.frames > before.frames:
            log.info("%s", report_line(before, now, connected, len(cameras)))
        before = now


def _tally(cameras: Sequence[MockCamera]) -> Tally:
    frames = sum(camera.sent for camera in cameras)
    return Tally(time.monotonic_ns(), frames, sum(camera.sent_bytes for camera in cameras))


def _camera(index: int, name: str, options: Options, jpegs: Sequence[bytes], on_sent: OnSent) -> MockCamera:
    return MockCamera(
        name,
        options.server.host,
        options.server.port,
        path=options.path,
        fps=options.fps,
        source=_source(name, options, jpegs),
        faults=options.faults,
        limits=options.limits,
        seed=None if options.seed is None else options.seed + index,
        on_sent=on_sent,
    )


def _source(name: str, options: Options, jpegs: Sequence[bytes]) -> Source:
    if jpegs:
        return FolderSource(jpegs)
    utc_offset_s = time.localtime().tm_gmtoff

    def scene_at(size: Size) -> Scene:
        return Scene(name, size, options.quality, utc_offset_s)

    if options.prerender:
        return ReadySource(scene_at, options.size, options.prerender, round(NS_PER_S / options.fps), time.time_ns())
    return LiveSource(scene_at, options.size)


def _log_to_stderr(quiet: bool) -> None:
    level = logging.WARNING if quiet else logging.INFO
    logging.basicConfig(level=level, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    # Its lines are for services; "ended after N frames" says the same here.
    logging.getLogger("common.service").setLevel(logging.WARNING)


def _refuse(sentence: str) -> NoReturn:
    sys.stderr.write(refusal(sentence))
    raise SystemExit(BAD_FLAG)


if __name__ == "__main__":
    main(sys.argv[1:])
