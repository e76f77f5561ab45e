"""The codecs of one camera: what opens and closes them, and what becomes of damaged pictures."""

import logging

import pytest

from common.codec import H264Encoder
from common.encoders import EncoderOptions
from common.errors import CodecError
from common.frame import Frame
from common.h264 import AccessUnit, NalType, to_annex_b
from common.sps import parse_sps
from common.units import NS_PER_S
from services.transcode import pipeline as pipeline_module
from services.transcode.jobs import Encoded, Failed, Job
from services.transcode.mailbox import Arrived
from services.transcode.pipeline import Pipeline, Refusals
from tests.helpers.video import decode_h264, grey_jpeg, jpeg


class StillClock:
    def mono_ns(self) -> int:
        return 1

    def wall_ns(self) -> int:
        return 1


def job(number: int, payload: bytes, *, idr: bool = False, fps: float = 25) -> Job:
    frame = Frame(number, 1, number * NS_PER_S // 25, 0, 640, 480, payload=payload)
    return Job(Arrived(frame, 0), number * 3600, round(NS_PER_S / fps), idr=idr)


def make(encoder: str = "libx264", refusals: Refusals | None = None) -> Pipeline:
    return Pipeline(EncoderOptions(0, 0, encoder=encoder), refusals or Refusals(), StillClock())


def run(pipeline: Pipeline, *jobs: Job) -> list[Encoded]:
    outcomes = [pipeline.run(each) for each in jobs]
    assert all(isinstance(outcome, Encoded) for outcome in outcomes), outcomes
    return outcomes


def sets(encoded: Encoded) -> tuple[bytes, ...]:
    return (*encoded.unit.of_type(NalType.SPS), *encoded.unit.of_type(NalType.PPS))


def annex_b(outcomes: list[Encoded]) -> list[bytes]:
    return [to_annex_b(each.unit.nals) for each in outcomes]


def test_each_job_gives_its_access_unit():
    outcomes = run(make(), *(job(n, jpeg(320, 240, seed=n), idr=n == 3) for n in range(6)))
    assert [outcome.unit.is_key for outcome in outcomes] == [True, False, False, True, False, False]
    assert {(each.width, each.height, each.encoder) for each in outcomes} == {(320, 240, "libx264")}
    assert len(decode_h264(annex_b(outcomes))) == 6


@pytest.mark.parametrize("damaged", [b"", b"\xff\xd8\xff", jpeg(320, 240)[:4000]])
def test_damaged_picture_is_dropped_and_the_stream_goes_on(damaged):
    pipeline = make()
    first = run(pipeline, job(0, jpeg(320, 240)))
    outcome = pipeline.run(job(1, damaged))
    assert isinstance(outcome, Failed)
    assert outcome.cause == "corrupt"
    after = run(pipeline, job(2, jpeg(320, 240, seed=2)))
    assert not after[0].unit.is_key
    assert len(decode_h264(annex_b([*first, *after]))) == 2


def test_change_of_size_opens_an_encoder_with_a_keyframe():
    pipeline = make()
    vga, svga, odd = run(
        pipeline, *(job(n, jpeg(*size)) for n, size in enumerate([(640, 480), (800, 600), (801, 601)]))
    )
    assert svga.unit.is_key
    assert (svga.width, svga.height) == (800, 600)
    assert sets(svga) != sets(vga)
    # An odd size loses a pixel: for the encoder it is the same.
    assert (odd.width, odd.height, odd.unit.is_key) == (800, 600, False)


def test_change_of_layout_does_not_disturb_the_encoder():
    outcomes = run(
        make(),
        job(0, jpeg(320, 240, "yuvj422p")),
        job(1, jpeg(320, 240, "yuvj420p")),
        job(2, grey_jpeg(320, 240, lambda column, row: column + row)),
        job(3, jpeg(320, 240, "yuvj444p")),
    )
    assert [outcome.unit.is_key for outcome in outcomes] == [True, False, False, False]
    assert len(decode_h264(annex_b(outcomes))) == 4


def test_change_of_pace_opens_an_encoder_at_a_keyframe_and_leaves_the_stream_as_it_is(monkeypatch):
    opened = []

    class Noted(H264Encoder):
        def __init__(self, options: EncoderOptions) -> None:
            opened.append(float(options.pace_hz))
            super().__init__(options)

    monkeypatch.setattr(pipeline_module, "H264Encoder", Noted)
    pipeline = make()
    first, delta, key, near = run(
        pipeline,
        job(0, jpeg(320, 240), fps=25),
        job(1, jpeg(320, 240), fps=5),
        job(2, jpeg(320, 240), idr=True, fps=5),
        job(3, jpeg(320, 240), idr=True, fps=6),
    )
    assert opened == [25, 5]
    assert not delta.unit.is_key
    assert key.unit.is_key
    assert near.unit.is_key
    assert sets(first) == sets(key) == sets(near)


def test_stream_says_the_true_pace_of_its_beginning():
    [slow] = run(make(), job(0, jpeg(64, 64), fps=0.5))
    nal = slow.unit.of_type(NalType.SPS)[0].replace(b"\0\0\3", b"\0\0")
    at = parse_sps(slow.unit.of_type(NalType.SPS)[0]).timing_bit + 8
    bits = int.from_bytes(nal, "big") >> (8 * len(nal) - at - 64) & ((1 << 64) - 1)
    assert (bits & 0xFFFF_FFFF) / (bits >> 32) / 2 == 0.5


def test_encoder_that_the_machine_lacks_is_replaced_with_one_warning(monkeypatch, caplog):
    asked = []

    class Picky(H264Encoder):
        def __init__(self, options: EncoderOptions) -> None:
            asked.append(options.encoder)
            if options.encoder != "libx264":
                raise CodecError(f"{options.encoder} does not open: no such device")
            super().__init__(options)

    monkeypatch.setattr(pipeline_module, "H264Encoder", Picky)
    refusals = Refusals()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            outcomes = run(make("h264_nvenc", refusals), job(0, jpeg(64, 64)), job(1, jpeg(64, 64)))
            assert [outcome.encoder for outcome in outcomes] == ["libx264"] * 2
            assert [outcome.unit.is_key for outcome in outcomes] == [True, False]
    assert asked == ["h264_nvenc", "libx264", "libx264", "libx264"]
    assert len(caplog.records) == 1
    assert "h264_nvenc" in caplog.text


def test_encoder_that_holds_pictures_back_is_replaced(monkeypatch):
    class Holding(H264Encoder):
        def encode(self, picture, pts_90k, *, idr):
            if self.options.encoder != "libx264":
                raise CodecError(f"{self.options.encoder} gave 0 access units for a picture")
            return super().encode(picture, pts_90k, idr=idr)

        def __init__(self, options: EncoderOptions) -> None:
            super().__init__(EncoderOptions(options.width, options.height))
            self.options = options

    monkeypatch.setattr(pipeline_module, "H264Encoder", Holding)
    outcomes = run(make("h264_v4l2m2m"), job(0, jpeg(64, 64)), job(1, jpeg(64, 64)))
    assert [outcome.encoder for outcome in outcomes] == ["libx264"] * 2


def test_encoder_that_fails_is_opened_anew_with_a_keyframe(monkeypatch):
    class Failing(H264Encoder):
        def encode(self, picture, pts_90k, *, idr) -> AccessUnit:
            if pts_90k == 3600:
                raise CodecError("libx264: cannot allocate memory")
            return super().encode(picture, pts_90k, idr=idr)

    monkeypatch.setattr(pipeline_module, "H264Encoder", Failing)
    pipeline = make()
    [first] = run(pipeline, job(0, jpeg(64, 64)))
    failed = pipeline.run(job(1, jpeg(64, 64)))
    assert isinstance(failed, Failed)
    assert failed.cause == "encoder"
    [after] = run(pipeline, job(2, jpeg(64, 64)))
    assert after.unit.is_key
    assert sets(after) == sets(first)


def test_another_preset_begins_with_a_keyframe_of_its_own():
    pipeline = Pipeline(EncoderOptions(0, 0, preset="medium"), Refusals(), StillClock())
    slow = run(pipeline, *(job(n, jpeg(320, 240, seed=n), idr=n == 0) for n in range(3)))
    pipeline.set_preset("ultrafast")
    fast = run(pipeline, *(job(n, jpeg(320, 240, seed=n)) for n in range(3, 6)))
    assert [each.unit.is_key for each in slow + fast] == [True, False, False, True, False, False]
    assert sets(slow[0]) != sets(fast[0])
    assert len(decode_h264(annex_b(fast))) == 3
