import itertools

import pytest

from common.errors import WireError
from common.names import CameraId
from common.units import NS_PER_MS, NS_PER_S
from services.ingest.announcements import describe
from services.ingest.ledger import POST, WS, Instant, MediaClock, Origin
from services.ingest.others import Others
from services.ingest.registry import Lost, Refused, Registry
from services.ingest.session import Session
from tests.helpers.jpegs import make_jpeg

JPEG = make_jpeg()
PORCH = CameraId("porch")
HOME, AWAY = "10.0.0.1", "10.0.0.2"
UNNAMED = CameraId("cam-10-0-0-1")
_sources = itertools.count(1)


def at(s: float) -> Instant:
    mono_ns = 100 * NS_PER_S + int(s * NS_PER_S)
    return Instant(mono_ns, 1_800_000_000 * NS_PER_S + mono_ns)


def connect(name: str | None, peer: str = HOME, s: float = 0, via: str = WS, host: str = "here") -> Session:
    camera = CameraId(name) if name is not None else None
    return Session(next(_sources), Origin(via, peer, camera), at(s), MediaClock(at(0)), host)


def make_registry(max_cameras: int = 256, process: str = "ingest-0", host: str = "here", configured=()) -> Registry:
    return Registry(Others((host, process)), max_cameras, configured)


def joined(registry: Registry, name: str | None, peer: str = HOME, s: float = 0, via: str = WS) -> Session:
    session = connect(name, peer, s, via)
    assert registry.join(session, at(s)) == []
    return session


def announce(registry: Registry, s: float, process: str, host: str = "here", *, full: bool = True) -> dict:
    """What a process with this registry says of its cameras, as it arrives elsewhere."""
    cameras = [
        describe(ledger, registry.holders.get(camera), registry.contests.warning(camera), at(s).mono_ns)
        for camera, ledger in registry.ledgers.items()
    ]
    return {
        "publisher": process,
        "host": host,
        "full": full,
        "cameras": cameras,
        "contested": registry.contests.seen(),
    }


# --- names and take-overs in one process


def test_camera_gets_the_name_it_gave_or_that_of_its_address():
    registry = make_registry()
    assert joined(registry, "porch").camera == PORCH
    assert joined(registry, None, HOME).camera == UNNAMED
    assert joined(registry, None, AWAY).camera == "cam-10-0-0-2"
    assert registry.changed == {PORCH, UNNAMED, "cam-10-0-0-2"}


def test_new_connection_of_a_name_wins_at_once():
    registry = make_registry()
    old = joined(registry, "porch")
    new = connect("porch", s=1)
    assert registry.join(new, at(1)) == [Lost(old, f"replaced by a newer connection from {HOME}")]
    assert registry.holders == {PORCH: new}
    registry.leave(old, at(1.1))
    assert registry.holders == {PORCH: new}
    assert describe(registry.ledgers[PORCH], new, "", at(2).mono_ns)["online"]


def test_account_of_a_camera_goes_on_over_its_connections():
    registry = make_registry()
    old = joined(registry, "porch")
    old.take(JPEG, at(0.1))
    new = connect("porch", s=1)
    registry.join(new, at(1))
    new.take(JPEG, at(1.1))
    assert registry.ledgers[PORCH].frames == 2


def test_second_device_behind_an_address_gets_the_next_name_when_it_delivers():
    registry = make_registry()
    first = joined(registry, None)
    second = connect(None, s=1)
    assert registry.join(second, at(1)) == []
    assert registry.confirm(second, at(1.5))
    assert second.camera == UNNAMED
    assert registry.confirm(first, at(2.9))
    assert first.camera == f"{UNNAMED}-2"
    assert registry.holders == {UNNAMED: second, f"{UNNAMED}-2": first}
    assert f"{UNNAMED}-2" in registry.changed
    assert registry.tick(at(10)) == []


def test_rebooted_camera_without_a_name_keeps_it_and_the_dead_connection_goes():
    registry = make_registry()
    dead = joined(registry, None)
    registry.join(connect(None, s=1), at(1))
    assert registry.tick(at(3)) == []
    assert [lost.session for lost in registry.tick(at(3.001))] == [dead]
    registry.leave(dead, at(3.1))
    assert registry.tick(at(3.2)) == []
    assert list(registry.holders) == [UNNAMED]


