"""A client whose controller has several addresses, of which some are no help.

The port's own connector is held to the same in ``connecting.rs``; gRPC's target with several
addresses stands for a name that resolves to them.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import grpc
import pytest

from monolith_hooks.clock import SYSTEM_CLOCK
from monolith_hooks.server.channels import open_channel
from monolith_hooks.server.service_pb2 import ResumeTrainingRequest, ResumeTrainingResponse
from monolith_hooks.server.service_pb2_grpc import (
    ControllerServicer,
    ControllerStub,
    add_ControllerServicer_to_server,
)
from tests.contracts.stages import PATIENCE

CLOSED = "127.0.0.1:1"
"""A port that is reserved, and that nothing listens on."""


class Resumes(ControllerServicer):
    def ResumeTraining(self, request, context):
        return ResumeTrainingResponse()


@pytest.fixture
def good() -> Iterator[str]:
    server = grpc.server(SYSTEM_CLOCK.handler_pool(1, name="controller"))
    add_ControllerServicer_to_server(Resumes(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()


@pytest.fixture
def silent() -> Iterator[str]:
    """Accepts, as the kernel does for any listener, and never says a word."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("order", ["good silent", "silent good", "closed silent good"])
def test_of_several_addresses_the_one_that_answers_is_used(good, silent, order):
    addrs = {"good": good, "silent": silent, "closed": CLOSED}
    target = "ipv4:" + ",".join(addrs[each] for each in order.split())
    with open_channel(target) as channel:
        answer = ControllerStub(channel).ResumeTraining(ResumeTrainingRequest(), timeout=PATIENCE)
    assert answer == ResumeTrainingResponse()
