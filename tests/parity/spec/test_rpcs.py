"""The names of RPCs, codes and fields are those of the proto and of gRPC."""

from __future__ import annotations

from typing import get_args

import grpc

from monolith_hooks.server import service_pb2
from parity.spec.rpcs import Method, StatusCode
from parity.spec.steps import Response
from parity.spec.trace import RpcResponse

CONTROLLER = service_pb2.DESCRIPTOR.services_by_name["Controller"]


def test_the_methods_are_the_controllers():
    assert set(get_args(Method)) == {method.name for method in CONTROLLER.methods}


def test_the_status_codes_are_grpcs():
    assert set(get_args(StatusCode)) == {code.name for code in grpc.StatusCode}


def test_responses_have_every_field_of_a_response_message():
    fields = {field.name for method in CONTROLLER.methods for field in method.output_type.fields}
    assert set(RpcResponse.model_fields) == fields
    assert set(Response.model_fields) == fields
