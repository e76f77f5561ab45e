"""The part of XML-RPC that supervisord needs, against the standard library's own."""

import gc
import xmlrpc.client

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.keeper.xmlrpc import FaultError, decode_response, encode_call

# XML 1.0 cannot carry the other control characters at all.
TEXT = st.text(st.characters(min_codepoint=32, blacklist_categories=("Cs",)), max_size=20)
VALUES = st.recursive(
    st.integers(-(2**31), 2**31 - 1) | st.booleans() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(TEXT, st.booleans())
def test_call_is_understood_by_the_standard_library(name, flag):
    arguments, method = xmlrpc.client.loads(encode_call("supervisor.startProcess", name, flag))

    assert method == "supervisor.startProcess"
    assert arguments == (name, flag)


@given(VALUES)
def test_response_of_the_standard_library_is_understood(value):
    body = xmlrpc.client.dumps((value,), methodresponse=True).encode()

    assert decode_response(body) == value


def test_fault_is_raised_with_its_code():
    body = xmlrpc.client.dumps(xmlrpc.client.Fault(60, "ALREADY_STARTED: fanout-0")).encode()

    with pytest.raises(FaultError, match="ALREADY_STARTED") as caught:
        decode_response(body)

    assert caught.value.code == 60


@pytest.mark.parametrize(
    "body",
    [b"", b"nonsense", b"<methodResponse></methodResponse>", b"<a><int>1</int><int>2</int></a>", b"<a></struct></a>",
     b"<value><struct><member><name>a</name></member></struct>", b"<a><int>x</int></a>"],
)  # fmt: skip
def test_what_is_no_response_is_refused(body):
    with pytest.raises(ValueError):  # noqa: PT011 - the text is of expat or of int
        decode_response(body)


@given(st.binary(max_size=200))
def test_random_bytes_fail_only_as_documented(body):
    with pytest.raises((ValueError, FaultError)):
        decode_response(body)


def test_response_that_was_read_leaves_nothing_for_the_collector():
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            decode_response(
                b"<methodResponse><params><param><value><int>1</int></value></param></params></methodResponse>"
            )
        assert not any(type(each).__name__ == "xmlparser" for each in gc.get_objects())
    finally:
        gc.enable()
