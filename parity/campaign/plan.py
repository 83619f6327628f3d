"""The plan of a run: what operators call and what goes wrong, drawn from a seed."""

from __future__ import annotations

import random
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from parity.base.model import Model
from parity.base.terminal_text import shortened

HookSetup = Literal["default", "options"]
"""The original's hooks, or those of docs/production.md: a resilient watch, a held barrier, and
the saver's barrier among the guards."""
Call = Literal["stop", "resume", "look", "save"]
Trouble = Literal["kill", "stop", "memory", "full_disk", "cut", "stall", "slow"]

POLL: Final = 1_000_000
"""Microseconds between two polls of the health watch in a campaign."""
POLL_DEADLINE: Final = 250_000
"""Microseconds after which it gives up a poll."""
UNREACHABLE_AFTER: Final = 3

PS: Final = 2
WORKERS: Final = 3
OPERATORS: Final = ("alice", "bob", "carol")
PROCESSES: Final = (
    "chief",
    *(f"ps-{i}" for i in range(PS)),
    *(f"worker-{i}" for i in range(1, WORKERS)),
)
LINKS: Final = (
    *(f"{process} ps-{i}" for process in PROCESSES if process[0] != "p" for i in range(PS)),
    "operators chief",
)
"""Pairs of processes that talk to each other, each as its two names."""

_SECONDS_MS: Final = 4000
_TARGETS: Final[dict[Trouble, tuple[str, ...]]] = {
    "kill": PROCESSES,
    "stop": PROCESSES,
    "memory": tuple(name for name in PROCESSES if name[0] == "p"),
    "full_disk": ("chief",),
    "cut": LINKS,
    "stall": LINKS,
    "slow": LINKS,
}
_MOST_FAULTS: Final = 3
_MOST_CALLS: Final = 8
_LENGTHS_MS: Final = (200, 600, 1500, 4500)


class PlannedCall(Model):
    """A call of an operator, so many milliseconds after the end of the one before."""

    after: Annotated[int, Field(ge=0)]
    call: Call


class PlannedFault(Model):
    """Something that goes wrong at a time, and is mended after a while; both in milliseconds."""

    at: Annotated[int, Field(ge=0)]
    trouble: Trouble
    target: str
    length: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _check_target(self) -> PlannedFault:
        targets = _TARGETS[self.trouble]
        if self.target not in targets:
            raise ValueError(
                f"target of {self.trouble}: expected one of {', '.join(targets)}, "
                f"got {shortened(self.target)}"
            )
        return self


class Plan(Model):
    """Everything that is done to a job."""

    seed: int
    setup: HookSetup
    calls: Annotated[dict[str, tuple[PlannedCall, ...]], Field(min_length=1)]
    """Each operator's, one after the other."""
    faults: tuple[PlannedFault, ...]
    """By time. Those of one target don't overlap."""


def draw_plan(seed: int, setup: HookSetup) -> Plan:
    """Return the plan of a seed; the setup doesn't change what is drawn."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    return Plan(
        seed=seed,
        setup=setup,
        calls={operator: tuple(_calls(chance)) for operator in OPERATORS},
        faults=tuple(_faults(chance)),
    )


def _calls(chance: random.Random) -> list[PlannedCall]:
    kinds: tuple[Call, ...] = ("stop", "resume", "look", "look", "save")
    return [
        PlannedCall(after=chance.randrange(20, 900), call=chance.choice(kinds))
        for _ in range(chance.randint(3, _MOST_CALLS))
    ]


def _faults(chance: random.Random) -> list[PlannedFault]:
    faults: list[PlannedFault] = []
    for _ in range(chance.randint(1, _MOST_FAULTS)):
        trouble = chance.choice(tuple(_TARGETS))
        target = chance.choice(_TARGETS[trouble])
        fault = PlannedFault(
            at=chance.randrange(100, _SECONDS_MS),
            trouble=trouble,
            target=target,
            length=chance.choice(_LENGTHS_MS),
        )
        if not any(_meet(fault, other) for other in faults):
            faults.append(fault)
    return sorted(faults, key=lambda fault: fault.at)


def _meet(one: PlannedFault, other: PlannedFault) -> bool:
    apart = one.at > other.at + other.length or other.at > one.at + one.length
    return one.target == other.target and not apart
