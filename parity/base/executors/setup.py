"""The setup of a worker process, opened by its first task."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar
from uuid import uuid4

T = TypeVar("T")
R = TypeVar("R")


class Setup(Protocol[T]):
    """What tasks need open in their process; it is pickled and sent there."""

    def open(self) -> T:
        """Open it.

        Raises:
            PortUnavailableError: It can't be had there.
        """

    def close(self, opened: T) -> list[str]:
        """Close it, and return what went wrong."""

    def sources(self) -> Mapping[str, str]:
        """Return the digest or version of each thing that results depend on, as it is there."""


@dataclass(frozen=True)
class TaskGroup(Generic[T]):
    """The tasks of one command, and their setup.

    Two commands never share what is open: sources may have changed.
    """

    setup: Setup[T]
    token: str = field(default_factory=lambda: uuid4().hex)


_open: list[tuple[TaskGroup[Any], Any]] = []
"""The group whose setup is open in this process, if one is, and what that gave."""


def call(group: TaskGroup[T], function: Callable[..., R], args: Sequence[Any]) -> R:
    """Call ``function(opened, *args)`` with what the group's setup opens, in this process.

    Raises:
        PortUnavailableError: The setup can't be opened here.
    """
    if not _open or _open[0][0].token != group.token:
        close_setup()
        _open.append((group, group.setup.open()))
    return function(_open[0][1], *args)


def close_setup(token: str | None = None) -> list[str]:
    """Close what is open in this process, if it is this group's, and return what went wrong."""
    if not _open or token not in (None, _open[0][0].token):
        return []
    group, opened = _open.pop()
    return group.setup.close(opened)
