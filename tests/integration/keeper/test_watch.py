"""keeper under a real supervisord: who was given up is started again, whose pictures crash codecs is set apart."""

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from http.client import HTTPResponse

import pytest

from common.bus import Bus
from common.clock import host_id
from common.config import PROJECT_DIR
from common.topics import STATUS, topic
from common.wire import decode_record, encode_record
from services.keeper.supervisor import Supervisor, SupervisorError
from tests.helpers.bus import addresses_in, short_tmp
from tests.helpers.rooms import wait_until

pytestmark = pytest.mark.timeout(60)

PATIENCE_S = 30.0
# As in the shipped table, but given up at the first failure, and with sleepers where workers would take a second.
TABLE = """
[unix_http_server]
file={run}/supervisord.sock
[supervisord]
nodaemon=true
silent=true
logfile={run}/supervisord.log
pidfile={run}/supervisord.pid
nocleanup=true
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[program:broker]
command=/bin/sh -c 'test -e {run}/may-start || exit 1; exec {python} -m services.broker --name broker'
startretries=0
directory={project}
autorestart=true
stderr_logfile=NONE
stdout_logfile=NONE
[program:keeper]
command={python} -m services.keeper --name keeper
directory={project}
redirect_stderr=true
stdout_logfile={run}/keeper.log
[program:transcode]
command=sleep infinity
process_name=%(program_name)s-%(process_num)d
numprocs=8
autostart=false
stderr_logfile=NONE
stdout_logfile=NONE
[program:transcode-alone]
command=sleep infinity
process_name=%(program_name)s-%(process_num)d
numprocs=4
autostart=false
stderr_logfile=NONE
stdout_logfile=NONE
"""


class House:
    """supervisord with broker, keeper and some sleepers."""

    def __init__(self, run):
        self.run = run
        self.supervisor = Supervisor(run / "supervisord.sock")

    def row(self, name):
        try:
            return next(member for member in self.supervisor.table() if member.name == name)
        except SupervisorError:
            return None

    def pid(self, name):
        row = self.row(name)
        return row.pid if row else 0

    def log(self, name="keeper"):
        path = self.run / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def ask(self, method, path):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(PATIENCE_S)
            connection.connect(str(self.run / "keeper.sock"))
            connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: k\r\n\r\n".encode())
            response = HTTPResponse(connection, method=method)
            response.begin()
            return response.status, json.loads(response.read() or b"null")


@contextmanager
def house():
    with short_tmp() as run:
        conf = run / "supervisord.conf"
        conf.write_text(TABLE.format(run=run, python=sys.executable, project=PROJECT_DIR))
        environ = {**os.environ, "CAM_RUN_DIR": str(run), "CAM_STATE_DIR": str(run / "state")}
        environ["CAM_RECORDING_DIR"] = str(run / "recordings")
        command = [sys.executable, "-m", "tools.launcher.foreground", "-n", "-c", str(conf)]
        (run / "may-start").touch()
        process = subprocess.Popen(command, cwd=PROJECT_DIR, env=environ)
        started = House(run)
        try:
            wait_until(lambda: "ready" in started.log(), "keeper", PATIENCE_S)
            yield started
        except BaseException:
            print(started.log(), started.log("supervisord"))
            raise
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def test_given_up_broker_is_started_again_until_it_lives():
    with house() as house_:
        wait_until(lambda: house_.row("broker").state == "RUNNING", "the broker", PATIENCE_S)
        (house_.run / "may-start").unlink()
        os.kill(house_.pid("broker"), signal.SIGKILL)
        wait_until(lambda: "start broker again, on which supervisord gave up" in house_.log(), "a try", PATIENCE_S)

        (house_.run / "may-start").touch()

        wait_until(lambda: house_.row("broker").state == "RUNNING", "the broker", PATIENCE_S)
        assert house_.log().count("the next time after 2 s") == 1


def crash(house_, bus, crash_id):
    """Say what a worker says after a crash of its predecessor."""
    fields = {"name": "transcode-0", "heartbeat": True, "suspects": ["porch"], "crash_id": crash_id}
    bus.drain()
    bus.publish(topic(STATUS, host_id(), "transcode-0"), encode_record(fields))


def test_camera_that_crashes_codecs_is_set_apart_then_quarantined_and_released():
    with house() as house_, Bus(addresses_in(house_.run)) as bus:
        told = {}

        def tells(field, expected):
            bus.wait(0.05)
            for message in bus.drain():
                told.update(decode_record(message.header))
            return told.get(field, {}).keys() == expected

        bus.subscribe(topic(STATUS, host_id(), "keeper"))
        wait_until(lambda: crash(house_, bus, 1) or tells("isolated", {"porch"}), "the isolation", PATIENCE_S)
        wait_until(lambda: house_.pid("transcode-alone-0"), "a worker of its own", PATIENCE_S)
        for crash_id in (2, 3):
            wait_until(lambda: "porch" in house_.log(), "keeper's word", PATIENCE_S)
            count = house_.log().count("porch")
            wait_until(
                lambda crash_id=crash_id, count=count: (
                    crash(house_, bus, crash_id) or house_.log().count("porch") > count
                ),
                "the crash heard",
                PATIENCE_S,
            )
        wait_until(lambda: tells("quarantined", {"porch"}), "the quarantine", PATIENCE_S)
        assert told["isolated"] == {}
        assert told["quarantined"]["porch"]["until_wall_ns"] > told["quarantined"]["porch"]["since_wall_ns"]
        wait_until(lambda: not house_.pid("transcode-alone-0"), "the end of the worker", PATIENCE_S)

        # It outlives keeper.
        old = house_.pid("keeper")
        os.kill(old, signal.SIGKILL)
        wait_until(lambda: house_.log().count("ready") == 2, "the next keeper", PATIENCE_S)
        told.clear()
        wait_until(lambda: tells("quarantined", {"porch"}), "the quarantine, remembered", PATIENCE_S)

        assert house_.ask("DELETE", "/api/cameras/porch/quarantine")[0] == 204

        wait_until(lambda: tells("quarantined", set()), "its end", PATIENCE_S)
        wait_until(lambda: tells("isolated", {"porch"}), "the camera in a worker of its own", PATIENCE_S)
        status, answer = house_.ask("DELETE", "/api/cameras/porch/quarantine")
        assert (status, answer["error"]) == (404, "camera porch is not in quarantine")
