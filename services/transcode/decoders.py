"""The JPEG decoders of one thread, shared by the cameras that it decodes: one for each size of picture.

JPEGs do not refer to each other, so a decoder needs no past. A camera's own decoder would write each picture into
memory that no cache holds any more; a thread's writes it where the last one was (0.68 and 0.52 ms a VGA picture with
ten cameras).
"""

import threading
from collections import OrderedDict
from typing import Final

from common.codec import JpegDecoder, Picture
from common.frame import Frame

# A decoder keeps a picture or two: 0.6 MB at VGA, 4 MB at UXGA. Cameras of a house have few sizes.
MOST_SIZES: Final = 4


class Decoders(threading.local):
    """Each thread that uses it sees its own."""

    def __init__(self) -> None:
        self._by_size: OrderedDict[tuple[int, int], JpegDecoder] = OrderedDict()

    def decode(self, frame: Frame) -> Picture:
        """Return the picture of a JPEG; raises CodecError when it is damaged.

        The decoder that met the damage is not used again: what it is left with must not concern other cameras.
        """
        size = frame.width, frame.height
        decoder = self._by_size.pop(size, None) or JpegDecoder()
        picture = decoder.decode(frame.payload)
        self._by_size[size] = decoder
        if len(self._by_size) > MOST_SIZES:
            self._by_size.popitem(last=False)
        return picture
