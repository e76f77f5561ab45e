"""What should run against what runs."""

import configparser
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.config import PROJECT_DIR
from common.settings import KeeperSettings
from services.keeper.desired import (
    ALONE_LIMIT,
    ALONE_STAGE,
    POOL_LIMIT,
    POOLS,
    SINGLES,
    Member,
    ScaleError,
    checked_wish,
    in_force,
    is_holder,
    next_look_s,
    plan,
    serving,
    wanted_members,
)

# In force while nothing is recorded.
ONE_EACH = {"ingest": 1, "transcode": 1, "recorder": 0, "fanout": 1, "library": 0}
# Pools whose port somebody must hold.
WITH_PORT = ("ingest", "fanout")


def full_table(**states: str) -> list[Member]:
    """supervisord's table as it is before keeper starts, but for the states given by name (`fanout_1`)."""
    names = [(single, single) for single in SINGLES]
    names += [(pool, f"{pool}-{number}") for pool in POOLS for number in range(POOL_LIMIT + (pool in WITH_PORT))]
    names += [(ALONE_STAGE, f"{ALONE_STAGE}-{number}") for number in range(ALONE_LIMIT)]
    names.append(("mock-camera", "mock-camera"))
    rows = []
    for group, name in names:
        state = states.get(name.replace("-", "_"), "RUNNING" if group in ("broker", "keeper") else "STOPPED")
        rows.append(Member(group, name, state, 0 if state in ("STOPPED", "FATAL", "EXITED") else 100 + len(rows)))
    return rows


def names(actions, verb):
    return [action.member.name for action in actions if action.verb == verb]


def test_plan_starts_the_servers_first_and_the_port_holders_last_when_nothing_runs():
    actions = plan(ONE_EACH, full_table())

    assert names(actions, "start") == ["fanout-0", "transcode-0", "ingest-0", "ingest-8", "fanout-8"]
    assert names(actions, "stop") == []


def test_plan_does_nothing_when_all_is_as_wished():
    running = dict.fromkeys(("fanout_0", "transcode_0", "ingest_0", "ingest_8", "fanout_8"), "RUNNING")

    assert plan(ONE_EACH, full_table(**running)) == []


def test_plan_stops_the_highest_members_when_scaled_down():
    table = full_table(fanout_0="RUNNING", fanout_1="RUNNING", fanout_2="STARTING", fanout_8="RUNNING")

    actions = plan({**ONE_EACH, "fanout": 1}, table)

    assert names(actions, "stop") == ["fanout-1", "fanout-2"]


def test_plan_leaves_an_exited_member_to_supervisord():
    table = full_table(fanout_0="EXITED", transcode_0="BACKOFF")

    assert {"fanout-0", "transcode-0"}.isdisjoint(names(plan(ONE_EACH, table), "start"))


def test_plan_starts_a_given_up_member_only_when_insisted_on():
    table = full_table(transcode_0="FATAL")

    assert "transcode-0" not in names(plan(ONE_EACH, table), "start")
    assert "transcode-0" in names(plan(ONE_EACH, table, insist=("transcode-0",)), "start")


def test_plan_runs_the_workers_that_are_wanted_for_one_camera_and_no_other():
    table = full_table(transcode_alone_0="RUNNING", transcode_alone_2="STOPPED")

    actions = plan(ONE_EACH, table, alone=("transcode-alone-2",))

    assert "transcode-alone-2" in names(actions, "start")
    assert names(actions, "stop") == ["transcode-alone-0"]


def test_plan_starts_a_broker_that_was_stopped():
    assert names(plan(ONE_EACH, full_table(broker="STOPPED")), "start")[0] == "broker"


def test_plan_leaves_the_demo_cameras_alone():
    for state in ("STOPPED", "RUNNING"):
        assert "mock-camera" not in [action.member.name for action in plan(ONE_EACH, full_table(mock_camera=state))]


def test_plan_starts_recorders_and_library_last_and_only_while_recording_is_used():
    wished = {"ingest": 1, "transcode": 1, "recorder": 2, "fanout": 1}

    used = plan(in_force(wished, is_recording=True), full_table())
    unused = plan(in_force(wished, is_recording=False), full_table())

    assert names(used, "start") == [
        "fanout-0", "transcode-0", "ingest-0", "library", "recorder-0", "recorder-1", "ingest-8", "fanout-8",
    ]  # fmt: skip
    assert [name for name in names(unused, "start") if "recorder" in name or "library" in name] == []
    assert wanted_members(in_force(wished, is_recording=False), full_table()) != []


