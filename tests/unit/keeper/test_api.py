"""keeper's interface: requests in, answers and changes out."""

import json

import pytest

from common.config import load
from common.http1 import Request, RequestError
from common.units import NS_PER_S
from services.keeper import modes
from services.keeper.api import Api
from services.keeper.core import Core
from services.keeper.desired import Member
from services.keeper.events import Events
from services.keeper.quarantine import Quarantine, Remembered

TABLE = [
    Member("broker", "broker", "RUNNING", 10),
    Member("keeper", "keeper", "RUNNING", 11),
    Member("fanout", "fanout-0", "RUNNING", 20),
    Member("fanout", "fanout-8", "RUNNING", 28),
    Member("transcode", "transcode-0", "RUNNING", 30),
    Member("ingest", "ingest-0", "RUNNING", 40),
]
WALL_NS = 1_800_000_000 * NS_PER_S
NEVER_RECORDED = modes.Remembered()
SITE = {"host": "cams.example:8080"}


def core_of(settings, scale=None, remembered=None, modes_remembered=NEVER_RECORDED):
    quarantine, recording = Quarantine(Remembered(), 0, 0), modes.Modes(settings, modes_remembered)
    return Core(settings, scale or {}, remembered or {}, quarantine, recording, Events(300), 0)


class Desk:
    """An Api over a core, and how often it was asked to carry out a change."""

    def __init__(self):
        self.core = core_of(load({}), remembered={"attic": 5})
        self.core.table = TABLE
        self.carried_out = 0
        self.failure = None
        self.api = Api(self.core, ["https://other.example"], self._carry_out)

    def _carry_out(self):
        self.carried_out += 1
        if self.failure:
            raise self.failure

    def ask(self, method, path, value=None, **headers):
        body = b"" if value is None else json.dumps(value).encode()
        return self.api.answer(
            Request(method, path, {"content-type": "application/json", **SITE, **headers}, body), 0, WALL_NS
        )


@pytest.fixture
def desk():
    return Desk()


def test_scale_is_told_with_who_runs(desk):
    answer = desk.ask("GET", "/api/scale")

    assert answer.status == 200
    assert answer.value["fanout"] == {"wanted": 1, "running": ["fanout-0"]}
    assert answer.value["broker"] == {"wanted": 1, "running": ["broker"]}


def test_scale_is_changed_and_carried_out_before_the_answer(desk):
    answer = desk.ask("POST", "/api/scale", {"fanout": 3})

    assert answer.status == 200
    assert answer.value["fanout"]["wanted"] == 3
    assert desk.carried_out == 1
    assert desk.core.is_scale_changed


def test_scale_that_cannot_be_is_refused_and_changes_nothing(desk):
    answer = desk.ask("POST", "/api/scale", {"transcode": 2, "fanout": 99})

    assert answer.status == 422
    assert "fanout=99: expected a whole number from 1 to 8" in answer.value["error"]
    assert desk.core.scale["transcode"] == 1
    assert desk.carried_out == 0


def test_change_that_could_not_be_saved_is_said(desk):
    desk.failure = RequestError(500, "in force, but it could not be saved")

    answer = desk.ask("POST", "/api/scale", {"fanout": 2})

    assert answer.status == 500
    assert "in force" in answer.value["error"]


def test_restart_begins_and_is_reported(desk):
    answer = desk.ask("POST", "/api/restart", {"stage": "fanout"})

    assert answer.status == 202
    assert answer.value == {"running": True, "done": [], "current": "", "left": ["fanout-0"], "error": ""}
    assert desk.ask("GET", "/api/restart").value["running"]


def test_second_restart_is_refused_while_one_is_under_way(desk):
    desk.ask("POST", "/api/restart", {})

    answer = desk.ask("POST", "/api/restart", {"stage": "fanout"})

    assert answer.status == 409
    assert "a restart is under way" in answer.value["error"]


