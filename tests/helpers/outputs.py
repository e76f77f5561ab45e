"""What an outsider does with the HTTP outputs: reads them for a while, cuts off the unfinished tail, asks ffprobe."""

import json
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any


def read_stream(url: str, seconds: float, at_least_bytes: int = 1) -> bytes:
    """Return what a plain HTTP client receives within `seconds` (longer, until `at_least_bytes` are there)."""
    received = bytearray()
    end = time.monotonic() + seconds
    with urllib.request.urlopen(url, timeout=10) as answer:
        while time.monotonic() < end or len(received) < at_least_bytes:
            piece = answer.read1(1 << 16)
            if not piece:
                break
            received += piece
    return bytes(received)


def whole_boxes(mp4: bytes) -> bytes:
    """Return the file up to its last whole fragment (moof and mdat)."""
    position = end = 0
    while position + 8 <= len(mp4):
        length = int.from_bytes(mp4[position : position + 4], "big")
        kind = mp4[position + 4 : position + 8]
        position += length
        if position <= len(mp4) and kind in (b"moov", b"mdat"):
            end = position
    return mp4[:end]


def whole_access_units(annex_b: bytes) -> bytes:
    """Return the stream up to its last start code: what follows it may be cut."""
    return annex_b[: annex_b.rfind(b"\0\0\0\1")]


def whole_parts(multipart: bytes) -> bytes:
    """Return the multipart body up to its last end of a JPEG."""
    return multipart[: multipart.rfind(b"\xff\xd9") + 2]


def decode_errors(path: Path, *options: str) -> str:
    """Return what ffmpeg complains of when it decodes the whole file; empty when it is content."""
    # Without the input's own time base the null muxer counts in guessed frame intervals, and complains of itself.
    keep_times = ["-fps_mode", "passthrough", "-enc_time_base", "-1"]
    command = ["ffmpeg", "-v", "warning", "-nostdin", *options, "-i", str(path), *keep_times]
    ended = subprocess.run([*command, "-f", "null", "-"], capture_output=True, text=True, timeout=60, check=False)
    return ended.stderr + ("" if ended.returncode == 0 else f"exit {ended.returncode}")


def probe(path: Path, *options: str) -> dict[str, Any]:
    """Return ffprobe's view of the file: its streams and packets."""
    command = ["ffprobe", "-v", "error", *options, "-show_streams", "-show_packets", "-of", "json", str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert ended.stderr == "", ended.stderr
    result: dict[str, Any] = json.loads(ended.stdout)
    return result


def packet_times(path: Path) -> list[float]:
    """Return the presentation times of the packets, in seconds."""
    return [float(packet["pts_time"]) for packet in probe(path)["packets"]]
