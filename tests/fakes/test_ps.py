"""Fake PS machines, held to what BEHAVIOUR says of real ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.faults import FaultLedger, HealthBytes, PollError, Recovered, Rss, SlowPoll
from fakes.ps import FakePs
from fakes.virtual_clock import VirtualClock
from monolith_hooks.logging_ops_pb2 import MachineHealthResult

INT64 = st.integers(-(2**63), 2**63 - 1)


def machine(rss=1000, limit=None, ledger=None):
    ps = FakePs(VirtualClock(), ledger or FaultLedger(), rss)
    if limit is not None:
        ps.create_machine_info(limit)
    return ps


@given(st.integers(0, 2**50), INT64)
def test_memory_at_the_limit_or_above_is_too_much(rss, limit):
    status = machine(rss, limit).check()
    assert bool(status) == (rss >= limit)
    if status:
        result = MachineHealthResult.FromString(status)
        assert result.status == MachineHealthResult.OUT_OF_MEMORY
        assert result.message == f"Memory limit exceeded. Current: {rss}, Limit: {limit}"


def test_the_first_creation_fixes_the_limit():
    ps = machine(limit=0)
    ps.create_machine_info(2**62)
    assert ps.check()


def test_a_fault_strikes_when_the_check_heeds_it_and_not_before():
    ledger = FaultLedger()
    ledger.declare("faults[0]")
    ps = machine(limit=2000, ledger=ledger)
    ps.inject(Rss(3000), "faults[0]")
    assert ledger.triggered() == {"faults[0]": False}
    assert ps.check()
    assert ledger.triggered() == {"faults[0]": True}


def test_bytes_instead_of_the_truth_hide_the_memory():
    ps = machine(limit=0)
    ps.inject(HealthBytes(b"\xff"), "a")
    assert ps.check() == b"\xff"


def test_a_poll_error_comes_before_anything_that_could_be_read():
    ps = machine(limit=0)
    ps.inject(HealthBytes(b"\xff"), "a")
    ps.inject(PollError(), "b")
    with pytest.raises(RuntimeError, match="as injected"):
        ps.check()


def test_recovery_ends_all_faults_and_gives_the_first_memory_back():
    ps = machine(rss=1000, limit=2000)
    for fault in (Rss(5000), HealthBytes(b"\xff"), PollError(), SlowPoll(5)):
        ps.inject(fault, "a")
    ps.inject(Recovered(), "b")
    assert ps.check() == b""


def test_a_slow_check_takes_virtual_time():
    clock = VirtualClock()
    ps = FakePs(clock, FaultLedger(), 1000)
    ps.create_machine_info(2000)
    ps.inject(SlowPoll(40), "a")
    clock.run(ps.check)
    assert clock.now() == 40
