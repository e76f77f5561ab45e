from fractions import Fraction

from benchmarks.ffmpeg import arguments
from common.encoders import EncoderOptions, codec_options

OPTIONS = EncoderOptions(640, 480, Fraction(30), preset="superfast", bitrate_kbps=1200)


def test_program_is_told_every_option_of_our_encoder():
    command = arguments(OPTIONS)
    renamed = {"profile": "profile:v", "level": "level:v"}
    for name, value in codec_options(OPTIONS).items():
        assert command[command.index(f"-{renamed.get(name, name)}") + 1] == value


def test_program_reads_jpegs_and_writes_h264_through_pipes_on_one_thread():
    command = arguments(OPTIONS)
    assert command[command.index("-i") + 1] == "pipe:"
    assert command[-3:] == ["-f", "h264", "pipe:"]
    assert [command[at + 1] for at, word in enumerate(command) if word == "-threads"] == ["1", "1"]


def test_program_waits_for_nothing_when_delay_is_measured():
    patient, prompt = arguments(OPTIONS), arguments(OPTIONS, low_delay=True)
    extra = len(prompt) - len(patient)
    at = prompt.index("-fflags")
    assert "-probesize" in prompt[at : at + extra]
    assert prompt[:at] + prompt[at + extra :] == patient
