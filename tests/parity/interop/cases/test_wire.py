"""The expected bytes are those that protobuf writes."""

from __future__ import annotations

import pytest

from monolith_hooks import logging_ops_pb2
from monolith_hooks.server import service_pb2
from parity.interop.cases import wire


@pytest.mark.parametrize("value", [1, 127, 128, 300, 2**31, 2**63 - 1, -1, -(2**63)])
def test_numbers(value):
    message = service_pb2.GetTrainingStatusResponse(global_step=value)
    assert wire.number(1, value) == message.SerializeToString()


@pytest.mark.parametrize("values", [[], [0], [0, 1, 300], [-1, 2**31 - 1], list(range(200))])
def test_packed_numbers(values):
    message = service_pb2.GetBlockStatusResponse(unblocked_indices=values)
    assert wire.packed(2, values) == message.SerializeToString()


@pytest.mark.parametrize("value", ["", "größe", "x" * 200])
def test_strings(value):
    message = logging_ops_pb2.MachineHealthResult(message=value)
    assert wire.text(2, value) == message.SerializeToString()
