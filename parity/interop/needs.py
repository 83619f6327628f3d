"""The needs of a case that its host must meet."""

from __future__ import annotations

from collections.abc import Iterator

from parity.base.host import IPV6_LOOPBACK, HostNeed
from parity.interop.cases.steps import (
    Address,
    Ask,
    AskPatiently,
    Group,
    InteropCase,
    InteropLookStep,
    InteropStep,
    Ipv6IsSeen,
    MachineIsSeen,
)
from parity.interop.listeners import LISTENERS
from parity.spec.interop import InteropServer


def needs_of(case: InteropCase, server: InteropServer) -> frozenset[HostNeed]:
    """Return the needs of all steps of a case with this server."""
    return frozenset(need for step in case.steps for need in _needs_of(step, server))


def needs_access(group: Group) -> bool:
    """Return whether only peers with the capability ``access`` can play the group."""
    asked = (step.access for case in group.cases for step in case.steps if isinstance(step, Ask))
    return group.server.access is not None or any(access is not None for access in asked)


def _needs_of(step: InteropStep, server: InteropServer) -> Iterator[HostNeed]:
    match step:
        case Ask() | AskPatiently() if server.access is None or ":" in server.access.address:
            yield "ipv6" if server.ip == IPV6_LOOPBACK else "ipv4"
        case Address(content=content) if content is not None:
            if b"localhost" in content:
                yield "localhost"
            if any(word in content for word in LISTENERS):
                yield "ipv4"
    if isinstance(step, InteropLookStep):
        yield "host_name"  # The answer to a look always has this host's address.
    if isinstance(step, MachineIsSeen):
        yield from ("ipv4", "localhost", "proc")
    if isinstance(step, Ipv6IsSeen):
        yield "ipv6"
