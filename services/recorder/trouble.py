"""What an error of the disk means for footage: the reason of the gap, and a sentence for people. Pure."""

import errno
from typing import Final, NamedTuple

from common.recordings.rows import Reason
from common.units import NS_PER_S

# A full disk is tried again as soon as somebody may have made room; a missing one at the pace of people.
FULL_RETRY_NS: Final = NS_PER_S
RETRY_NS: Final = 2 * NS_PER_S
# EFBIG is no such error: a limit on the size of one file, for which a new file is the cure.
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class Trouble(NamedTuple):
    """Why nothing can be written."""

    reason: Reason
    sentence: str
    retry_ns: int


def is_full(error: OSError) -> bool:
    """Return whether room would help."""
    return error.errno in _FULL


def trouble_of(error: Exception, *, only_protected: bool = False) -> Trouble:
    """Return what an error means. `only_protected`: nothing else is left that could go."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    if not (isinstance(error, OSError) and is_full(error)):
        return Trouble(Reason.UNWRITABLE, f"nothing can be written: {text}", RETRY_NS)
    if only_protected:
        return Trouble(Reason.PROTECTED, "the disk is full, and only protected footage is left", FULL_RETRY_NS)
    return Trouble(Reason.DISK_FULL, f"the disk is full: {text}", FULL_RETRY_NS)
