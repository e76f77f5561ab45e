"""A fanout process for the tests of a module; each test has cameras of its own."""

import itertools
from collections.abc import Iterator

import pytest

from tests.helpers.fanout_house import House, a_house


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with a_house() as house:
        yield house


@pytest.fixture
def own_house() -> Iterator[House]:
    """For tests that end it."""
    with a_house() as house:
        yield house


_numbers = itertools.count()


@pytest.fixture
def camera() -> str:
    """A name that no other test uses."""
    return f"cam{next(_numbers)}"
