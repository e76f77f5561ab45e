"""The process that encodes one file of originals, out of everybody's way, and ends: `Order` in, `Made` out.

It writes into a folder of its own and changes nothing else: whatever happens to it, the originals are there. The codec
library is loaded here alone, so that a picture that crashes it does not end the recorder.
"""

import resource
import sys
from pathlib import Path
from typing import Final

from common.child import begin_child, give_way
from common.errors import CodecError, RecordingError
from common.recordings.originals import read_originals
from services.recorder.encode_order import Made, Order

# SIGXCPU says what happened; a SIGKILL at the same moment would say nothing.
_CPU_GRACE_S: Final = 10


def main() -> None:
    """Carry out the order on the command line, behind the recorder's id; say what came of it on standard output."""
    begin_child(sys.argv[1:])
    give_way()
    order = Order.from_line(sys.argv[2])
    # In time on the processor, because at this priority the clock on the wall says nothing.
    resource.setrlimit(resource.RLIMIT_CPU, (order.cpu_limit_s, order.cpu_limit_s + _CPU_GRACE_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stdout.write(_carry_out(order).to_line())


def _carry_out(order: Order) -> Made:
    # Not before the priority is low: loading it takes a tenth of a second.
    from services.recorder.spool_encoder import SpoolEncoder

    try:
        return SpoolEncoder(order).run(read_originals(Path(order.originals)))
    except OSError as error:
        return Made(problem=str(error), is_disk=True)
    except (CodecError, RecordingError) as error:
        return Made(problem=str(error))


if __name__ == "__main__":
    main()
