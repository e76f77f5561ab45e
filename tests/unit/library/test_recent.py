"""Pictures made last are kept, within their bounds."""

from services.library.recent import ITEM_LIMIT_BYTES, Recent


def test_picture_is_known_until_others_need_its_room():
    recent = Recent(limit_bytes=3000)
    for name in "abc":
        recent.put(name, bytes(1000))
    assert recent.get("a") == bytes(1000)
    recent.put("d", bytes(1000))
    assert [name for name in "abcd" if recent.get(name)] == ["a", "c", "d"]
    assert recent.size_bytes == 3000


def test_large_picture_pushes_nothing_out():
    recent = Recent()
    recent.put("small", b"x")
    recent.put("large", bytes(ITEM_LIMIT_BYTES + 1))
    assert (recent.get("small"), recent.get("large")) == (b"x", None)


def test_picture_that_is_made_twice_counts_once():
    recent = Recent()
    recent.put("a", b"xy")
    recent.put("a", b"xy")
    assert recent.size_bytes == 2