def test_plan_stops_recorders_and_library_that_nobody_asked_for():
    table = full_table(recorder_0="RUNNING", library="RUNNING")

    assert names(plan(ONE_EACH, table), "stop") == ["library", "recorder-0"]


@given(
    scale=st.fixed_dictionaries({pool: st.integers(1, POOL_LIMIT) for pool in POOLS}),
    before=st.fixed_dictionaries({pool: st.integers(0, POOL_LIMIT) for pool in POOLS}),
)
def test_plan_reaches_any_scale_from_any_other(scale, before):
    states = {f"{pool}_{number}": "RUNNING" for pool in POOLS for number in range(before[pool])}
    table = full_table(**states)
    verbs = {action.member.name: action.verb for action in plan(scale, table)}
    moved = {"start": "RUNNING", "stop": "STOPPED"}

    after = [Member(row.group, row.name, moved.get(verbs.get(row.name, ""), row.state), row.pid) for row in table]

    assert {pool: len(serving(after, pool)) for pool in POOLS} == scale
    assert plan(scale, after) == []


def test_next_look_is_soon_while_something_is_passing():
    settled = full_table(fanout_0="RUNNING", transcode_0="RUNNING", ingest_0="RUNNING", fanout_8="RUNNING",
                         ingest_8="RUNNING")  # fmt: skip
    dying = full_table(fanout_0="STOPPING", transcode_0="RUNNING", ingest_0="RUNNING")

    assert next_look_s(wanted_members(ONE_EACH, settled), False) == 10.0
    assert next_look_s(wanted_members(ONE_EACH, settled), True) < 1
    assert next_look_s(wanted_members(ONE_EACH, dying), False) < 1


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"fanuot": 3}, "unknown stage 'fanuot'; what scales is ingest, transcode, recorder and fanout"),
        ({"broker": 2}, "broker is one process by design"),
        ({"keeper": 1}, "keeper is one process by design"),
        ({"library": 2}, "library is one process by design"),
        ({"recorder": 9}, "recorder=9: expected a whole number from 1 to 8"),
        ({"fanout": 0}, "fanout=0: expected a whole number from 1 to 8"),
        ({"fanout": 9}, "fanout=9: expected a whole number from 1 to 8"),
        ({"fanout": True}, "expected a whole number"),
        ({"fanout": "3"}, "expected a whole number"),
        ({"fanout": 2.5}, "expected a whole number"),
        ({}, "expected stages with their number"),
        ([1], "expected stages with their number"),
        ({"fanout": 2, "transcode": 99}, "transcode=99"),
    ],
)
def test_wish_is_refused_with_the_reason_when_it_cannot_be(wish, words):
    with pytest.raises(ScaleError, match=words):
        checked_wish(wish)


def test_process_table_settings_and_keeper_agree_on_the_limits():
    table = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=(" ;",))
    table.read(PROJECT_DIR / "supervisord.conf")

    for item in fields(KeeperSettings):
        assert item.metadata["rule"].expected.startswith(f"a whole number from 1 to {POOL_LIMIT}")
    assert {item.name for item in fields(KeeperSettings)} == set(POOLS)
    for pool in ("fanout", "ingest"):
        section = table[f"fcgi-program:{pool}"]
        assert section.getint("numprocs") == POOL_LIMIT + 1
        assert f"test %(process_num)d -lt {POOL_LIMIT}" in section["command"]
    for pool in ("transcode", "recorder"):
        assert table[f"program:{pool}"].getint("numprocs") == POOL_LIMIT
    assert table[f"program:{ALONE_STAGE}"].getint("numprocs") == ALONE_LIMIT


def test_holder_is_only_the_member_beyond_the_limit():
    assert [member.name for member in full_table() if is_holder(member)] == ["ingest-8", "fanout-8"]


def test_nothing_of_the_table_blocks_or_outlives_the_pipeline():
    table = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=(" ;",))
    table.read(PROJECT_DIR / "supervisord.conf")
    programs = [table[name] for name in table.sections() if "program:" in name]

    priority = {section.name.partition(":")[2]: section.getint("priority") for section in programs}
    # Groups stop by falling priority: keeper first, then the source before the sink.
    assert sorted(priority, key=priority.__getitem__, reverse=True) == [
        "keeper", "mock-camera", "ingest", "transcode", "transcode-alone", "recorder", "library", "fanout", "broker",
    ]  # fmt: skip
    for section in programs:
        assert section["redirect_stderr"] == "true", section.name
        assert section["stdout_logfile"].startswith("%(ENV_CAM_RUN_DIR)s/logs/"), section.name
        assert "stdout_logfile_maxbytes" in section, section.name
        assert "stopwaitsecs" in section, section.name
