"""What a case needs of the host that it is played on."""

from __future__ import annotations

from collections.abc import Iterator

from parity.base.host import IPV6_LOOPBACK, HostNeed
from parity.interop.cases.steps import (
    Address,
    Ask,
    AskPatiently,
    Case,
    Ipv6IsSeen,
    LookStep,
    MachineIsSeen,
    Step,
)
from parity.interop.listeners import LISTENERS
from parity.spec.interop import Server


def needs_of(case: Case, server: Server) -> frozenset[HostNeed]:
    """All that its steps need, with this server."""
    return frozenset(need for step in case.steps for need in _needs_of(step, server))


def _needs_of(step: Step, server: Server) -> Iterator[HostNeed]:
    match step:
        case Ask() | AskPatiently():
            yield "ipv6" if server.ip == IPV6_LOOPBACK else "ipv4"
        case Address(content=content) if content is not None:
            if b"localhost" in content:
                yield "localhost"
            if any(word in content for word in LISTENERS):
                yield "ipv4"
    if isinstance(step, LookStep):
        yield "host_name"  # A look always says what this host's address is.
    if isinstance(step, MachineIsSeen):
        yield from ("ipv4", "localhost", "proc")
    if isinstance(step, Ipv6IsSeen):
        yield "ipv6"
