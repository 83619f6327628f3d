"""Schedules by name: ``s:0.2.1`` takes candidate 0, then 2, then 1 at the choice points.

docs/virtual-time.md defines choice points.
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
"""The candidate taken at each choice point; at later ones, the first."""

_NAME: Final = re.compile(r"s:(0|[1-9][0-9]{0,5})(\.(0|[1-9][0-9]{0,5}))*")
_MOST: Final = 100_000
"""Most choice points; each has fewer than a million lanes."""


class Choice(Model):
    """A choice point of a run: the labels of the lanes that could run, and the one taken."""

    candidates: Annotated[FailFastTuple[str], Field(min_length=2)]
    taken: Annotated[Index, Field(ge=0)]


def schedule_name(schedule: Sequence[int]) -> str:
    """Return the name of a schedule, without trailing zeros, which have no effect."""
    kept = list(schedule)
    while len(kept) > 1 and kept[-1] == 0:
        kept.pop()
    return "s:" + ".".join(map(str, kept or [0]))


def parse_schedule(name: str) -> Schedule:
    """Return the schedule of this name.

    Raises:
        UsageError: It isn't the name of a schedule.
    """
    if name.count(".") >= _MOST or not _NAME.fullmatch(name):
        raise UsageError(
            f"{quoted(name)} names no schedule; expected s: and at most {_MOST} whole numbers "
            "between dots, as in s:0.2.1"
        )
    return tuple(map(int, name.removeprefix("s:").split(".")))
