from __future__ import annotations

import grpc
import pytest
import tensorflow as tf

from monolith_hooks.clock import SYSTEM_CLOCK
from monolith_hooks.server.client_lib import get_stub_from_model_dir
from monolith_hooks.server.constants import SERVER_ADDR_FILENAME
from monolith_hooks.server.service_pb2 import ResumeTrainingRequest, ResumeTrainingResponse
from monolith_hooks.server.service_pb2_grpc import (
    ControllerServicer,
    add_ControllerServicer_to_server,
)

Code = grpc.StatusCode


class Resumes(ControllerServicer):
    def ResumeTraining(self, request, context):
        return ResumeTrainingResponse()


@pytest.fixture
def addr():
    """The address of a controller that can resume."""
    server = grpc.server(SYSTEM_CLOCK.handler_pool(1, name="controller"))
    add_ControllerServicer_to_server(Resumes(), server)
    port = server.add_insecure_port("localhost:0")
    server.start()
    yield f"localhost:{port}"
    server.stop(None).wait()


def call(model_dir) -> grpc.StatusCode:
    return (
        get_stub_from_model_dir(str(model_dir))
        .ResumeTraining.future(ResumeTrainingRequest())
        .code()
    )


@pytest.mark.covers("B38b")
@pytest.mark.parametrize("line_end", ["", "\n", "\r\n"])
def test_an_address_works_with_or_without_the_end_of_its_line(tmp_path, addr, line_end):
    (tmp_path / SERVER_ADDR_FILENAME).write_bytes((addr + line_end).encode())
    assert call(tmp_path) is Code.OK


@pytest.mark.covers("B38c")
@pytest.mark.parametrize("text", ["", " {addr}", "{addr}\n{addr}", "not an address", "{addr} x"])
def test_a_file_that_holds_something_else_makes_the_call_fail(tmp_path, addr, text):
    (tmp_path / SERVER_ADDR_FILENAME).write_text(text.format(addr=addr))
    assert call(tmp_path) in {Code.UNKNOWN, Code.UNAVAILABLE}


@pytest.mark.covers("B38d")
def test_an_address_without_a_port_is_called_at_443(tmp_path):
    (tmp_path / SERVER_ADDR_FILENAME).write_text("127.0.0.253")
    request = ResumeTrainingRequest()
    asked = get_stub_from_model_dir(str(tmp_path)).ResumeTraining.future(request)
    assert asked.code() is Code.UNAVAILABLE
    assert "127.0.0.253:443" in asked.details()


@pytest.mark.covers("B38e")
def test_a_stale_address_is_unavailable(tmp_path, addr):
    # Port 1 is reserved, and nothing listens there.
    (tmp_path / SERVER_ADDR_FILENAME).write_text("localhost:1")
    assert call(tmp_path) is Code.UNAVAILABLE


@pytest.mark.covers("B38a")
def test_without_a_file_the_error_names_it(tmp_path):
    with pytest.raises(tf.errors.NotFoundError, match=SERVER_ADDR_FILENAME):
        get_stub_from_model_dir(str(tmp_path))


@pytest.mark.covers("B38g")
def test_a_file_that_is_not_utf_8_is_a_decode_error(tmp_path):
    (tmp_path / SERVER_ADDR_FILENAME).write_bytes(b"\xff:1")
    with pytest.raises(UnicodeDecodeError):
        get_stub_from_model_dir(str(tmp_path))