def test_frame_of_the_older_connection_after_two_seconds_is_too_late():
    registry = make_registry()
    dead = joined(registry, None)
    registry.join(connect(None, s=1), at(1))
    assert not registry.confirm(dead, at(3.1))


def test_third_device_behind_an_address_gets_the_next_free_suffix():
    registry = make_registry()
    devices = [joined(registry, None, s=0)]
    for s in (1, 2):
        devices.append(connect(None, s=s))
        assert registry.join(devices[-1], at(s)) == []
        registry.confirm(devices[-2], at(s + 0.1))
    assert [device.camera for device in devices] == [f"{UNNAMED}-2", f"{UNNAMED}-3", UNNAMED]
    registry.leave(devices[0], at(3))
    fourth = connect(None, s=4)
    registry.join(fourth, at(4))
    registry.confirm(devices[2], at(4.1))
    assert devices[2].camera == f"{UNNAMED}-2"


def test_frames_of_the_ousted_connection_do_not_touch_the_new_ones_account():
    registry = make_registry()
    first = joined(registry, None)
    second = connect(None, s=1)
    registry.join(second, at(1))
    second.take(JPEG, at(1.1))
    first.take(make_jpeg(320, 240), at(1.2))
    registry.confirm(first, at(1.2))
    assert registry.ledgers[UNNAMED].width == 640


def test_connection_with_a_name_is_never_taken_for_a_second_device():
    registry = make_registry()
    old = joined(registry, str(UNNAMED))
    assert [lost.session for lost in registry.join(connect(None, s=1), at(1))] == [old]


# --- contests


def test_fourth_take_over_from_other_addresses_in_ten_seconds_is_refused():
    registry = make_registry()
    holder = joined(registry, "porch", HOME)
    for s in range(1, 4):
        new = connect("porch", f"10.0.0.{s + 1}", s)
        assert registry.join(new, at(s)) == [Lost(holder, f"replaced by a newer connection from 10.0.0.{s + 1}")]
        holder = new
    refused = registry.join(connect("porch", "10.0.0.9", 4), at(4))
    assert isinstance(refused, Refused)
    assert refused.status == 409
    assert registry.holders[PORCH] is holder
    assert "10.0.0.9" in registry.contests.warning(PORCH)
    # Its own device comes back all the same, and after ten quiet seconds anybody may.
    again = connect("porch", holder.origin.peer, 5)
    assert [lost.session for lost in registry.join(again, at(5))] == [holder]
    assert [lost.session for lost in registry.join(connect("porch", HOME, 15), at(15))] == [again]


def test_flapping_camera_takes_its_name_over_as_often_as_it_likes():
    registry = make_registry()
    joined(registry, "porch", HOME)
    for s in range(1, 50):
        assert len(registry.join(connect("porch", HOME, s / 10), at(s / 10))) == 1


# --- how many


def test_camera_beyond_the_most_is_refused_with_503_and_known_ones_are_not():
    registry = make_registry(max_cameras=3, configured=["configured"])
    registry.learn_known(["known"])
    first = joined(registry, "first")
    refused = registry.join(connect("second"), at(0))
    assert isinstance(refused, Refused)
    assert (refused.status, "max_cameras" in refused.text) == (503, True)
    for name in ("known", "configured", "first"):
        assert not isinstance(registry.join(connect(name), at(0)), Refused)
    # It is offline but remembered for a while.
    registry.leave(first, at(1))
    assert isinstance(registry.join(connect("second"), at(1)), Refused)


def test_forgotten_camera_makes_room():
    registry = make_registry(max_cameras=1)
    registry.learn_known(["old"])
    assert isinstance(registry.join(connect("new"), at(0)), Refused)
    registry.learn_known([])
    assert registry.join(connect("new"), at(0)) == []


