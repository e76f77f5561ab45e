"""Whose question is next, and which gives way when too many wait."""

from services.library.turns import Turns


def taken(turns: Turns[int]) -> list[int]:
    items = []
    while (item := turns.take()) is not None:
        items.append(item)
    return items


def test_newest_question_of_an_asker_overtakes_its_older_ones():
    turns: Turns[int] = Turns()
    for item in (1, 2, 3):
        turns.put("page", item)
    assert taken(turns) == [3, 2, 1]


def test_askers_take_turns():
    turns: Turns[int] = Turns()
    for asker, item in (("one", 11), ("one", 12), ("one", 13), ("other", 21), ("other", 22)):
        turns.put(asker, item)
    assert taken(turns) == [13, 22, 12, 21, 11]


def test_oldest_of_the_asker_with_the_most_gives_way():
    turns: Turns[int] = Turns(3)
    assert [turns.put("one", 11), turns.put("one", 12), turns.put("other", 21)] == [None, None, None]
    assert turns.put("other", 22) == 11
    assert turns.put("other", 23) == 21
    assert len(turns) == 3


def test_new_asker_is_heard_however_much_another_one_asks():
    turns: Turns[int] = Turns(4)
    for item in range(100):
        turns.put("busy", item)
    assert turns.put("quiet", 1000) == 96
    assert 1000 in taken(turns)


def test_nobody_waits_after_all_were_taken():
    turns: Turns[int] = Turns()
    turns.put("one", 1)
    taken(turns)
    assert (len(turns), turns.take()) == (0, None)
