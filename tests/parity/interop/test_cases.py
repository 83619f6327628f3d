"""The cases leave nothing of the service and its messages out."""

from __future__ import annotations

from collections import Counter

import pytest

from monolith_hooks import controller_hooks_pb2, logging_ops_pb2
from monolith_hooks.server import service_pb2
from parity.interop.cases.address import address_groups
from parity.interop.cases.look import looking_groups
from parity.interop.cases.message import message_cases
from parity.interop.cases.service import ANY_ORDER, METHODS, service_groups
from parity.interop.cases.steps import Ask
from parity.spec.facts import clause_numbers

GROUPS = [*looking_groups(), *service_groups(), *address_groups()]
CASES = [case for group in GROUPS for case in group.cases]


def test_the_methods_are_those_of_the_service():
    service = service_pb2.DESCRIPTOR.services_by_name["Controller"]
    assert [method.name for method in service.methods] == list(METHODS)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_asked_when_fresh_undecodable_raw_and_gone(method):
    names = [case.name for case in CASES if case.method == method]
    assert "first" in names
    assert "after the end of the session" in names
    assert sum(name.startswith("undecodable: ") for name in names) == 4
    assert sum(name.startswith("raw request: ") for name in names) == 3


def test_every_order_of_three_is_there_once():
    orders = {
        tuple(step.method for step in case.steps[1:] if isinstance(step, Ask))
        for case in CASES
        if case.method == ANY_ORDER
    }
    assert len(orders) == len(METHODS) ** 3


def test_every_message_of_the_three_files_is_written():
    messages = [
        message.full_name
        for file in (service_pb2, logging_ops_pb2, controller_hooks_pb2)
        for message in file.DESCRIPTOR.message_types_by_name.values()
    ]
    written = {case.method for case in message_cases() if case.written}
    assert written == set(messages)


def test_no_two_cases_have_the_same_name():
    names = Counter((case.method, case.name) for case in [*CASES, *message_cases()])
    assert [name for name, count in names.items() if count > 1] == []


def test_covers_names_clauses_that_there_are():
    for case in [*CASES, *message_cases()]:
        assert set(case.covers) <= clause_numbers()