def test_second_device_that_would_be_one_too_many_gets_no_name():
    registry = make_registry(max_cameras=1)
    first = joined(registry, None)
    registry.join(connect(None, s=1), at(1))
    assert not registry.confirm(first, at(1.1))


# --- offline


def test_camera_that_left_is_listed_offline_for_a_minute():
    registry = make_registry()
    session = joined(registry, "porch")
    registry.changed.clear()
    registry.leave(session, at(5))
    assert registry.changed == {PORCH}
    described = describe(registry.ledgers[PORCH], None, "", at(6).mono_ns)
    assert (described["online"], described["offline_since_wall_ns"]) == (False, at(5).wall_ns)
    registry.tick(at(65))
    assert PORCH in registry.ledgers
    registry.tick(at(65.1))
    assert registry.ledgers == {}


# --- posted pictures


def test_posting_camera_is_online_for_a_minute_after_a_picture():
    registry = make_registry()
    session = joined(registry, "porch", via=POST)
    assert registry.poster(PORCH) is session
    session.take(JPEG, at(1))
    assert registry.tick(at(61)) == []
    assert registry.tick(at(61.1)) == [Lost(session, "no picture posted lately")]


def test_slowly_posting_camera_is_online_for_three_of_its_intervals():
    registry = make_registry()
    session = joined(registry, "porch", via=POST)
    for minute in range(5):
        session.take(JPEG, at(minute * 300))
        registry.tick(at(minute * 300))
    assert registry.tick(at(1200 + 900)) == []
    assert registry.tick(at(1200 + 900.1))


def test_post_does_not_oust_a_camera_that_delivers_over_websocket():
    registry = make_registry()
    session = joined(registry, "porch")
    session.take(JPEG, at(1))
    refused = registry.join(connect("porch", s=2, via=POST), at(2))
    assert isinstance(refused, Refused)
    assert refused.status == 409
    assert [lost.session for lost in registry.join(connect("porch", s=12, via=POST), at(12))] == [session]


def test_websocket_ousts_posting():
    registry = make_registry()
    posting = joined(registry, "porch", via=POST)
    assert [lost.session for lost in registry.join(connect("porch", s=1), at(1))] == [posting]
    assert registry.poster(PORCH) is None


# --- several processes


def test_camera_that_moves_to_another_process_is_lost_here_and_not_announced_as_offline():
    here, there = make_registry(process="ingest-0"), make_registry(process="ingest-1")
    old = joined(here, "porch", s=0)
    joined(there, "porch", s=1)
    assert here.hear(announce(there, 1, "ingest-1"), at(1)) == [
        Lost(old, f"replaced by a newer connection from {HOME}")
    ]
    here.leave(old, at(1.1))
    assert (here.holders, here.ledgers) == ({}, {})


def test_newer_claim_here_is_not_given_up_to_an_older_one_heard_late():
    here, there = make_registry(process="ingest-0"), make_registry(process="ingest-1")
    joined(there, "porch", s=0)
    session = joined(here, "porch", s=1)
    assert here.hear(announce(there, 2, "ingest-1"), at(2)) == []
    assert here.holders == {PORCH: session}
    assert [lost.session for lost in there.hear(announce(here, 2, "ingest-0"), at(2))]


def test_two_processes_that_hear_each_other_agree_on_the_newest():
    registries = [make_registry(process=f"ingest-{n}") for n in range(2)]
    for n, registry in enumerate(registries):
        registry.join(connect("porch", s=n * 0.001), at(n * 0.001))
    told = [announce(registry, 1, f"ingest-{n}") for n, registry in enumerate(registries)]
    registries[0].hear(told[1], at(1))
    registries[1].hear(told[0], at(1))
    assert [list(registry.holders) for registry in registries] == [[], [PORCH]]


def test_second_device_is_found_also_across_processes():
    here, there = make_registry(process="ingest-0"), make_registry(process="ingest-1")
    old = joined(here, None, s=0)
    joined(there, None, s=1)
    assert here.hear(announce(there, 1, "ingest-1"), at(1)) == []
    assert here.confirm(old, at(2))
    assert old.camera == f"{UNNAMED}-2"


