"""Calls of this process: patient ones, one across the end, and two at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import grpc
import pytest

from parity.interop import asking
from parity.interop.asking import ask_beside, ask_patiently, ask_to_stop
from parity.interop.peers.peer import PeerError
from parity.spec.interop import Called


class Serving(grpc.GenericRpcHandler):
    """Answers when it is let go."""

    def __init__(self):
        self.let_go = Event()

    def service(self, handler_call_details):
        return grpc.unary_unary_rpc_method_handler(self.answer)

    def answer(self, request, context):
        self.let_go.wait(10)
        return b"\x08\x01"


@pytest.fixture
def server():
    serving = Serving()
    server = grpc.server(ThreadPoolExecutor(1), handlers=(serving,))
    serving.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield serving
    serving.let_go.set()
    server.stop(None).wait()


def test_the_server_gives_up_when_the_time_in_the_header_is_over(server):
    exceeded = Called(code="DEADLINE_EXCEEDED", details="Deadline Exceeded")
    assert ask_patiently(server.address, "/x/Y", "20m") == exceeded


def test_no_proxy_comes_between(server, proxy):
    server.let_go.set()
    assert ask_patiently(server.address, "/x/Y", "1H") == Called(code="OK", response_hex="0801")
    assert proxy.heard == []


def test_an_answer_within_that_time_is_taken(server):
    server.let_go.set()
    assert ask_patiently(server.address, "/x/Y", "1H") == Called(code="OK", response_hex="0801")


class Channel:
    """A channel to a barrier that StopTraining places, and that answers it when told."""

    def __init__(self, is_over):
        self.is_over = is_over
        self.is_placed = False

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def unary_unary(self, method):
        return self if method.endswith("StopTraining") else self.status

    def status(self, request, timeout):
        return b"placed" if self.is_placed else b""

    def future(self, request, timeout):
        self.is_placed = True
        return self

    def done(self):
        return self.is_over

    def result(self, timeout):
        assert self.is_over
        return b""


def test_the_session_ends_while_a_stop_is_under_way(monkeypatch):
    channel = Channel(is_over=False)
    monkeypatch.setattr(asking, "open_channel", lambda _: channel)
    assert ask_to_stop("a:1", then=lambda: setattr(channel, "is_over", True)) == Called(
        code="OK", response_hex=""
    )


def test_a_stop_that_is_over_by_then_shows_nothing(monkeypatch):
    monkeypatch.setattr(asking, "open_channel", lambda _: Channel(is_over=True))
    with pytest.raises(PeerError, match="answered before its callback was over"):
        ask_to_stop("a:1", then=lambda: pytest.fail("nothing is under way"))


class TwoCalls(Channel):
    """A channel to a controller that answers any call, and a stop at once only if it is over."""

    def unary_unary(self, method):
        return self if method.endswith("StopTraining") else TwoCalls(is_over=True)

    def __call__(self, request, timeout):
        return b""

    def result(self, timeout):
        return b""


@pytest.mark.parametrize(
    ("is_over", "wrong"),
    [(False, []), (True, ["GetTrainingStatus answered first: expected True, got False"])],
)
def test_a_stop_is_still_under_way_when_a_call_beside_it_is_answered(monkeypatch, is_over, wrong):
    monkeypatch.setattr(asking, "open_channel", lambda _: TwoCalls(is_over))
    assert ask_beside("a:1") == wrong
