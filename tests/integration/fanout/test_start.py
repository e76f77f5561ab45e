"""A fanout process alone: without a broker, on an address of its own, on one that is taken."""

import socket
import subprocess
import sys

from common.config import PROJECT_DIR
from tests.helpers.bus import short_tmp
from tests.helpers.feeder import Feeder
from tests.helpers.http import fetch
from tests.helpers.rooms import listening_socket, room, settings_in, wait_until


def test_pages_are_served_while_there_is_no_broker_and_cameras_as_soon_as_there_is_one():
    with short_tmp() as folder, listening_socket() as listener, room("fanout-0", folder, stdin=listener):
        port = listener.getsockname()[1]
        assert fetch(port, "/").status == 200
        assert fetch(port, "/cameras/porch/snapshot.jpg").status == 404
        with room("broker", folder), Feeder(settings_in(folder).bus_addresses) as feeder:
            feeder.start("porch")
            wait_until(lambda: fetch(port, "/cameras/porch/snapshot.jpg").status == 200, "a snapshot")


def test_configured_camera_exists_before_it_ever_came():
    with short_tmp() as folder, listening_socket() as listener:
        (folder / "cameras.toml").write_text('[camera.gate]\nlabel = "Das Tor"\n', encoding="utf-8")
        with room("fanout-0", folder, stdin=listener, CAM_CONFIG=str(folder / "cameras.toml")):
            port = listener.getsockname()[1]
            assert fetch(port, "/cameras/gate/stream.mp4").status == 503
            assert '"id":"gate","label":"Das Tor","online":false' in fetch(port, "/status").body.decode()


def test_address_of_its_own_and_one_that_is_taken():
    with short_tmp() as folder, listening_socket() as taken:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        with room("fanout-0", folder, arguments=("--listen", f"127.0.0.1:{port}")):
            assert fetch(port, "/status").status == 200
        again = subprocess.run(
            [sys.executable, "-m", "services.fanout", "--listen", f"127.0.0.1:{taken.getsockname()[1]}"],
            cwd=PROJECT_DIR, env={"CAM_RUN_DIR": str(folder / "run"), "CAM_STATE_DIR": str(folder / "state")},
            capture_output=True, text=True, timeout=20, check=False,
        )  # fmt: skip
    assert again.returncode == 1
    assert "Address already in use" in again.stderr
    assert "Traceback" not in again.stderr
