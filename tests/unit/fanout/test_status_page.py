import json

import pytest

from common.errors import WireError
from services.fanout.announced import Announcement, Camera
from services.fanout.directory import Directory
from services.fanout.status_page import status_page
from services.fanout.statuses import SILENT_NS, Statuses
from tests.helpers.fanout import MS, START_NS

S = 1000 * MS
WALL_NS = 1_700_000_000 * S

CAMERA_FIELDS = {
    "id", "label", "online", "stalled", "source", "fps", "width", "height", "jpeg_bytes_per_s", "h264_bytes_per_s",
    "frames", "dropped", "encode_ms", "viewers", "last_frame_age_s", "delay_ms", "ledger",
}  # fmt: skip


def process(name, **extras):
    return {
        "name": name, "stage": name.partition("-")[0], "host": "h", "pid": 7, "uptime_s": 2.5, "rss_bytes": 1 << 20,
        "cpu_percent": 1.5, "counters": {"in": 3}, "incarnation": 1, "mono_ns": START_NS, **extras,
    }  # fmt: skip


def account(hop="fanout", in_=0, out=0, dropped=(), held=0, bus_from=()):
    bus_from = dict(bus_from)
    return {
        "hop": hop, "in": in_, "out": out, "dropped": dict(dropped), "held": held, "bus": sum(bus_from.values()),
        "bus_from": bus_from,
    }  # fmt: skip


def viewer(number, camera, **changes):
    id_ = f"fanout-0.{number}"
    return {
        "id": id_, "camera": camera, "format": "h264", "age_s": 0.1, "dropped": 0, "transport": "ws", **changes
    }  # fmt: skip


def online(camera):
    return Camera(camera, online=True)


def page(directory, statuses, now_ns=START_NS):
    return status_page(directory, statuses, lambda camera: f"The {camera}", now_ns, WALL_NS, "h")


def make(*cameras, records=()):
    directory, statuses = Directory([]), Statuses("h")
    directory.announce(Announcement("ingest-0", "h", 1, True, cameras), START_NS)
    for record in records:
        statuses.hear(record, START_NS)
    return directory, statuses


def test_camera_row_has_exactly_the_fields_of_the_contract():
    told = Camera(
        "porch", online=True, source="ws 10.0.0.7", width=640, height=480, fps=24.987, bytes_per_s=650_000.4,
        frames=70, dropped={"corrupt": 2}, last_frame_mono_ns=START_NS - 20 * MS, last_frame_wall_ns=WALL_NS,
    )  # fmt: skip
    ledger = {"porch/h264": account(in_=9, out=8, dropped={"broken": 1}, bus_from={"transcode-0": 3})}
    delays = {"porch": {"whole": {"61": 3}}}
    encode = {"encode_ms": 2.348, "bytes_per_s": 90_000.5, "fps": 25.0, "dropped": {"late": 1}, "term": 4}
    records = [
        process("transcode-0", encodes={"porch": encode}),
        process(
            "fanout-0", viewers=[viewer(1, "porch"), viewer(2, "porch"), viewer(3, "yard")], ledger=ledger,
            delays=delays,
        ),
    ]  # fmt: skip
    row = page(*make(told, records=records))["cameras"][0]
    assert set(row) == CAMERA_FIELDS
    assert row == {
        "id": "porch", "label": "The porch", "online": True, "stalled": False, "source": "ws 10.0.0.7", "fps": 24.99,
        "width": 640, "height": 480, "jpeg_bytes_per_s": 650_000, "h264_bytes_per_s": 90_000, "frames": 70,
        "dropped": {"corrupt": 2, "late": 1, "broken": 1, "bus": 3}, "encode_ms": 2.35, "viewers": 2,
        "last_frame_age_s": 0.02, "delay_ms": {"whole": {"p50": 10.31, "p95": 10.31}},
        "ledger": [
            {
                "hop": "fanout", "process": "fanout-0", "incarnation": 1, "format": "h264", "in": 9, "out": 8,
                "dropped": {"broken": 1}, "held": 0, "bus": 3, "bus_from": {"transcode-0": 3}, "ended": False,
            }
        ],
    }  # fmt: skip


def test_camera_without_frames_encoder_or_publisher_is_listed_with_nothing():
    directory, statuses = Directory(["gate"]), Statuses("h")
    row = page(directory, statuses)["cameras"][0]
    assert (row["online"], row["encode_ms"], row["last_frame_age_s"], row["viewers"]) == (False, None, None, 0)


def test_warning_is_said_when_there_is_one():
    row = page(*make(Camera("porch", online=True, warning="two devices want this name")))["cameras"][0]
    assert row["warning"] == "two devices want this name"


def test_camera_that_sends_h264_has_its_rate_there():
    row = page(*make(Camera("porch", online=True, kind="h264", bytes_per_s=5000.0)))["cameras"][0]
    assert (row["jpeg_bytes_per_s"], row["h264_bytes_per_s"]) == (0, 5000)


