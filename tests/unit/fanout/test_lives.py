import pytest

from services.fanout.lives import REMEMBERED_NS, Lives
from services.fanout.statuses import NEWCOMER_NS, SILENT_NS, Statuses
from tests.helpers.fanout import MS, START_NS

S = 1000 * MS


def row(frames, hop="transcode"):
    return {"hop": hop, "in": frames, "out": frames, "dropped": {}, "held": 0, "bus": 0, "bus_from": {}}


def hear(lives, process, incarnation, frames, now_ns=START_NS, camera="porch"):
    lives.hear("h", process, incarnation, {camera: row(frames)}, now_ns)


def told(lives, camera="porch"):
    return [(each["process"], each["incarnation"], each["in"], each["ended"]) for each in lives.rows().get(camera, [])]


def test_newest_word_of_a_life_counts():
    lives = Lives()
    hear(lives, "transcode-0", 1, 5)
    hear(lives, "transcode-0", 1, 8)
    assert told(lives) == [("transcode-0", 1, 8, False)]


def test_last_word_of_a_life_that_ended_is_kept_beside_the_next_one():
    lives = Lives()
    hear(lives, "transcode-0", 1, 5)
    hear(lives, "transcode-0", 2, 3)
    assert told(lives) == [("transcode-0", 1, 5, True), ("transcode-0", 2, 3, False)]


def test_ended_life_is_forgotten_after_ten_minutes():
    lives = Lives()
    hear(lives, "transcode-0", 1, 5)
    lives.end("h", "transcode-0", START_NS)
    lives.expire(START_NS + REMEMBERED_NS)
    assert told(lives) == [("transcode-0", 1, 5, True)]
    lives.expire(START_NS + REMEMBERED_NS + 1)
    assert told(lives) == []


def test_process_that_was_only_stopped_lives_on():
    lives = Lives()
    hear(lives, "transcode-0", 1, 5)
    lives.end("h", "transcode-0", START_NS)
    hear(lives, "transcode-0", 1, 9)
    assert told(lives) == [("transcode-0", 1, 9, False)]


def test_processes_of_one_name_on_two_hosts_are_two():
    lives = Lives()
    hear(lives, "transcode-0", 1, 5)
    lives.hear("elsewhere", "transcode-0", 2, {"porch": row(6)}, START_NS)
    assert told(lives) == [("transcode-0", 1, 5, False), ("transcode-0", 2, 6, False)]


def test_memory_of_ended_lives_is_bounded_and_the_newest_stay(monkeypatch):
    monkeypatch.setattr("services.fanout.lives.ROWS_REMEMBERED", 2)
    lives = Lives()
    for incarnation in range(1, 5):
        hear(lives, "transcode-0", incarnation, 5, START_NS + incarnation)
    lives.expire(START_NS + 9)
    assert [(each[1], each[3]) for each in told(lives)] == [(2, True), (3, True), (4, False)]


