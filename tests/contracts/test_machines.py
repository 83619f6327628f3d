"""Machine info of fake PS and of real devices: the ops that the health hook polls."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from absl import flags

from fakes.faults import FaultLedger
from fakes.machines import FakeMachines
from fakes.ps import FakePs
from monolith_hooks import logging_ops
from monolith_hooks.logging_ops_pb2 import MachineHealthResult
from monolith_hooks.ps_check_hooks import get_ps_machine_info_shared_name

tf1 = tf.compat.v1

PS_COUNT = 2


class Fakes:
    """Two PS of one GiB and of two."""

    def __init__(self, clock: Any, config: Any) -> None:
        self._config = config
        self._sizes = [1 << 30, 2 << 30]
        fakes = [FakePs(clock, FaultLedger(), size) for size in self._sizes]
        self._machines = FakeMachines(fakes)
        self.check = self._machines.check_machine_health

    def memory(self, ps: int) -> int:
        return self._sizes[ps]

    def info(self, ps: int, limit: int | None = None) -> Any:
        return self._machines.machine_info(limit, get_ps_machine_info_shared_name(ps))

    def session(self) -> Any:
        return tf1.Session(config=self._config)


class Devices:
    """Two devices of a server in this process, whose resources outlive sessions."""

    def __init__(self, clock: Any, config: Any) -> None:
        config.device_count["CPU"] = PS_COUNT
        self._server = tf.distribute.Server.create_local_server(config)
        self.check = logging_ops.check_machine_health

    def memory(self, ps: int) -> int:
        status = Path("/proc/self/status").read_bytes()
        return int(re.search(rb"\nVmRSS:\s*(\d+) kB", status)[1]) * 1024

    def info(self, ps: int, limit: int | None = None) -> Any:
        with tf.device(f"/device:CPU:{ps}"):
            return logging_ops.machine_info(limit, get_ps_machine_info_shared_name(ps))

    def session(self) -> Any:
        return tf1.Session(self._server.target)


@pytest.fixture(params=[Fakes, Devices])
def machines(request, clock, config):
    return request.param(clock, config)


@pytest.fixture
def stage(request):
    """Machines tell no time: those of one clock are those of the other."""
    return request.getfixturevalue("system_stage")


def statuses(machines, *limits):
    """One poll of new machine info of the PS in order, in a session of its own."""
    with tf.Graph().as_default():
        checks = [machines.check(machines.info(ps, limit)) for ps, limit in enumerate(limits)]
        with machines.session() as session:
            return session.run(checks)


def parsed(status):
    result = MachineHealthResult.FromString(status)
    assert result.status == MachineHealthResult.OUT_OF_MEMORY
    found = re.fullmatch(r"Memory limit exceeded\. Current: (\d+), Limit: (-?\d+)", result.message)
    return int(found[1]), int(found[2])


def test_memory_far_below_the_limit_is_no_bytes_at_all(machines):
    assert statuses(machines, 8 * machines.memory(0)) == [b""]


def test_memory_above_the_limit_names_both(machines):
    limit = machines.memory(0) // 2
    current, named = parsed(*statuses(machines, limit))
    assert named == limit
    assert machines.memory(0) / 4 < current < machines.memory(0) * 4


@pytest.mark.parametrize("limit", [0, 1, -1, -(2**63)])
def test_no_process_is_healthy_under_these_limits(machines, limit):
    assert parsed(*statuses(machines, limit))[1] == limit


@pytest.mark.parametrize("limit", [2**40, 2**62, 2**63 - 1])
def test_every_process_is_healthy_under_these_limits(machines, limit):
    assert statuses(machines, limit) == [b""]


@pytest.mark.parametrize("off_by", [-4096, -1, 0, 1, 4096])
def test_an_alarm_names_a_memory_that_has_reached_the_limit(machines, off_by):
    # Real memory moves between two looks; what an alarm says of itself is right all the same.
    (status,) = statuses(machines, machines.memory(0) + off_by)
    if status:
        current, limit = parsed(status)
        assert current >= limit


def test_each_ps_has_a_limit_of_its_own(machines):
    healthy, alarm = statuses(machines, 8 * machines.memory(0), 7)
    assert (healthy, parsed(alarm)[1]) == (b"", 7)


def test_the_first_creation_fixes_the_limit_for_all_sessions(machines):
    assert parsed(*statuses(machines, 7))[1] == 7
    assert parsed(*statuses(machines, 2**62))[1] == 7
    assert parsed(*statuses(machines, 8))[1] == 7


def test_the_first_creation_of_one_ps_says_nothing_of_the_other(machines):
    statuses(machines, 7)
    first, second = statuses(machines, 9, 9)
    assert (parsed(first)[1], parsed(second)[1]) == (7, 9)


def test_machine_info_without_a_limit_has_the_flags_value_of_when_it_was_built(machines):
    with tf.Graph().as_default():
        flag = flags.FLAGS["monolith_default_machine_info_mem_limit"]
        before = flag.value
        try:
            flag.value = 7
            checks = [machines.check(machines.info(0))]
        finally:
            flag.value = before
        checks.append(machines.check(machines.info(1)))
        with machines.session() as session:
            alarm, healthy = session.run(checks)
    assert (parsed(alarm)[1], healthy) == (7, b"")


@pytest.mark.covers("B1d")
def test_an_unnamed_machine_info_is_found_by_no_other_graph(clock, config):
    devices = Devices(clock, config)
    for limit in (7, 8):
        with tf.Graph().as_default():
            check = devices.check(logging_ops.machine_info(limit))
            with devices.session() as session:
                assert parsed(session.run(check))[1] == limit


def test_a_check_can_be_repeated_in_one_session(machines):
    with tf.Graph().as_default():
        check = machines.check(machines.info(0, 7))
        with machines.session() as session:
            assert [parsed(session.run(check))[1] for _ in range(3)] == [7, 7, 7]
