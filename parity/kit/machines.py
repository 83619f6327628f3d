"""The parameter servers of a play, and the two calls that a health hook makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fakes import faults as ps_faults
from fakes.faults import FaultLedger
from fakes.ps import FakePs
from monolith_hooks.clock import Clock
from parity.kit.errors import named_error
from parity.spec.faults import (
    Fault,
    HealthBytesFault,
    PollErrorFault,
    RecoverFault,
    RssFault,
    SlowPollFault,
)
from parity.spec.scenario import Scenario

_NO_LIMIT: Final = 2**62
"""The limit of machine info that is created without one, where no flag is set."""


def fake_servers(scenario: Scenario, clock: Clock, ledger: FaultLedger) -> list[FakePs]:
    """Return the parameter servers of a scenario; those with a limit of their own have it."""
    servers = []
    for machine in scenario.all_machines():
        server = FakePs(clock, ledger, machine.rss)
        if machine.mem_limit is not None:
            server.create_machine_info(machine.mem_limit)
        servers.append(server)
    return servers


def inject_machine_fault(servers: Sequence[FakePs], fault: Fault, place: str) -> bool:
    """Inject a fault of a machine, and return False if it is another one's."""
    match fault:
        case RssFault(rss=at):
            servers[at.ps].inject(ps_faults.Rss(at.bytes), place)
        case HealthBytesFault(health_bytes=at):
            servers[at.ps].inject(ps_faults.HealthBytes(bytes.fromhex(at.hex)), place)
        case PollErrorFault(poll_error=at):
            servers[at.ps].inject(ps_faults.PollError(), place)
        case SlowPollFault(slow_poll=at):
            servers[at.ps].inject(ps_faults.SlowPoll(at.takes / 1000), place)
        case RecoverFault(recover=at):
            servers[at.ps].inject(ps_faults.Recovered(), place)
        case _:
            return False
    return True


class Machines:
    """The parameter servers as a health hook sees them.

    A hook first creates the machine info of each, and then polls all of them: one after the
    other, so the times that they take add up. Only the lane that has the turn may use it.
    """

    def __init__(self, servers: Sequence[FakePs], default_mem_limit: int | None) -> None:
        # Written out: with a port's own function, a wrong name would be wrong on both ends.
        self._by_name = {f"ps_machine_info_{ps}": server for ps, server in enumerate(servers)}
        self._default = _NO_LIMIT if default_mem_limit is None else default_mem_limit

    def machine_info(self, shared_name: str, mem_limit: int | None = None) -> None:
        """Create the machine info of this name, unless it exists.

        Args:
            shared_name: ``ps_machine_info_0``, and so on.
            mem_limit: The limit in bytes; None is the scenario's default.

        Raises:
            NotFoundError: There is no such name.
        """
        limit = self._default if mem_limit is None else mem_limit
        self._named(shared_name).create_machine_info(limit)

    def check_machine_health(self, shared_names: Sequence[str]) -> list[bytes]:
        """Poll the parameter servers of these names, and return the bytes of each one's answer.

        No bytes mean healthy; others are a serialized MachineHealthResult, unless a fault
        replaces them.

        Raises:
            NotFoundError: There is no such name.
            UnknownError: The check of one fails; those after it aren't polled.
        """
        answers = []
        for name in shared_names:
            server = self._named(name)
            try:
                answers.append(server.check())
            except RuntimeError as error:
                raise named_error("UnknownError", str(error)) from error
        return answers

    def _named(self, shared_name: str) -> FakePs:
        if shared_name not in self._by_name:
            raise named_error("NotFoundError", f"there is no {shared_name}")
        return self._by_name[shared_name]
