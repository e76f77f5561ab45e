"""keeper's door to supervisord, against a server that speaks the standard library's XML-RPC on a unix socket."""

import http.server
import socketserver
import threading
import xmlrpc.client
import xmlrpc.server
from contextlib import contextmanager

import pytest

from services.keeper.desired import Action, Member
from services.keeper.supervisor import Supervisor, SupervisorError
from services.keeper.xmlrpc import FaultError
from tests.helpers.bus import short_tmp

FANOUT = Member("fanout", "fanout-0", "RUNNING", 7)


class FakeSupervisord:
    """supervisord's answers; `fault` is raised by starts, stops and signals."""

    def __init__(self):
        self.calls = []
        self.fault = None

    def getAllProcessInfo(self):
        return [{"group": "fanout", "name": "fanout-0", "statename": "RUNNING", "pid": 7, "spawnerr": ""}]

    def startProcess(self, name, wait):
        return self._note("start", name, wait)

    def stopProcess(self, name, wait):
        return self._note("stop", name, wait)

    def signalProcess(self, name, signal):
        return self._note("signal", name, signal)

    def _note(self, verb, name, wait):
        self.calls.append((verb, name, wait))
        if self.fault:
            raise self.fault
        return True


class Handler(xmlrpc.server.SimpleXMLRPCRequestHandler):
    rpc_paths = ("/RPC2",)
    # A unix socket has no Nagle to switch off, and no address to log.
    disable_nagle_algorithm = False
    log_message = http.server.BaseHTTPRequestHandler.log_message

    def log_request(self, *_arguments):
        pass


class Server(socketserver.UnixStreamServer, xmlrpc.server.SimpleXMLRPCDispatcher):
    def __init__(self, path):
        xmlrpc.server.SimpleXMLRPCDispatcher.__init__(self)
        socketserver.UnixStreamServer.__init__(self, path, Handler)


@contextmanager
def served(fake):
    class Namespace:
        supervisor = fake

    with short_tmp() as folder, Server(str(folder / "s.sock")) as server:
        server.register_instance(Namespace(), allow_dotted_names=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield Supervisor(folder / "s.sock")
        finally:
            server.shutdown()
            thread.join()


def test_table_is_read():
    with served(FakeSupervisord()) as supervisor:
        assert supervisor.table() == [FANOUT]


def test_start_and_stop_name_group_and_member_and_do_not_wait():
    fake = FakeSupervisord()
    with served(fake) as supervisor:
        supervisor.do(Action("start", FANOUT))
        supervisor.do(Action("stop", FANOUT))

    assert fake.calls == [("start", "fanout:fanout-0", False), ("stop", "fanout:fanout-0", False)]


def test_kill_is_a_signal_that_supervisord_sends():
    fake = FakeSupervisord()
    with served(fake) as supervisor:
        supervisor.do(Action("kill", FANOUT))

    assert fake.calls == [("signal", "fanout:fanout-0", "KILL")]


@pytest.mark.parametrize("code", [6, 60, 70])
def test_what_is_so_already_is_no_error(code):
    fake = FakeSupervisord()
    fake.fault = xmlrpc.client.Fault(code, "so it is")
    with served(fake) as supervisor:
        supervisor.do(Action("start", FANOUT))


def test_refusal_is_told_with_supervisords_words():
    fake = FakeSupervisord()
    fake.fault = xmlrpc.client.Fault(50, "SPAWN_ERROR: fanout-0")
    with served(fake) as supervisor, pytest.raises(FaultError, match="SPAWN_ERROR: fanout-0"):
        supervisor.do(Action("start", FANOUT))


def test_absent_supervisord_is_an_error_of_its_own(tmp_path):
    with pytest.raises(SupervisorError, match="does not answer"):
        Supervisor(tmp_path / "nobody.sock").table()


def test_hung_supervisord_does_not_hold_keeper():
    with (
        short_tmp() as folder,
        # It listens, and nobody accepts: what a stopped supervisord looks like.
        socketserver.UnixStreamServer(str(folder / "s.sock"), socketserver.BaseRequestHandler),
        pytest.raises(SupervisorError, match="timed out"),
    ):
        Supervisor(folder / "s.sock").table()
