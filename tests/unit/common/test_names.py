import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import CameraNameError
from common.names import LIMIT, camera_id, from_address, with_suffix
from common.settings import CAMERA_ID


@pytest.mark.parametrize(
    ("given_name", "camera"),
    [
        ("porch", "porch"),
        ("Front_Door-2", "front_door-2"),
        ("back yard", "back-yard"),
        ("Küche", "k-che"),
        ("../etc/passwd", "---etc-passwd"),
        ("a/b\\c\0d", "a-b-c-d"),
        ("\u212alvin", "-lvin"),  # the Kelvin sign, whose lower case is an ASCII k
        ("\u0130", "-"),  # lower() makes two characters of it
        ("猫", "-"),
        ("x" * 32, "x" * 32),
    ],
)
def test_name_is_lowered_and_other_characters_replaced(given_name, camera):
    assert camera_id(given_name) == camera


@pytest.mark.parametrize("name", ["", "x" * 33, "猫" * 33])
def test_empty_or_too_long_name_is_refused_with_the_rule(name):
    with pytest.raises(CameraNameError, match=r"1 to 32 characters.*a-z, 0-9, _ and -"):
        camera_id(name)


@given(st.text(min_size=1, max_size=32))
def test_any_name_of_allowed_length_becomes_an_id(name):
    camera = camera_id(name)
    assert CAMERA_ID.fullmatch(camera)
    assert len(camera) == len(name)
    assert camera_id(camera) == camera


@pytest.mark.parametrize(
    ("address", "camera"),
    [
        ("192.168.1.20", "cam-192-168-1-20"),
        ("::ffff:192.168.1.20", "cam-192-168-1-20"),
        ("255.255.255.255", "cam-255-255-255-255"),
    ],
)
def test_camera_without_name_is_called_after_its_ipv4_address(address, camera):
    assert from_address(address) == camera


def test_ipv6_address_is_shortened_to_fit_with_a_suffix():
    camera = from_address("2001:db8:1234:5678:a9f0:1bff:fe3c:8d01")
    assert re.fullmatch(r"cam-a9f0-1bff-fe3c-8d01-[0-9a-f]{6}", camera)
    assert len(with_suffix(camera, 9)) <= LIMIT


def test_ipv6_zone_makes_no_difference():
    assert from_address("fe80::1%eth0") == from_address("fe80::1")


def test_ipv6_addresses_that_end_alike_get_different_names():
    assert from_address("2001:db8:1::1") != from_address("2001:db8:2::1")


@given(st.ip_addresses())
def test_every_address_gives_an_id(address):
    assert CAMERA_ID.fullmatch(from_address(str(address)))


@pytest.mark.parametrize("word", ["", "unknown", "a proxy's very long word for an address"])
def test_what_is_no_address_gives_an_id_all_the_same(word):
    assert CAMERA_ID.fullmatch(from_address(word))


def test_suffix_never_makes_a_name_too_long():
    assert with_suffix(camera_id("porch"), 2) == "porch-2"
    assert with_suffix(camera_id("x" * 32), 12) == "x" * 29 + "-12"
