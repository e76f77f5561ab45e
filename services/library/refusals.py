"""Answers that say why not: a status, a sentence, and what else helps. Raised anywhere in the library. Pure."""

from collections.abc import Mapping
from typing import Any

from common.errors import StreamError


class Refusal(StreamError):
    """A request that is answered with `status` and the JSON {"error": sentence, ...fields}."""

    def __init__(
        self, status: int, sentence: str, *, headers: Mapping[str, str] | None = None, **fields: object
    ) -> None:
        self.status = status
        self.headers = dict(headers or {})
        self.value: dict[str, Any] = {"error": sentence, **fields}
        super().__init__(sentence)


def try_again(sentence: str) -> Refusal:
    """Return the refusal of what will be possible in a moment."""
    return Refusal(503, sentence, headers={"Retry-After": "2"})
