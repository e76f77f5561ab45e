"""No request opens a file outside the folder of recordings, whatever it calls camera, day and name."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

from common.clock import SystemClock
from services.library.catalogue import Catalogue
from services.library.player import Player
from services.library.programmes import Programmes
from tests.helpers.footage import EVENING_NS, Footage, coded
from tests.helpers.library import ask_raw, parts_on_socket

TREASURE = b"not for everybody"
opened: list[str] | None = None


def listen(event, arguments):
    if event in ("open", "sqlite3.connect") and opened is not None and isinstance(arguments[0], (str, bytes)):
        opened.append(os.fsdecode(arguments[0]).removeprefix("file://"))


# A hook stays for the life of the process: it only listens while a test wants it to.
sys.addaudithook(listen)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    footage = Footage(home / "recordings")
    row = footage.add(EVENING_NS, coded(30))
    footage.close()
    (home / "secret.mp4").write_bytes(TREASURE)
    (home / "recordings" / "secret.mp4").write_bytes(TREASURE)
    outside = home / "recordings" / "porch" / "2026-11-22" / "porch_20261122T220000.000Z.mp4"
    outside.symlink_to(home / "secret.mp4")
    with ThreadPoolExecutor(2) as executor:
        catalogue = Catalogue(home / "recordings")
        player = Player(catalogue, Programmes(catalogue), SystemClock(), executor)
        with parts_on_socket([player]) as socket:
            yield home, socket, row


NAMES = [
    "..", "../", "../../secret.mp4", "../../../../../../etc/passwd", "/etc/passwd", "//etc/passwd", "....//", "..\\",
    "secret.mp4", ".lock", "index.sqlite", "journal.jsonl", "%2e%2e", "%2e%2e%2f", "%252e%252e%252f", "..%2f..%2f",
    "\0", "porch\0", "a\0/../..", "\u2025", "\uff0e\uff0e\uff0fetc", "\u2024\u2024/", "\u0130", "\u212a", "~root",
    "porch_20261122T220000.000Z.mp4", "porch_20261122T210000.000Z.mp4\n", "por\u0441h_20261122T210000.000Z.mp4",
    "x" * 300, "x" * 5000, "../" * 200, "\r\nX: y", "$HOME", "*", "?", "#", "\u202e", "\ud800",
]  # fmt: skip
OVERLONG_UTF_8 = [
    b"%c0%ae%c0%ae",
    b"%c0%af",
    b"%e0%80%ae%e0%80%ae/",
    b"%ff%fe",
    b"%",
    b"%zz",
    b"%2",
    b"..%00.mp4",
    b"%u002e",
]


def encoded(name):
    return quote(name.encode("utf-8", "surrogatepass"), safe="/.%\\").encode()


def targets(name):
    ask = b"?from=0&to=80000"
    yield b"/api/recordings/" + name + b"/play.mp4" + ask
    yield b"/api/recordings/" + name + b"/files/2026-11-22/porch_20261122T210000.000Z.mp4"
    yield b"/api/recordings/porch/files/2026-11-22/" + name
    yield b"/api/recordings/porch/files/" + name + b"/porch_20261122T210000.000Z.mp4"
    yield b"/api/recordings/porch/files/" + name


@pytest.mark.parametrize(
    "name", [*map(encoded, NAMES), *OVERLONG_UTF_8], ids=lambda name: ascii(name.decode("latin-1"))[:40]
)
def test_nothing_outside_is_opened(house, name):
    global opened
    home, socket, _ = house
    inside = str(home / "recordings" / "porch") + os.sep
    for target in targets(name):
        opened = []
        try:
            answer = ask_raw(socket, b"GET " + target + b" HTTP/1.1")
        finally:
            seen, opened = opened, None
        assert answer.split(b" ", 2)[1] in (b"400", b"404", b"405"), target
        assert TREASURE not in answer
        assert [path for path in seen if not path.startswith(inside)] == [], target


def test_link_in_the_folder_leads_nowhere(house):
    home, socket, _ = house
    footage = Footage(home / "recordings", "linked")
    made = footage.add(EVENING_NS, coded(30))
    path = footage.folder / made.name
    path.unlink()
    path.symlink_to(home / "secret.mp4")
    footage.close()
    answer = ask_raw(socket, f"GET /api/recordings/linked/files/{made.name} HTTP/1.1".encode())
    assert b" 404 " in answer.split(b"\r\n")[0]
    assert TREASURE not in answer


def test_what_is_opened_is_seen(house):
    global opened
    home, socket, row = house
    opened = []
    try:
        answer = ask_raw(socket, f"GET /api/recordings/porch/files/{row.name} HTTP/1.1".encode())
    finally:
        seen, opened = opened, None
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert str(home / "recordings" / "porch" / row.name) in seen
