"""A kind is named once: by the first key of its model, or by an event's tag."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from parity.spec.faults import FAULTS, NEED_OF_FAULT, Fault, KillFault
from parity.spec.hooks import HOOKS, SHORT_HOOKS, Hook
from parity.spec.kinds import kind_of
from parity.spec.steps import CONCURRENT, STEPS, RaiseStep


def test_a_kind_is_the_first_key_of_its_model():
    assert kind_of(KillFault) == "kill"
    assert kind_of(RaiseStep) == "raise"
    assert CONCURRENT == ("rpc", "worker")
    assert {"raise", "end", *CONCURRENT} < set(STEPS)


def test_only_hooks_without_a_required_option_are_written_by_their_names():
    assert set(HOOKS) - set(SHORT_HOOKS) == {"probe", "call"}
    for hook in SHORT_HOOKS:
        TypeAdapter(Hook).validate_python(hook)


def test_every_need_of_a_fault_is_of_one_that_there_is():
    assert set(NEED_OF_FAULT) < set(FAULTS)


def test_of_a_value_of_no_kind_the_kinds_are_told():
    with pytest.raises(
        ValidationError, match=r"unknown fault; .* rss, health_bytes, .*, model_dir"
    ):
        TypeAdapter(Fault).validate_python({"applause": {}})


@pytest.mark.parametrize(
    ("union", "value", "kinds"),
    [
        (Fault, {"kill": {"worker": 1}, "rss": {"ps": 0, "bytes": 1}}, "rss and kill"),
        (Hook, {"server": {}, "saver": {}}, "saver and server"),
    ],
)
def test_two_kinds_in_one_item_are_told(union, value, kinds):
    with pytest.raises(ValidationError, match=f"{kinds} in one item; expected one"):
        TypeAdapter(union).validate_python(value)
