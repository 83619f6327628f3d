"""Errors by their names, without TensorFlow."""

from __future__ import annotations

from typing import get_args

import pytest

from parity.kit import named_error
from parity.kit.errors import OpError
from parity.spec.faults import ErrorName


@pytest.mark.parametrize("name", get_args(ErrorName))
def test_every_error_of_a_scenario_has_its_name_and_message(name):
    error = named_error(name, "said")
    assert (type(error).__name__, str(error)) == (name, "said")


def test_errors_of_python_are_pythons_own_and_others_are_op_errors():
    assert type(named_error("ValueError", "")) is ValueError
    assert isinstance(named_error("UnavailableError", ""), OpError)
    assert isinstance(named_error("print", ""), OpError)


def test_a_name_has_one_class():
    assert type(named_error("DataLossError", "")) is type(named_error("DataLossError", "x"))