def test_rows_are_in_the_order_in_which_a_frame_passes():
    lives = Lives()
    lives.hear("h", "fanout-1", 7, {"porch/mp4": row(1, "fanout"), "porch/h264": row(1, "fanout")}, START_NS)
    lives.hear("h", "recorder", 7, {"porch": row(1, "recorder")}, START_NS)
    lives.hear("h", "fanout-0", 7, {"porch/h264": row(1, "fanout")}, START_NS)
    lives.hear("h", "transcode-0", 7, {"porch": row(1)}, START_NS)
    lives.hear("h", "ingest-0", 7, {"porch": row(1, "ingest")}, START_NS)
    order = [(each["process"], each.get("format")) for each in lives.rows()["porch"]]
    assert order == [
        ("ingest-0", None), ("transcode-0", None), ("fanout-0", "h264"), ("fanout-1", "h264"), ("fanout-1", "mp4"),
        ("recorder", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "ledger",
    [
        None,
        [],
        {"porch": 3},
        {"porch": {}},
        {"porch": {**row(1), "in": "1"}},
        {b"porch": row(1)},
        {"porch": {**row(1), "hop": []}},
    ],
)
def test_what_is_no_row_is_left_out(ledger):
    lives = Lives()
    lives.hear("h", "transcode-0", 1, ledger, START_NS)
    assert lives.rows() == {}


def test_ended_lives_are_learnt_from_one_that_knows_them():
    knows, learns = Lives(), Lives()
    hear(knows, "transcode-0", 1, 5)
    hear(knows, "transcode-0", 2, 6)
    hear(learns, "transcode-0", 2, 6)
    learns.learn_ended(knows.tell_ended(), START_NS + 90 * S, START_NS + 500 * S)
    assert told(learns) == told(knows)
    # It ended 90 s before it was told, whatever this one's clock says.
    learns.expire(START_NS + 500 * S + REMEMBERED_NS - 90 * S)
    assert len(told(learns)) == 2
    learns.expire(START_NS + 500 * S + REMEMBERED_NS - 90 * S + 1)
    assert told(learns) == [("transcode-0", 2, 6, False)]


def test_life_that_is_heard_is_not_learnt_to_have_ended():
    knows, learns = Lives(), Lives()
    hear(knows, "transcode-0", 1, 5)
    knows.end("h", "transcode-0", START_NS)
    hear(learns, "transcode-0", 1, 9)
    learns.learn_ended(knows.tell_ended(), START_NS, START_NS)
    assert told(learns) == [("transcode-0", 1, 9, False)]


@pytest.mark.parametrize(
    "changes", [{"host": 1}, {"name": None}, {"incarnation": "1"}, {"mono_ns": START_NS + 1}, {"ledger": []}]
)
def test_what_is_no_ended_life_is_left_out(changes):
    lives = Lives()
    item = {"host": "h", "name": "transcode-0", "incarnation": 1, "mono_ns": START_NS, "ledger": {"porch": row(5)}}
    lives.learn_ended([{**item, **changes}, "nonsense"], START_NS, START_NS)
    assert lives.rows() == {}
    lives.learn_ended([item], START_NS, START_NS)
    assert len(lives.rows()["porch"]) == 1


# As status messages tell it


def status(name, incarnation, frames=0, **extras):
    return {
        "name": name, "stage": name.partition("-")[0], "host": "h", "incarnation": incarnation, "mono_ns": START_NS,
        "ledger": {"porch": row(frames)}, **extras,
    }  # fmt: skip


def test_silent_process_has_ended():
    statuses = Statuses("h")
    statuses.hear(status("transcode-0", 1, 5), START_NS)
    statuses.expire(START_NS + SILENT_NS)
    assert told(statuses.lives) == [("transcode-0", 1, 5, False)]
    statuses.expire(START_NS + SILENT_NS + 1)
    assert told(statuses.lives) == [("transcode-0", 1, 5, True)]


def test_heartbeat_of_the_next_life_ends_the_former():
    statuses = Statuses("h")
    statuses.hear(status("transcode-0", 1, 5), START_NS)
    beat = {"name": "transcode-0", "stage": "transcode", "host": "h", "heartbeat": True}
    statuses.hear({**beat, "incarnation": 1}, START_NS)
    assert len(statuses.processes()) == 1
    statuses.hear({**beat, "incarnation": 2}, START_NS)
    assert told(statuses.lives) == [("transcode-0", 1, 5, True)]
    assert statuses.processes() == []


def test_fanout_process_that_starts_is_told_of_lives_that_ended():
    knows = Statuses("h")
    knows.hear(status("fanout-0", 8), START_NS)
    knows.hear(status("transcode-0", 1, 5), START_NS)
    knows.hear(status("transcode-0", 2, 6), START_NS)
    later_ns = START_NS + NEWCOMER_NS
    assert knows.ended_lives(later_ns) == []
    knows.hear(status("fanout-1", 9), later_ns)
    knows.hear(status("fanout-1", 9), later_ns + S)
    ended = knows.ended_lives(later_ns + NEWCOMER_NS - 1)
    assert [each["incarnation"] for each in ended] == [1]
    assert knows.ended_lives(later_ns + NEWCOMER_NS) == []
    assert knows.ended_lives(later_ns + NEWCOMER_NS, leaving=True) == ended
    starts = Statuses("h")
    starts.hear(status("fanout-0", 8, ended=ended), later_ns)
    assert [each for each in told(starts.lives) if each[3]] == [("transcode-0", 1, 5, True)]
