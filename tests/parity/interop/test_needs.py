"""What cases need of the host follows from their steps."""

from __future__ import annotations

from collections import Counter

import pytest

from parity.interop.cases.address import address_groups
from parity.interop.cases.look import looking_groups
from parity.interop.cases.service import service_groups
from parity.interop.cases.steps import (
    Address,
    AddressFileIs,
    Ask,
    AskPatiently,
    BarrierIs,
    FilesAre,
    InteropCase,
    Ipv6IsSeen,
    MachineIsSeen,
    Want,
)
from parity.interop.needs import needs_of
from parity.spec.interop import InteropServer

ASK = Ask(method="/x/Y", want=Want())
PATIENTLY = AskPatiently(method="/x/Y", want=Want(), timeout="1n")
BARRIER = BarrierIs(removed=True, none_blocked=True, unblocked=(), refused=())
BY_IPV6 = InteropServer(ip="::1")


def needed(*steps, server=None):
    return needs_of(
        InteropCase(method="x", name="x", covers=(), steps=steps), server or InteropServer()
    )


@pytest.mark.parametrize("step", [ASK, PATIENTLY])
def test_a_call_needs_the_family_of_the_address_that_is_published(step):
    assert needed(step) == {"ipv4"}
    assert needed(step, server=BY_IPV6) == {"ipv6"}


@pytest.mark.parametrize(
    ("step", "needs"),
    [
        (AddressFileIs(content="x"), set()),
        (FilesAre(names=()), set()),
        (Address(content=None), set()),
        (Address(content=b"[::1]:{port}"), set()),
        (Address(content=b"localhost:{port}"), {"localhost"}),
        (Address(content=b"{hangs up}"), {"ipv4"}),
        (BARRIER, {"host_name"}),
        (MachineIsSeen(), {"host_name", "ipv4", "localhost", "proc"}),
        (Ipv6IsSeen(), {"host_name", "ipv6"}),
    ],
)
def test_other_steps_need_what_they_are_about(step, needs):
    assert needed(step) == needs


def test_few_cases_need_more_than_calls_by_ipv4():
    groups = [*looking_groups(), *service_groups(), *address_groups()]
    every = Counter(
        frozenset(needs_of(case, group.server)) - {"ipv4"}
        for group in groups
        for case in group.cases
    )
    assert every.pop(frozenset()) > 200
    assert every.total() < 10
