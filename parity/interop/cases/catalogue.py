"""All cases of interop: groups that are played on one server each, and messages."""

from __future__ import annotations

from collections.abc import Iterator

from parity.interop.cases.access import access_groups
from parity.interop.cases.address import address_groups
from parity.interop.cases.look import looking_groups
from parity.interop.cases.message import message_cases
from parity.interop.cases.service import service_groups
from parity.interop.cases.steps import Group, InteropCase, MessageCase


def all_groups() -> list[Group]:
    """Return all groups, in the order of the matrix."""
    return [*looking_groups(), *service_groups(), *address_groups(), *access_groups()]


def all_cases() -> Iterator[InteropCase | MessageCase]:
    """Yield the cases of all groups, then those of messages."""
    for group in all_groups():
        yield from group.cases
    yield from message_cases()
