"""A table of samples as a test writes it down, without a file that it was read from."""

from array import array
from dataclasses import dataclass, field


@dataclass
class Table:
    """What of `common.recordings.reading.SampleTable` the choice of pictures looks at."""

    times_90k: "array[int]"
    keys: "array[int]"
    init: bytes = b""
    sizes: "array[int]" = field(default_factory=lambda: array("I"))
    offsets: "array[int]" = field(default_factory=lambda: array("Q"))
