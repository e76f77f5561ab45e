"""Programs that only tests need: a missing one skips a test at home and fails it in CI, where nothing may skip."""

import os
import shutil

import pytest


def require_tool(name: str) -> str:
    """Return the path of a program; skip the test, or fail it when CI=true, if there is none."""
    path = shutil.which(name)
    if path:
        return path
    if os.environ.get("CI"):
        pytest.fail(f"{name} is not installed; in CI no test may skip for want of a tool (.ci/run installs it)")
    pytest.skip(f"{name} is not installed")
