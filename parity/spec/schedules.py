"""Schedules by name: ``s:0.2.1`` takes candidate 0, then 2, then 1 at the choice points of a play.

What a choice point is: docs/virtual-time.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import Field

from parity.base.model import FailFastTuple, Model
from parity.base.problems import UsageError
from parity.base.terminal_text import quoted
from parity.spec.integers import Index

Schedule = tuple[Index, ...]
"""The candidate taken at each choice point; at those beyond it, the first."""

_NAME: Final = re.compile(r"s:(0|[1-9][0-9]{0,5})(\.(0|[1-9][0-9]{0,5}))*")
_MOST: Final = 100_000
"""Choice points; at each there are fewer lanes than a million."""


class Choice(Model):
    """A choice point of a play: the labels of the lanes that could go on, and which one did."""

    candidates: Annotated[FailFastTuple[str], Field(min_length=2)]
    taken: Annotated[Index, Field(ge=0)]


def schedule_name(schedule: Sequence[int]) -> str:
    """Its name; trailing zeros make no difference and are left out."""
    kept = list(schedule)
    while len(kept) > 1 and kept[-1] == 0:
        kept.pop()
    return "s:" + ".".join(map(str, kept or [0]))


def parse_schedule(name: str) -> Schedule:
    """The schedule of this name.

    Raises:
      UsageError: it is no name of a schedule.
    """
    if name.count(".") >= _MOST or not _NAME.fullmatch(name):
        raise UsageError(
            f"{quoted(name)} names no schedule; s: and at most {_MOST} whole numbers between "
            "dots, as in s:0.2.1, would be right"
        )
    return tuple(map(int, name.removeprefix("s:").split(".")))
