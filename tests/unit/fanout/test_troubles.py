import pytest

from services.fanout.troubles import Troubles
from tests.helpers.fanout import MS

S = 1000 * MS
NOW_NS = 1_700_000_000 * S


def quarantined(*cameras, minutes=60, reason="its pictures crashed the codec 3 times"):
    told = {"since_wall_ns": NOW_NS, "until_wall_ns": NOW_NS + minutes * 60 * S, "reason": reason}
    return {"quarantined": dict.fromkeys(cameras, told), "isolated": {}}


def test_quarantine_is_news_once_and_holds_while_keeper_is_away():
    troubles = Troubles()
    assert troubles.hear_keeper(quarantined("porch")) == ["porch"]
    assert troubles.hear_keeper(quarantined("porch", "yard")) == ["yard"]
    assert troubles.hear_keeper({}) == []
    assert troubles.sentence("porch", NOW_NS) == (
        "no video of camera porch is made for 60 minutes: its pictures crashed the codec 3 times; "
        "the format jpeg shows it"
    )
    assert troubles.sentence("attic", NOW_NS) == ""


def test_quarantine_ends_when_keeper_lifts_it_and_when_its_time_is_over():
    troubles = Troubles()
    troubles.hear_keeper(quarantined("porch", minutes=1))
    assert "for 1 minute:" in troubles.sentence("porch", NOW_NS + 50 * S)
    assert troubles.quarantine("porch", NOW_NS + 60 * S) is None
    assert troubles.quarantine("porch", NOW_NS + 59 * S) is not None
    troubles.hear_keeper(quarantined())
    assert troubles.quarantine("porch", NOW_NS) is None
    assert troubles.hear_keeper(quarantined("porch")) == ["porch"]


def test_camera_is_isolated_while_keeper_says_so():
    troubles = Troubles()
    troubles.hear_keeper({"isolated": {"porch": "transcode-alone-0"}})
    assert (troubles.is_isolated("porch"), troubles.is_isolated("yard")) == (True, False)
    troubles.hear_keeper({"isolated": {}})
    assert not troubles.is_isolated("porch")


def test_pictures_that_cannot_be_encoded_are_news_once_until_they_can():
    troubles = Troubles()
    broken = {"porch": {"error": "its pictures cannot be encoded: 7 x 5 pixels"}, "yard": {"encode_ms": 1.0}}
    assert troubles.hear_encodes(broken) == ["porch"]
    assert troubles.hear_encodes(broken) == []
    assert troubles.sentence("porch", NOW_NS) == "camera porch: its pictures cannot be encoded: 7 x 5 pixels"
    assert troubles.hear_encodes({}) == []
    assert troubles.sentence("porch", NOW_NS) == ""
    assert troubles.hear_encodes(broken) == ["porch"]


@pytest.mark.parametrize("told", [None, [], {"porch": None}, {"porch": {"since_wall_ns": "x", "until_wall_ns": 2}}])
def test_what_is_no_quarantine_is_left_out(told):
    troubles = Troubles()
    assert troubles.hear_keeper({"quarantined": told, "isolated": told}) == []
    assert troubles.quarantine("porch", NOW_NS) is None
