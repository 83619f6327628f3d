"""No proxy comes between a client of ours and a controller, whoever makes the client."""

from __future__ import annotations

import os
import subprocess
import sys

import grpc
import pytest

from monolith_hooks.clock import SYSTEM_CLOCK
from monolith_hooks.operating import Blocked, Operator
from monolith_hooks.server.channels import open_channel
from monolith_hooks.server.client_lib import get_channel_from_model_dir, get_stub_from_model_dir
from monolith_hooks.server.constants import SERVER_ADDR_FILENAME
from monolith_hooks.server.service_pb2 import (
    GetBlockStatusRequest,
    GetBlockStatusResponse,
)
from monolith_hooks.server.service_pb2_grpc import (
    ControllerServicer,
    add_ControllerServicer_to_server,
)

METHOD = "/Controller/GetBlockStatus"


class Stopped(ControllerServicer):
    def GetBlockStatus(self, request, context):
        return GetBlockStatusResponse(blocked_indices=[0, 1], unblocked_indices=[2])


@pytest.fixture(params=["127.0.0.1", "localhost"])
def addr(request):
    """The address of a controller that says who is blocked."""
    server = grpc.server(SYSTEM_CLOCK.handler_pool(1, name="controller"))
    add_ControllerServicer_to_server(Stopped(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"{request.param}:{port}"
    server.stop(None).wait()


@pytest.fixture
def model_dir(tmp_path, addr):
    (tmp_path / SERVER_ADDR_FILENAME).write_text(addr)
    return str(tmp_path)


def test_grpc_itself_goes_through_the_proxy(proxy, addr):
    with grpc.insecure_channel(addr) as channel, pytest.raises(grpc.RpcError) as failed:
        channel.unary_unary(METHOD)(b"", timeout=10)
    assert failed.value.code() is grpc.StatusCode.UNAVAILABLE


def test_a_channel_goes_past_it(proxy, addr):
    with open_channel(addr) as channel:
        assert channel.unary_unary(METHOD)(b"", timeout=10) == bytes.fromhex("0a020001120102")
    assert proxy.heard == []


def test_the_client_library_goes_past_it(proxy, model_dir):
    stub = get_stub_from_model_dir(model_dir)
    assert list(stub.GetBlockStatus(GetBlockStatusRequest(), timeout=10).unblocked_indices) == [2]
    with get_channel_from_model_dir(model_dir) as channel:
        assert channel.unary_unary(METHOD)(b"", timeout=10)
    assert proxy.heard == []


def test_an_operator_goes_past_it(proxy, addr):
    operator = Operator(addr, timeout=10)
    assert operator.blocked() == Blocked(placed=True, blocked=(1,), free=(2,))
    operator.close()
    assert proxy.heard == []


def test_the_command_goes_past_it(proxy, model_dir):
    command = [sys.executable, "-m", "monolith_hooks", "blocked", "--model-dir", model_dir]
    done = subprocess.run(
        command, env=dict(os.environ), capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "stopping; workers held: 1; free: 2\n")
    assert proxy.heard == []