def test_suffix_taken_in_another_process_is_not_free():
    here, there = make_registry(process="ingest-0"), make_registry(process="ingest-1")
    joined(there, f"{UNNAMED}-2", AWAY)
    here.hear(announce(there, 0, "ingest-1"), at(0))
    first = joined(here, None, s=1)
    here.join(connect(None, s=2), at(2))
    here.confirm(first, at(2.1))
    assert first.camera == f"{UNNAMED}-3"


def test_connection_on_another_host_wins_when_it_is_heard_after_ours_came():
    # Its monotonic clock says something else altogether.
    here, there = make_registry(host="here"), make_registry(host="there", process="ingest-9")
    joined(there, "porch", AWAY, s=-90)
    old = joined(here, "porch", s=0)
    lost = here.hear(announce(there, 1, "ingest-9", "there"), at(1))
    assert [session for session, _ in lost] == [old]


def test_connection_on_another_host_loses_when_it_was_heard_before_ours_came():
    here, there = make_registry(host="here"), make_registry(host="there", process="ingest-9")
    joined(there, "porch", AWAY, s=500)
    here.hear(announce(there, 0, "ingest-9", "there"), at(0))
    joined(here, "porch", s=1)
    assert here.hear(announce(there, 2, "ingest-9", "there"), at(2)) == []


def test_worker_and_term_move_with_the_camera():
    here, there = make_registry(process="ingest-0"), make_registry(process="ingest-1")
    joined(there, "porch")
    there.ledgers[PORCH].worker, there.ledgers[PORCH].term = "transcode-1", 4242
    here.hear(announce(there, 0, "ingest-1"), at(0))
    joined(here, "porch", s=1)
    assert (here.ledgers[PORCH].worker, here.ledgers[PORCH].term) == ("transcode-1", 4242)


def test_take_overs_across_processes_count_together():
    registries = [make_registry(process=f"ingest-{n}") for n in range(2)]
    refused = None
    for attempt in range(4):
        n = attempt % 2
        refused = registries[n].join(connect("porch", f"10.0.0.{attempt}", attempt), at(attempt))
        if not isinstance(refused, Refused):
            registries[1 - n].hear(announce(registries[n], attempt, f"ingest-{n}"), at(attempt + 0.1))
    last = registries[0].join(connect("porch", "10.0.0.7", 4), at(4))
    assert isinstance(last, Refused)
    assert last.status == 409


def test_contest_seen_in_one_process_is_warned_of_in_the_holders():
    here, there = make_registry(process="ingest-0"), make_registry(process="ingest-1")
    joined(here, "porch")
    for attempt in range(3):
        there.contests.note(PORCH, AWAY, at(attempt).mono_ns)
    here.hear(announce(there, 3, "ingest-1"), at(3))
    assert AWAY in here.contests.warning(PORCH)


def test_cameras_of_other_processes_count_towards_the_most():
    here, there = make_registry(max_cameras=1), make_registry(process="ingest-1")
    joined(there, "porch")
    here.hear(announce(there, 0, "ingest-1"), at(0))
    assert isinstance(here.join(connect("yard"), at(0)), Refused)
    here.tick(at(4))
    assert here.join(connect("yard"), at(4)) == []


@pytest.mark.parametrize("contested", [[], "porch", {"": "x"}])
def test_malformed_contests_are_refused(contested):
    record = announce(make_registry(), 0, "ingest-1") | {"contested": contested}
    with pytest.raises(WireError):
        make_registry().hear(record, at(0))


def test_stalled_and_rates_are_described():
    registry = make_registry()
    session = joined(registry, "porch")
    for frame in range(10):
        session.take(JPEG, at(frame / 25))
    now = at(9 / 25).mono_ns
    described = describe(registry.ledgers[PORCH], session, "", now)
    assert described["fps"] == 25
    assert described["interval_ns"] == 40 * NS_PER_MS
    assert described["source"] == f"ws {HOME}"
    assert described["incarnation"] == session.source
    assert not described["stalled"]
    assert describe(registry.ledgers[PORCH], session, "", now + 11 * NS_PER_S)["stalled"]