@pytest.mark.parametrize("wish", [{"stage": "fanuot"}, {"stage": 1}, {"other": "x"}, ["fanout"]])
def test_restart_of_nothing_known_is_refused(desk, wish):
    assert desk.ask("POST", "/api/restart", wish).status == 422
    assert desk.carried_out == 0


def test_cameras_are_listed_and_forgotten(desk):
    assert [row["id"] for row in desk.ask("GET", "/api/cameras").value["cameras"]] == ["attic"]

    assert desk.ask("DELETE", "/api/cameras/attic").status == 200
    assert desk.carried_out == 1
    assert desk.ask("GET", "/api/cameras").value == {"cameras": []}
    assert desk.ask("DELETE", "/api/cameras/attic").status == 404


def test_online_camera_is_not_forgotten(desk):
    announcement = {"publisher": "ingest-0", "full": True, "cameras": [{"id": "attic", "online": True}]}
    desk.core.cameras.heard(announcement, 0, 0)

    answer = desk.ask("DELETE", "/api/cameras/attic")

    assert answer.status == 409
    assert "online" in answer.value["error"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/nothing", 404),
        ("GET", "/api/cameras/attic", 405),
        ("POST", "/api/cameras", 405),
        ("DELETE", "/api/scale", 405),
        ("PUT", "/api/restart", 405),
    ],
)
def test_wrong_address_or_method_is_said(desk, method, path, status):
    answer = desk.ask(method, path)

    assert answer.status == status
    assert (status == 405) == ("Allow" in answer.headers)


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://cams.example:8080", 200),
        ("https://other.example", 200),
        ("http://evil.example", 403),
        ("http://cams.example:8081", 403),
        ("http://cams.example:8080.evil.example", 403),
        ("null", 403),
        ("", 403),
    ],
)
def test_page_of_another_site_may_change_nothing(desk, origin, status):
    assert desk.ask("POST", "/api/scale", {"fanout": 2}, origin=origin).status == status
    assert desk.carried_out == (status == 200)


def test_page_of_another_site_may_read():
    assert Desk().ask("GET", "/api/scale", origin="http://evil.example").status == 200


def test_core_starts_with_the_settings_scale_until_another_was_wished():
    settings = load({"CAM_KEEPER_FANOUT": "4", "CAM_KEEPER_TRANSCODE": "2"})

    core = core_of(settings, scale={"fanout": 3})

    assert core.scale == {"fanout": 3, "transcode": 2, "recorder": 1, "ingest": 1}


def test_core_leaves_when_its_own_turn_in_a_restart_comes(desk):
    desk.core.restart("keeper")

    assert desk.core.due(0) == []
    assert desk.core.is_leaving


def test_core_stops_one_member_and_starts_it_again(desk):
    desk.core.restart("fanout")

    assert [(action.verb, action.member.name) for action in desk.core.due(0)] == [("stop", "fanout-0")]
    desk.core.table = [row if row.name != "fanout-0" else Member("fanout", "fanout-0", "STOPPED", 0) for row in TABLE]
    assert [(action.verb, action.member.name) for action in desk.core.due(1)] == [("start", "fanout-0")]
    desk.core.table = [row if row.name != "fanout-0" else Member("fanout", "fanout-0", "STARTING", 99) for row in TABLE]
    desk.core.heard["fanout-0"] = 99
    assert desk.core.due(2) == []
    assert desk.core.restart_report() == {
        "running": False, "done": ["fanout-0"], "current": "", "left": [], "error": "",
    }  # fmt: skip


def quarantine_of(desk, camera):
    for crash_id in range(3):
        desk.core.quarantine.heard({"name": "transcode-0", "suspects": [camera], "crash_id": crash_id}, 0, 0)


def test_quarantine_is_lifted_and_that_is_carried_out(desk):
    quarantine_of(desk, "attic")

    answer = desk.ask("DELETE", "/api/cameras/Attic/quarantine")

    assert answer.status == 204
    assert desk.carried_out == 1
    assert desk.core.quarantine.quarantined() == {}


