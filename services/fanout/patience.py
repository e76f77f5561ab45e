"""How long slow clients are borne with, step by step: no sum of steps is over 20 s with the default. Pure."""

from dataclasses import dataclass
from typing import Final, Self

from common.units import NS_PER_S

# Of the setting: until the request line says who calls, then for the request's head, its body, and its answer.
LINE_SHARE: Final = 0.4
HEAD_SHARE: Final = 0.8
# Shorter than the head's: a connection that is idle for that long is closed in peace, and what the kernel still holds
# for a slow reader would stay there.
ANSWER_SHARE: Final = 0.7
# A long body, or answer, may take longer as long as it comes on at the pace of a bad telephone line.
LEAST_BYTES_PER_S: Final = 4 << 10


@dataclass(frozen=True, slots=True)
class Patience:
    """Each step's time."""

    line_s: float
    head_s: float
    body_s: float
    answer_ns: int
    # What of an answer must be taken within each `answer_ns`.
    answer_bytes: int

    @classmethod
    def of(cls, request_timeout_s: float) -> Self:
        """Return the patience of the setting `request_timeout_s`."""
        return cls(
            line_s=LINE_SHARE * request_timeout_s,
            head_s=HEAD_SHARE * request_timeout_s,
            body_s=request_timeout_s,
            answer_ns=int(ANSWER_SHARE * request_timeout_s * NS_PER_S),
            answer_bytes=int(ANSWER_SHARE * request_timeout_s * LEAST_BYTES_PER_S),
        )

    def body_due_s(self, received_bytes: int) -> float:
        """Return how long after its start a body must be whole of which so much has come."""
        return self.body_s + received_bytes / LEAST_BYTES_PER_S