def test_age_is_as_of_the_announcement_while_that_is_fresh_and_grows_afterwards():
    directory, statuses = make(Camera("porch", online=True, last_frame_mono_ns=START_NS - 40 * MS))
    fresh = page(directory, statuses, START_NS + 900 * MS)["cameras"][0]
    stale = page(directory, statuses, START_NS + 10 * S)["cameras"][0]
    assert (fresh["last_frame_age_s"], stale["last_frame_age_s"]) == (0.04, 10.04)


def test_age_of_a_camera_on_another_host_is_by_the_wall_clock():
    directory, statuses = Directory([]), Statuses("h")
    told = Camera("porch", online=True, last_frame_mono_ns=5, last_frame_wall_ns=WALL_NS - 2 * S)
    directory.announce(Announcement("ingest-9", "elsewhere", 1, True, (told,)), START_NS)
    assert page(directory, statuses)["cameras"][0]["last_frame_age_s"] == 2.0


def test_encoder_of_the_newer_term_is_shown():
    records = [
        process("transcode-0", encodes={"porch": {"encode_ms": 1.0, "term": 5}}),
        process("transcode-1", encodes={"porch": {"encode_ms": 2.0, "term": 6}}),
        process("transcode-2", encodes={"porch": {"encode_ms": 3.0, "term": 4}}),
    ]
    assert page(*make(Camera("porch", online=True), records=records))["cameras"][0]["encode_ms"] == 2.0


def test_losses_are_of_the_ledger_where_there_is_one_and_what_nobody_wanted_is_none():
    rows = [
        process("ingest-0", ledger={"porch": account("ingest", 9, 5, {"truncated": 1, "unwanted": 3})}),
        process("transcode-0", ledger={"porch": account("transcode", 4, 2, {"overload": 2}, bus_from={"ingest-0": 1})},
                encodes={"porch": {"dropped": {"overload": 77}, "term": 1}}),
        process("transcode-1", ledger={"porch": account("transcode", 2, 1, {"overload": 1})}),
        process("recorder-0", ledger={"porch": account("recorder", 9, 1, {"no_event": 6, "off": 1, "slow_disk": 1})}),
    ]  # fmt: skip
    row = page(*make(Camera("porch", online=True, dropped={"truncated": 55}), records=rows))["cameras"][0]
    assert row["dropped"] == {"truncated": 1, "overload": 3, "bus": 1, "slow_disk": 1}
    assert [each["process"] for each in row["ledger"]] == ["ingest-0", "transcode-0", "transcode-1", "recorder-0"]
    assert "format" not in row["ledger"][0]


def test_overload_is_told_of_processes_and_what_it_costs_of_cameras():
    records = [
        process("transcode-1", overload={"level": 2, "rule": "tiles at 8 fps"},
                encodes={"porch": {"limit": {"fps": 8.0}, "term": 1}, "yard": {"limit": {}, "term": 1}}),
        process("transcode-0", overload={"level": 0, "rule": ""}),
        process("transcode-2", overload=["nonsense"]),
    ]  # fmt: skip
    answer = page(*make(*map(online, ("porch", "yard")), records=records))
    assert answer["overload"] == [{"process": "transcode-1", "level": 2, "rule": "tiles at 8 fps"}]
    porch, yard = answer["cameras"]
    assert porch["limited"] == {"reason": "overload", "fps": 8.0}
    assert "limited" not in yard


def test_isolated_and_quarantined_cameras_are_told():
    quarantine = {"since_wall_ns": WALL_NS - S, "until_wall_ns": WALL_NS + 60 * S, "reason": "crashed 3 times"}
    told = process("keeper", isolated={"yard": "transcode-alone-0"}, quarantined={"porch": quarantine})
    porch, yard = page(*make(*map(online, ("porch", "yard")), records=[told]))["cameras"]
    assert porch["quarantine"] == {"since": WALL_NS / S - 1, "until": WALL_NS / S + 60, "reason": "crashed 3 times"}
    assert "isolated" not in porch
    assert yard["isolated"] is True
    assert "quarantine" not in yard


def test_camera_whose_pictures_cannot_be_encoded_says_so():
    records = [process("transcode-0", encodes={"porch": {"error": "its pictures cannot be encoded", "term": 1}})]
    row = page(*make(Camera("porch", online=True, warning="weak signal"), records=records))["cameras"][0]
    assert row["warning"] == "weak signal; its pictures cannot be encoded"


def test_delays_of_all_processes_are_one_sum_and_renewed_with_what_they_tell():
    records = [process("fanout-0", delays={"porch": {"whole": {"0": 1}}})]
    directory, statuses = make(online("porch"), records=records)
    assert page(directory, statuses)["cameras"][0]["delay_ms"]["whole"]["p95"] == 0.05
    statuses.hear(process("fanout-1", delays={"porch": {"whole": {"161": 9}, "shown": {"8": 1}}}), START_NS)
    delays = page(directory, statuses)["cameras"][0]["delay_ms"]
    assert list(delays) == ["whole", "shown"]
    assert delays["whole"]["p50"] > 50_000
    statuses.hear(process("transcode-0"), START_NS + 2 * SILENT_NS)
    statuses.expire(START_NS + 2 * SILENT_NS)
    assert page(directory, statuses)["cameras"][0]["delay_ms"] == {}


