"""Headers: both directions are each other's test; WIRE.md's example is the code's."""

import re
from dataclasses import fields

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.config import PROJECT_DIR
from common.errors import WireError
from common.frame import Frame
from common.topics import TOPICS
from common.wire import FIELDS, decode_frame, decode_record, encode_frame, encode_record

uint = st.integers(0, 2**63 - 1)
names = st.text(max_size=20)
frames = st.builds(
    Frame,
    seq=uint,
    source=uint,
    media_time_ns=uint,
    captured_at_ns=uint,
    width=uint,
    height=uint,
    host=names,
    hops=st.dictionaries(names, uint, max_size=4),
    key=st.booleans(),
    repeat=st.booleans(),
    late=st.booleans(),
    replay=st.booleans(),
    skipped=st.dictionaries(names, uint, max_size=4),
    interval_ns=uint,
    term=uint,
    encoder_start_ns=uint,
    out_seq=uint,
    codec=names,
    init=st.binary(max_size=100),
    tfdt_offset=uint,
    payload=st.binary(max_size=100),
)
GOOD = {"v": 1, "seq": 1, "src": 2, "mt": 3, "at": 4, "w": 5, "h": 6}


@given(frames)
def test_frame_is_the_same_after_encode_and_decode(frame):
    assert decode_frame(encode_frame(frame), frame.payload) == frame


@given(st.binary(max_size=200))
def test_decoder_refuses_with_wire_error_only_when_bytes_are_anything(header):
    try:
        decode_frame(header, b"")
    except WireError:
        return


def test_every_field_of_a_frame_travels():
    assert {name for _, name, _, _ in FIELDS} == {item.name for item in fields(Frame)} - {"payload"}


def test_unknown_fields_are_ignored():
    assert decode_frame(msgpack.packb({**GOOD, "later": [1, 2]}), b"x").payload == b"x"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"v": 2}, "version '2'"),
        ({"v": None}, "version"),
        ({"seq": -1}, "'seq'"),
        ({"seq": "1"}, "'seq'"),
        ({"seq": True}, "'seq'"),
        ({"hops": {"a": -1}}, "'hops'"),
        ({"key": 1}, "'key'"),
        ({"init": "text"}, "'init'"),
        ({"codec": b"bytes"}, "'codec'"),
    ],
)
def test_wrong_field_is_refused_by_name(change, said):
    with pytest.raises(WireError, match=said):
        decode_frame(msgpack.packb({**GOOD, **change}), b"")


@pytest.mark.parametrize("key", [key for key in GOOD if key != "v"])
def test_missing_required_field_is_refused_by_name(key):
    with pytest.raises(WireError, match=key):
        decode_frame(msgpack.packb({k: v for k, v in GOOD.items() if k != key}), b"")


@pytest.mark.parametrize("header", [b"", b"\xc1", msgpack.packb([1]), b"\x91" * 5000, msgpack.packb({1: 2})])
def test_header_that_is_no_map_is_refused(header):
    with pytest.raises(WireError):
        decode_record(header)


def test_oversize_header_and_payload_are_refused_with_their_limits():
    with pytest.raises(WireError, match="1048576"):
        decode_record(bytes(2 << 20))
    with pytest.raises(WireError, match="16777216"):
        decode_frame(msgpack.packb(GOOD), bytes((16 << 20) + 1))


def test_frame_is_shown_without_its_payload():
    assert "\\xff" not in repr(Frame(1, 2, 3, 4, 5, 6, payload=b"\xff" * 100))


WIRE_MD = (PROJECT_DIR / "common/WIRE.md").read_text(encoding="utf-8")


def test_wire_md_example_is_what_the_code_reads():
    topic, header, payload = re.findall(r"^[0-9a-f]+$", WIRE_MD, re.MULTILINE)[:3]
    assert bytes.fromhex(topic) == b"jpeg/porch/main/"
    frame = decode_frame(bytes.fromhex(header), bytes.fromhex(payload))
    assert (frame.seq, frame.source, frame.width, frame.height) == (41, 1234605616436508552, 640, 480)
    assert frame.media_time_ns == 1767225600040000000
    assert (dict(frame.hops), dict(frame.skipped), frame.interval_ns, frame.key) == (
        {"ingest_in": 5000000000, "ingest_out": 5000200000},
        {"stale": 2},
        40000000,
        True,
    )
    assert encode_frame(frame) == bytes.fromhex(header)


def test_wire_md_request_example_is_what_the_code_writes():
    request = re.findall(r"^[0-9a-f]+$", WIRE_MD, re.MULTILINE)[3]
    assert encode_record({"reason": "join", "from": "fanout-0"}).hex() == request


def test_wire_md_names_every_field_and_topic():
    for key, *_ in FIELDS:
        assert f"`{key}`" in WIRE_MD, key
    for row in TOPICS:
        assert f"`{row.kind}/" in WIRE_MD, row.kind
