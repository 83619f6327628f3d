"""The parameter servers as a health hook of a port in Python sees them."""

from __future__ import annotations

import pytest

from fakes.faults import FaultLedger, PollError
from fakes.ps import FakePs
from fakes.virtual_clock import VirtualClock
from parity.kit.errors import OpError
from parity.kit.machines import Machines


def servers(*memory):
    clock, ledger = VirtualClock(), FaultLedger()
    return [FakePs(clock, ledger, rss) for rss in memory]


def polled(machines, *names):
    for name in names:
        machines.machine_info(name)
    return machines.check_machine_health(names)


def test_no_bytes_mean_healthy_and_the_limit_is_the_scenarios():
    machines = Machines(servers(9, 10, 11), 10)
    answers = polled(machines, "ps_machine_info_0", "ps_machine_info_1", "ps_machine_info_2")
    assert [bool(answer) for answer in answers] == [False, True, True]


def test_without_a_limit_it_is_that_of_the_flag():
    assert polled(Machines(servers(2**62 - 1), None), "ps_machine_info_0") == [b""]
    assert polled(Machines(servers(2**62), None), "ps_machine_info_0") != [b""]


def test_a_limit_that_is_given_is_the_limit():
    machines = Machines(servers(9), 10)
    machines.machine_info("ps_machine_info_0", 9)
    assert polled(machines, "ps_machine_info_0") != [b""]


def test_a_poll_that_fails_is_an_unknown_error():
    (server,) = servers(1)
    server.inject(PollError(), "faults[0]")
    with pytest.raises(OpError) as raised:
        polled(Machines([server], None), "ps_machine_info_0")
    assert type(raised.value).__name__ == "UnknownError"


def test_a_wrong_name_is_not_found():
    with pytest.raises(OpError, match="there is no ps_machine_info_1") as raised:
        polled(Machines(servers(1), None), "ps_machine_info_1")
    assert type(raised.value).__name__ == "NotFoundError"
