"""Save the frames of a camera while everything runs: python examples/save_frames.py porch 10 /tmp/frames"""

import sys
from itertools import islice
from pathlib import Path

from common.bus import frames

camera, count, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
folder.mkdir(parents=True, exist_ok=True)
for frame in islice(frames(f"jpeg/{camera}/main"), count):
    (folder / f"{camera}-{frame.seq:06}.jpg").write_bytes(frame.payload)
    print(f"{camera} frame {frame.seq}: {frame.width}x{frame.height}, {len(frame.payload)} bytes")