def test_viewers_of_all_processes_have_exactly_the_fields_of_the_contract():
    records = [
        process("fanout-0", viewers=[viewer(1, "porch")]),
        process("fanout-1", viewers=[viewer(9, "porch", age_s=None)]),
    ]
    rows = page(*make(Camera("porch"), records=records))["viewers"]
    assert len(rows) == 2
    assert all(set(row) == {"id", "camera", "format", "age_s", "dropped"} for row in rows)


def test_processes_include_those_that_do_not_speak_for_themselves():
    supervisord = {"name": "supervisord", "pid": 1, "uptime_s": 9.0, "rss_bytes": 5, "cpu_percent": 0.1}
    records = [process("keeper", others=[supervisord]), process("broker")]
    rows = page(*make(records=records))["processes"]
    assert [row["name"] for row in rows] == ["broker", "keeper", "supervisord"]
    assert all(
        set(row) == {"name", "pid", "uptime_s", "rss_bytes", "cpu_percent", "counters"} for row in rows
    )  # fmt: skip


def test_silent_process_is_gone_while_others_speak_and_a_heartbeat_keeps_it():
    statuses = Statuses("h")
    statuses.hear(process("transcode-0"), START_NS)
    beat = {"name": "transcode-0", "stage": "transcode", "host": "h", "incarnation": 1, "heartbeat": True}
    statuses.hear(beat, START_NS + S)
    statuses.expire(START_NS + S + SILENT_NS)
    assert len(statuses.processes()) == 1
    statuses.expire(START_NS + S + SILENT_NS + 1)
    assert statuses.processes() == []


def test_api_is_found_by_whole_segments_and_the_longest_prefix():
    statuses = Statuses("h")
    apis = [{"prefix": "/api", "socket": "/run/a"}, {"prefix": "/api/cameras/", "socket": "/run/b"}]
    statuses.hear(process("keeper", apis=apis), START_NS)
    found = [statuses.api_for(path) for path in ("/api/cameras", "/api/cameras/x", "/api/camerasx", "/apix")]
    assert [api.socket if api else None for api in found] == ["/run/b", "/run/b", "/run/a", None]


def test_api_of_another_host_cannot_be_reached_by_its_socket():
    statuses = Statuses("h")
    statuses.hear({**process("keeper", apis=[{"prefix": "/api", "socket": "/run/a"}]), "host": "other"}, START_NS)
    assert statuses.api_for("/api") is None


@pytest.mark.parametrize(
    "broken",
    [
        {"pid": "7"},
        {"counters": [1]},
        {"apis": {}},
        {"name": None},
        {"uptime_s": float("nan")},
        {"others": 3},
        {"others": [{"name": []}]},
    ],
)
def test_malformed_record_is_refused(broken):
    with pytest.raises(WireError):
        Statuses("h").hear({**process("broker"), **broken}, START_NS)


STRANGE = [None, 3, "x", b"x", [], {}, [[]], {"x": {}}, {b"x": b"x"}, float("nan"), float("inf")]


@pytest.mark.parametrize("strange", STRANGE, ids=repr)
def test_page_is_json_whatever_a_stranger_says(strange):
    strange_encodes = [{"porch": {name: strange}} for name in ("term", "error", "dropped", "encode_ms", "limit")]
    strange_encodes += [{"porch": {"limit": {"fps": strange}}}, {"porch": {"dropped": {b"x": 1}}}, strange]
    strange_rows = [strange, {"porch": strange}, {b"porch": account()}, {"porch": account() | {"dropped": {b"x": 1}}}]
    strange_rows += [{"porch": account() | {name: strange}} for name in account()]
    records = [
        process(
            "fanout-0", viewers=[viewer(1, "porch") | dict.fromkeys(["id", "camera", "age_s", "dropped"], strange)]
        ),
        process("fanout-1", viewers=strange, delays=strange, ended=strange),
        process("keeper", isolated=strange, quarantined=strange),
        *(process(f"transcode-{n}", encodes=encodes) for n, encodes in enumerate(strange_encodes)),
        *(process(f"ingest-{n}", ledger=ledger, overload=strange) for n, ledger in enumerate(strange_rows)),
    ]
    json.dumps(page(*make(Camera("porch"), records=records)), allow_nan=False)


def test_camera_row_tells_how_it_is_recorded_only_where_it_is():
    told = {"mode": "continuous", "state": "recording", "since_wall_ns": WALL_NS, "newest_wall_ns": WALL_NS}
    records = [
        process("keeper", recording={"cameras": {"porch": "continuous", "attic": "off"}, "default": "off"}),
        process("recorder-0", recordings={"porch": told}),
    ]
    rows = {row["id"]: row for row in page(*make(online("porch"), online("attic"), records=records))["cameras"]}
    assert rows["porch"]["recording"] == {
        "mode": "continuous", "state": "recording", "reason": "", "detail": "", "newest": 1_700_000_000.0, "shift_s": 0
    }  # fmt: skip
    assert "recording" not in rows["attic"]