def test_lifting_of_a_quarantine_that_is_not_is_refused_in_a_sentence(desk):
    answer = desk.ask("DELETE", "/api/cameras/attic/quarantine")

    assert answer.status == 404
    assert answer.value["error"] == "camera attic is not in quarantine"
    assert desk.carried_out == 0


def test_lifting_takes_one_method_and_no_page_of_another_site(desk):
    quarantine_of(desk, "attic")

    assert desk.ask("POST", "/api/cameras/attic/quarantine").status == 405
    assert desk.ask("DELETE", "/api/cameras/attic/quarantine", origin="http://evil.example").status == 403
    assert desk.ask("DELETE", "/api/cameras//quarantine").status == 400
    assert "attic" in desk.core.quarantine.quarantined()


def test_camera_whose_name_is_quarantine_can_be_forgotten(desk):
    assert desk.ask("DELETE", "/api/cameras/quarantine").status == 404
    assert desk.ask("DELETE", "/api/cameras/quarantine/quarantine").status == 404


def test_forgotten_camera_is_in_no_quarantine_any_more(desk):
    quarantine_of(desk, "attic")

    assert desk.ask("DELETE", "/api/cameras/attic").status == 200

    assert desk.core.quarantine.quarantined() == {}


def test_core_starts_a_given_up_broker_again_after_a_while(desk):
    desk.core.table = [row if row.name != "broker" else Member("broker", "broker", "FATAL", 0) for row in TABLE]

    assert desk.core.due(0) == []
    assert desk.core.next_look_s(0) == 1.0
    assert [(action.verb, action.member.name) for action in desk.core.due(NS_PER_S)] == [("start", "broker")]
    assert desk.core.given_up == {"broker": 2.0}


def test_core_starts_a_worker_for_a_camera_that_is_set_apart(desk):
    desk.core.table = [*TABLE, Member("transcode-alone", "transcode-alone-0", "STOPPED", 0)]
    desk.core.quarantine.heard({"name": "transcode-0", "suspects": ["attic"], "crash_id": 1}, 0, 0)

    assert [(action.verb, action.member.name) for action in desk.core.due(0)] == [("start", "transcode-alone-0")]


def test_restart_goes_on_when_the_scale_takes_a_member_away(desk):
    desk.core.scale["fanout"] = 2
    desk.core.table = [*TABLE, Member("fanout", "fanout-1", "RUNNING", 21)]
    desk.core.restart("fanout")
    desk.core.due(0)

    desk.core.scale["fanout"] = 1
    desk.core.table = [Member("fanout", "fanout-0", "RUNNING", 99) if row.name == "fanout-0" else row for row in TABLE]
    desk.core.heard["fanout-0"] = 99
    desk.core.due(1)

    assert desk.core.restart_report()["running"] is False
    assert desk.core.restart_report()["error"] == ""


def test_modes_are_listed_told_and_set(desk):
    assert desk.ask("GET", "/api/cameras").value["cameras"][0]["recording"] == "off"
    before = desk.ask("GET", "/api/cameras/attic/recording")
    assert (before.status, before.value) == (200, {"camera": "attic", "mode": "off", "from": "settings"})

    answer = desk.ask("POST", "/api/cameras/attic/recording", {"mode": "continuous"})

    assert (answer.status, answer.value) == (200, {"camera": "attic", "mode": "continuous", "was": "off"})
    assert desk.carried_out == 1
    assert desk.ask("GET", "/api/cameras").value["cameras"][0]["recording"] == "continuous"
    assert desk.ask("GET", "/api/cameras/attic/recording").value["from"] == "here"
    assert desk.ask("POST", "/api/cameras/attic/recording", {"mode": None}).value["mode"] == "off"


