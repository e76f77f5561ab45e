"""A transcode process for the tests of a module; each test has cameras of its own."""

import itertools
from collections.abc import Iterator

import pytest

from tests.helpers.encode_bench import Bench, a_bench

_numbers = itertools.count()


@pytest.fixture(scope="module")
def shared() -> Iterator[Bench]:
    with a_bench(CAM_TRANSCODE_IDLE_CLOSE_S="0.5") as bench:
        yield bench


@pytest.fixture
def bench(shared: Bench) -> Bench:
    """The module's process, with its cameras of former tests forgotten."""
    shared.cameras.clear()
    shared.requests.clear()
    shared.repeats = True
    return shared


@pytest.fixture
def camera() -> str:
    """A name that no other test uses."""
    return f"cam{next(_numbers)}"
