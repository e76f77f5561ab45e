"""The decoders that a thread's cameras share: no camera meets what another one left."""

import threading

import pytest

from common.codec import JpegDecoder
from common.errors import CodecError
from common.frame import Frame
from services.transcode import decoders as decoders_module
from services.transcode.decoders import MOST_SIZES, Decoders
from tests.helpers.video import jpeg, rows


@pytest.fixture
def made(monkeypatch):
    """Return the decoders that are made from now on."""
    decoders: list[JpegDecoder] = []

    class Counted(JpegDecoder):
        def __init__(self) -> None:
            super().__init__()
            decoders.append(self)

    monkeypatch.setattr(decoders_module, "JpegDecoder", Counted)
    return decoders


def frame(width: int, height: int, payload: bytes | None = None, seed: int = 0) -> Frame:
    return Frame(0, 1, 0, 0, width, height, payload=jpeg(width, height, seed=seed) if payload is None else payload)


def test_cameras_of_one_size_share_a_decoder_and_get_their_own_pictures(made):
    decoders = Decoders()
    for seed in range(4):
        shared = rows(decoders.decode(frame(320, 240, seed=seed)))
        assert shared == rows(JpegDecoder().decode(jpeg(320, 240, seed=seed)))
    assert len(made) == 1


def test_picture_that_is_kept_is_not_written_over(made):
    decoders = Decoders()
    first = decoders.decode(frame(320, 240, seed=1))
    before = rows(first)
    decoders.decode(frame(320, 240, seed=2))
    assert rows(first) == before


def test_each_size_has_its_decoder_and_those_not_used_for_longest_go(made):
    decoders = Decoders()
    sizes = [(160 + 16 * n, 120) for n in range(MOST_SIZES)]
    for _ in range(2):
        for size in sizes:
            assert (decoders.decode(frame(*size)).width, MOST_SIZES) == (size[0], len(sizes))
    assert len(made) == MOST_SIZES
    decoders.decode(frame(640, 480))
    decoders.decode(frame(*sizes[-1]))
    assert len(made) == MOST_SIZES + 1
    decoders.decode(frame(*sizes[0]))
    assert len(made) == MOST_SIZES + 2


def test_decoder_that_met_damage_is_not_used_again(made):
    decoders = Decoders()
    decoders.decode(frame(320, 240))
    with pytest.raises(CodecError):
        decoders.decode(frame(320, 240, jpeg(320, 240)[:3000]))
    shared = rows(decoders.decode(frame(320, 240, seed=3)))
    assert shared == rows(JpegDecoder().decode(jpeg(320, 240, seed=3)))
    assert len(made) == 2


def test_picture_of_another_size_than_announced_is_decoded_as_it_is(made):
    picture = Decoders().decode(frame(640, 480, jpeg(320, 240)))
    assert (picture.width, picture.height) == (320, 240)


def test_threads_do_not_share(made):
    decoders = Decoders()
    threads = [threading.Thread(target=decoders.decode, args=(frame(320, 240, seed=n),)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 2
