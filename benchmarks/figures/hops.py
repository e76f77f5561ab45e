"""Where a frame's time goes: the hop stamps that it carries, between the camera's stamp and the viewer's."""

import threading
import time
from collections.abc import Mapping
from typing import Final

from benchmarks import pictures, reading
from benchmarks.camera import camera, drawn_before
from benchmarks.rows import Row, Yardstick
from benchmarks.run import Run
from benchmarks.stats import percentile
from benchmarks.viewer import Received, Viewer
from common.bus import Bus
from common.codec import H264Encoder, JpegDecoder
from common.config import BusAddresses
from common.encoders import EncoderOptions
from common.settings import TranscodeSettings
from common.topics import H264, topic
from common.units import HZ_90K, NS_PER_MS, NS_PER_S
from common.wire import decode_frame

NAME: Final = "hops"
_CAMERA: Final = "hops"
_FPS: Final = 30
_WORDS: Final = {
    ("sent", "ingest_in"): "camera to ingest",
    ("ingest_in", "ingest_out"): "ingest: checks the JPEG",
    ("ingest_out", "transcode_in"): "bus to transcode",
    ("transcode_in", "transcode_out"): "transcode: decodes, encodes",
    ("transcode_out", "received"): "bus to fanout, and to the viewer",
}


def measure(run: Run) -> list[Row]:
    """Return p50 of each hop; encoding beside the same codec alone at the same pace."""
    length_s = 2.0 if run.quick else 8.0
    stamped = _stamped(run, length_s)
    alone_ms = _codec_alone(length_s)
    rows = []
    for (start, end), what in _WORDS.items():
        ms = [(stamps[end] - stamps[start]) / NS_PER_MS for stamps in stamped if start in stamps and end in stamps]
        stick = Yardstick("the codec alone at that pace", alone_ms) if start == "transcode_in" else None
        note = f"p99 {percentile(ms, 99):.2f} ms"
        rows.append(Row(NAME, f"{what}, p50", "ms", percentile(ms, 50), None, stick, note=note))
    return rows


def _stamped(run: Run, length_s: float) -> list[Mapping[str, int]]:
    """Return the stamps of each frame that the viewer received, a second's warming left out."""
    pipeline = run.pipeline()
    with camera(run.folder, pipeline.port, _CAMERA, _FPS, *drawn_before(length_s, _FPS)) as source:
        pipeline.wait_online(_CAMERA)
        ended = threading.Event()
        hops: dict[int, Mapping[str, int]] = {}
        listener = threading.Thread(target=_listen, args=(pipeline.addresses(), hops, ended))
        with Viewer(pipeline.port, f"/ws/viewer?camera={_CAMERA}&format=h264&meta=1") as viewer:
            listener.start()
            try:
                received = _receive(viewer, length_s + 1)
            finally:
                ended.set()
                listener.join()
        sent_ns = source.sent_ns()
    stamped: list[Mapping[str, int]] = []
    for number, one in zip(reading.numbers(each.payload for each in received), received, strict=True):
        if number in sent_ns and one.meta["seq"] in hops and one.mono_ns > received[0].mono_ns + NS_PER_S:
            stamped.append({"sent": sent_ns[number], **hops[one.meta["seq"]], "received": one.mono_ns})
    return stamped


def _receive(viewer: Viewer, length_s: float) -> list[Received]:
    end_ns = time.monotonic_ns() + round(length_s * NS_PER_S)
    received = []
    for one in viewer.pictures():
        received.append(one)
        if one.mono_ns > end_ns:
            break
    return received


def _listen(addresses: BusAddresses, hops: dict[int, Mapping[str, int]], ended: threading.Event) -> None:
    with Bus(addresses) as bus:
        bus.subscribe(topic(H264, _CAMERA))
        while not ended.is_set():
            for message in bus.drain():
                frame = decode_frame(message.header, message.payload)
                if not frame.repeat:
                    hops[frame.seq] = frame.hops
            bus.wait(0.1)


def _codec_alone(length_s: float) -> float:
    """Return p50 of decode and encode in this process, paced as the camera is: idle cores and cold caches included."""
    size = pictures.size("vga")
    jpegs = pictures.jpegs("vga", round(length_s * _FPS), _FPS)
    decoder = JpegDecoder()
    encoder = H264Encoder(EncoderOptions(size.width, size.height, preset=TranscodeSettings().preset))
    times, start_ns = [], time.monotonic_ns()
    for number, jpeg in enumerate(jpegs):
        time.sleep(max(0, start_ns + number * NS_PER_S // _FPS - time.monotonic_ns()) / NS_PER_S)
        began_ns = time.monotonic_ns()
        encoder.encode(decoder.decode(jpeg), number * HZ_90K // _FPS, idr=number == 0)
        times.append((time.monotonic_ns() - began_ns) / NS_PER_MS)
    return percentile(times[_FPS:], 50)
