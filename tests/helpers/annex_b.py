"""A few NAL units, for tests that need H.264's form and not its picture. The parameter sets are x264's."""

CODE = b"\x00\x00\x00\x01"
SPS_VGA = bytes.fromhex("6742c01eda0280f684000003000400000300ca3c58ba80")
SPS_QVGA = bytes.fromhex("6742c00dda0507e840000003004000000ca3c50aa8")
PPS = bytes.fromhex("68ce0fc8")
IDR = b"\x65\x88\x84" + b"\x11" * 40
SLICE = b"\x41\x9a\x02" + b"\x22" * 20
SETS = CODE + SPS_VGA + CODE + PPS
SETS_QVGA = CODE + SPS_QVGA + CODE + PPS
