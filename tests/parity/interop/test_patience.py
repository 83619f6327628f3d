"""A patient caller leaves it to the server to give up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import grpc
import pytest

from parity.interop.playing import ask_patiently
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
