"""State files: whole or not at all."""

import json
import logging
import os

import pytest

from services.keeper import state
from services.keeper.core import scale_from


def test_saved_state_is_loaded_again(tmp_path):
    path = tmp_path / "deep" / "scale.json"

    state.save(path, {"fanout": 3})

    assert state.load(path, scale_from, {}) == {"fanout": 3}
    assert os.listdir(path.parent) == ["scale.json"]


def test_missing_state_is_the_default_without_a_word(tmp_path, caplog):
    assert state.load(tmp_path / "scale.json", scale_from, {"fanout": 1}) == {"fanout": 1}
    assert caplog.records == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[1]",
        b'{"version": 99, "content": {"fanout": 2}}',
        b'{"version": 1}',
        b'{"version": 1, "content": {"fanout": "many"}}',
        b'{"version": 1, "content": {"fanout": 0}}',
        b"[" * 100_000,
    ],
    ids=lambda content: content[:30].decode("latin-1") or "empty",
)
def test_corrupt_state_is_set_aside_with_one_warning(tmp_path, caplog, content):
    path = tmp_path / "scale.json"
    path.write_bytes(content)

    with caplog.at_level(logging.WARNING):
        assert state.load(path, scale_from, {"fanout": 1}) == {"fanout": 1}

    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert (tmp_path / "scale.json.corrupt").read_bytes() == content
    assert not path.exists()


def test_failed_save_leaves_the_old_state(tmp_path, monkeypatch):
    path = tmp_path / "scale.json"
    state.save(path, {"fanout": 3})

    def full(_fd):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(state.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        state.save(path, {"fanout": 4})

    assert json.loads(path.read_text())["content"] == {"fanout": 3}
    assert os.listdir(tmp_path) == ["scale.json"]
