from common.counters import Counters
from services.fanout.announced import Announcement, Camera
from services.fanout.directory import Directory
from services.fanout.hub import Hub
from services.fanout.lobby import Lobby
from tests.helpers.fanout import MS, START_NS, Bus, make_frame, make_ledger, make_viewer, numbers, texts

S = 1000 * MS


class House:
    def __init__(self):
        self.bus = Bus()
        self.directory = Directory([])
        self.troubles = {}
        self.hub = Hub(self.bus, Counters(), make_ledger())
        self.lobby = Lobby(self.hub, self.directory, lambda camera: self.troubles.get(camera, ""))

    def announce(self, *cameras):
        for change in self.directory.announce(Announcement("ingest-0", "h", 1, True, cameras), START_NS):
            self.lobby.change(change, START_NS)

    def enter(self, camera="", format_="h264"):
        viewer, wire = make_viewer(format_)
        self.lobby.enter(viewer, camera, START_NS)
        return viewer, wire


def test_viewer_of_an_online_camera_is_greeted():
    house = House()
    house.announce(Camera("porch", online=True))
    _, wire = house.enter("porch")
    assert texts(wire) == [{"type": "hello", "id": "v", "camera": "porch", "format": "h264", "online": True}]


def test_viewer_of_an_offline_camera_is_told_and_gets_the_picture_as_soon_as_it_comes():
    house = House()
    house.announce(Camera("porch", online=False, offline_since_wall_ns=1500 * MS))
    _, wire = house.enter("porch")
    assert [word["type"] for word in texts(wire)] == ["hello", "offline"]
    assert texts(wire)[1]["since"] == 1.5
    house.announce(Camera("porch", online=True))
    house.hub.publish("porch", "h264", make_frame(0, key=True), START_NS)
    assert texts(wire)[2] == {"type": "online"}
    assert numbers(wire.all) == [0]


def test_viewer_without_a_camera_gets_the_one_online_longest_and_keeps_it():
    house = House()
    house.announce(Camera("new", online=True, connected_wall_ns=2), Camera("old", online=True, connected_wall_ns=1))
    viewer, _ = house.enter()
    house.announce(Camera("new", online=True, connected_wall_ns=2))
    assert viewer.camera == "old"


def test_viewer_without_a_camera_waits_for_the_first_that_comes():
    house = House()
    viewer, wire = house.enter()
    assert texts(wire) == [{"type": "hello", "id": "v", "camera": None, "format": "h264", "online": False}]
    house.announce(Camera("porch", online=True))
    house.announce(Camera("porch", online=True), Camera("yard", online=True))
    assert viewer.camera == "porch"
    assert texts(wire)[1] == {"type": "hello", "id": "v", "camera": "porch", "format": "h264", "online": True}
    assert house.bus.subscribed == [("porch", "h264")]


def test_viewer_that_left_while_it_waited_is_given_nothing():
    house = House()
    viewer, wire = house.enter()
    house.lobby.leave(viewer, START_NS)
    house.announce(Camera("porch", online=True))
    assert house.bus.subscribed == []
    assert len(wire.sent) == 1


def test_viewers_are_told_when_their_camera_goes_and_others_are_not():
    house = House()
    house.announce(Camera("porch", online=True), Camera("yard", online=True))
    _, porch = house.enter("porch")
    _, yard = house.enter("yard")
    house.announce(Camera("porch", online=False, offline_since_wall_ns=2 * S), Camera("yard", online=True))
    assert texts(porch)[-1] == {"type": "offline", "since": 2.0}
    assert len(texts(yard)) == 1


def test_waiting_viewers_camera_is_asked_for_a_picture_when_it_is_back():
    house = House()
    house.announce(Camera("porch", online=False))
    house.enter("porch")
    for step in range(30):
        house.hub.ask_due(START_NS + step * S)
    house.bus.asked.clear()
    house.announce(Camera("porch", online=True))
    house.hub.ask_due(START_NS + 60 * S)
    assert house.bus.asked == [("porch", "h264", "join")]


def test_jpeg_viewer_of_an_h264_camera_is_told_why_nothing_comes():
    house = House()
    house.announce(Camera("porch", online=True, kind="h264"))
    _, wire = house.enter("porch", "jpeg")
    assert texts(wire)[1]["type"] == "error"


def test_viewer_of_video_is_told_once_at_its_join_why_none_can_be_made():
    house = House()
    house.announce(Camera("porch", online=True))
    house.troubles["porch"] = "no video of camera porch is made"
    wires = {format_: house.enter("porch", format_)[1] for format_ in ("h264", "mp4", "jpeg")}
    errors = {format_: [text for text in texts(wire) if text["type"] == "error"] for format_, wire in wires.items()}
    said = [{"type": "error", "message": "no video of camera porch is made"}]
    assert errors == {"h264": said, "mp4": said, "jpeg": []}


def test_viewers_of_video_are_told_when_no_more_can_be_made():
    house = House()
    house.announce(Camera("porch", online=True), Camera("yard", online=True))
    wires = {format_: house.enter("porch", format_)[1] for format_ in ("h264", "mp4", "jpeg")}
    other = house.enter("yard")[1]
    house.lobby.warn("porch", "no more")
    assert [texts(wire)[-1]["type"] for wire in wires.values()] == ["error", "error", "hello"]
    assert texts(other)[-1]["type"] == "hello"


def test_viewer_that_came_before_its_camera_was_announced_as_gone_learns_since_when_it_is():
    house = House()
    _, wire = house.enter("porch")
    house.announce(Camera("porch", online=False, offline_since_wall_ns=2 * S))
    house.announce(Camera("porch", online=False, offline_since_wall_ns=2 * S))
    assert [text["since"] for text in texts(wire) if text["type"] == "offline"] == [None, 2.0]