@pytest.mark.parametrize(
    ("path", "wish", "status", "words"),
    [
        ("/api/cameras/attic/recording", {"mode": "on"}, 422, 'expected one of "off", "continuous", "event"'),
        ("/api/cameras/attic/recording", {}, 422, 'expected {"mode": "off"}'),
        ("/api/cameras/attic/recording", {"mode": "off", "x": 1}, 422, 'expected {"mode": "off"}'),
        ("/api/cameras/attic/recording", [1], 422, 'expected {"mode": "off"}'),
        ("/api/cameras/cellar/recording", {"mode": "off"}, 404, "no camera cellar is known"),
        ("/api/cameras/cellar/events", {}, 404, "no camera cellar is known"),
        ("/api/cameras/..%2Fattic/recording", {"mode": "off"}, 404, "is known"),
        ("/api/cameras/attic/recording/", {"mode": "off"}, 404, "no such address"),
        ("/api/cameras/attic/other", {}, 404, "no such address"),
        ("/api/cameras/attic/events", {"name": ""}, 422, "1 to 100 characters"),
    ],
)
def test_wrong_request_about_recording_is_refused_and_changes_nothing(desk, path, wish, status, words):
    answer = desk.ask("POST", path, wish)

    assert answer.status == status
    assert words in answer.value["error"]
    assert desk.carried_out == 0


def test_event_is_told_and_answered_with_its_times(desk):
    desk.core.modes.set("attic", "event")

    answer = desk.ask("POST", "/api/cameras/attic/events", {"id": "door", "name": "ring", "duration_s": 5})

    assert (answer.status, answer.value) == (
        202,
        {"id": "door", "start": "2027-01-15T08:00:00.000000Z", "end": "2027-01-15T08:00:05.000000Z", "mode": "event"},
    )
    assert desk.carried_out == 1
    assert [event.id for event in desk.core.events.due(0, WALL_NS)] == ["door"]


def test_event_that_nobody_keeps_is_told_with_that_note(desk):
    answer = desk.ask("POST", "/api/cameras/attic/events")

    assert (answer.status, answer.value["end"]) == (202, None)
    assert "camera attic is not recorded" in answer.value["note"]


@pytest.mark.parametrize("below", ["recording", "events"])
def test_page_of_another_site_switches_no_recording_on(desk, below):
    answer = desk.ask("POST", f"/api/cameras/attic/{below}", {"mode": "event"}, origin="https://evil.example")

    assert answer.status == 403
    assert desk.carried_out == 0


def test_forgotten_camera_is_forgotten_altogether(desk):
    desk.ask("POST", "/api/cameras/attic/recording", {"mode": "event"})
    desk.ask("POST", "/api/cameras/attic/events", {})

    assert desk.ask("DELETE", "/api/cameras/attic").status == 200

    assert desk.core.modes.document()["cameras"] == {}
    assert desk.core.events.due(0, WALL_NS) == []


def test_recorders_are_scaled_before_they_run_and_that_is_said(desk):
    answer = desk.ask("POST", "/api/scale", {"recorder": 2})

    assert answer.value["recorder"]["wanted"] == 2
    assert "as soon as a camera is recorded" in answer.value["recorder"]["note"]
    assert "note" not in answer.value["fanout"]
    desk.core.table = [*TABLE, *(Member("recorder", f"recorder-{number}", "STOPPED", 0) for number in range(3))]
    assert desk.core.due(0) == []

    desk.ask("POST", "/api/cameras/attic/recording", {"mode": "continuous"})

    assert [action.member.name for action in desk.core.due(0)] == ["recorder-0", "recorder-1"]
    assert "note" not in desk.ask("GET", "/api/scale").value["recorder"]


def test_restart_of_what_never_ran_is_refused_with_the_reason(desk):
    for stage in ("recorder", "library"):
        answer = desk.ask("POST", "/api/restart", {"stage": stage})
        assert answer.status == 422
        assert "as soon as a camera is recorded" in answer.value["error"]
    assert "library" not in desk.ask("POST", "/api/restart", {}).value["left"]
