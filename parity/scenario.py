"""A scenario: a cluster, its faults, what happens to it, and what must be seen.

The format is described in docs/scenario-format.md.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from parity.faults import Fault, Index
from parity.hooks import DEFAULT_HOOKS, Hook
from parity.model import Model, canonical_json
from parity.process_faults import Need
from parity.steps import Step
from parity.units import Duration, MemLimit, Size

DEFAULT_RSS = 2**30


class Cluster(Model):
    """How many PS there are, how many workers with the chief, and how many the barrier knows."""

    ps: Index = 1
    workers: Annotated[int, Field(ge=1)] = 1
    capacity: Annotated[int, Field(ge=1)] | None = None

    def barrier_capacity(self) -> int:
        """The barrier's bits: one a worker, unless the scenario says otherwise."""
        return self.workers if self.capacity is None else self.capacity


class Barrier(Model):
    """Who is called when the barrier is placed, and how often a blocked worker looks.

    Each callback shows itself; ``raise`` then raises RuntimeError ``callback failed``.
    """

    callbacks: tuple[Literal["record", "raise"], ...] = ()
    wait: Annotated[Duration, Field(ge=1)] = 1000


class PsMachine(Model):
    """One PS at the start: its resident memory, and its limit if the job sets one; bytes."""

    ps: Index
    rss: Annotated[Size, Field(ge=0)] = DEFAULT_RSS
    mem_limit: MemLimit | None = None


Fate = Annotated[str, StringConstraints(pattern=r"^(returned|left|died: \w+)$")]


class Expect(Model):
    """What each player must show; only the keys that are set are looked at."""

    reports: Index | None = None
    reported: tuple[tuple[Index, ...], ...] | None = None
    barrier: tuple[tuple[Index, ...], ...] | None = None
    blocked: tuple[Index, ...] | None = None
    callbacks: tuple[str, ...] | None = None
    raised: str | None = None
    workers_raised: dict[str, str] | None = None
    threads: dict[str, Fate] | None = None
    saves: tuple[Index, ...] | None = None
    global_step: int | None = None
    hook_order: tuple[str, ...] | None = None
    listener_calls: tuple[str, ...] | None = None
    logs: tuple[str, ...] | None = None
    addresses: tuple[str, ...] | None = None
    files: tuple[str, ...] | None = None

    @model_validator(mode="before")
    @classmethod
    def _expect_something(cls, value: Any) -> Any:
        if value == {}:
            raise ValueError("nothing is expected; at least `reports: 0` would be right")
        return value


class Scenario(Model):
    """One scenario, every default filled in."""

    about: Annotated[str, Field(min_length=1)]
    covers: tuple[str, ...] = ()
    needs: Annotated[tuple[Need, ...], Field(exclude=True)] = ()
    cluster: Cluster = Cluster()
    session: Literal["monitored", "singular"] = "monitored"
    default_mem_limit: MemLimit | None = None
    machines: tuple[PsMachine, ...] = ()
    barrier: Barrier = Barrier()
    hooks: tuple[Hook, ...] = DEFAULT_HOOKS
    faults: tuple[Fault, ...] = ()
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]
    expect: Expect

    def all_machines(self) -> tuple[PsMachine, ...]:
        """Every PS in order, those that aren't mentioned as well."""
        given = {machine.ps: machine for machine in self.machines}
        return tuple(given.get(ps, PsMachine(ps=ps)) for ps in range(self.cluster.ps))

    def canonical(self) -> dict[str, Any]:
        """The form in which drivers get it (docs/scenario-format.md)."""
        document = self.model_dump(mode="json", by_alias=True)
        document["expect"] = self.expect.model_dump(mode="json", exclude_unset=True)
        document["cluster"]["capacity"] = self.cluster.barrier_capacity()
        document["machines"] = [machine.model_dump() for machine in self.all_machines()]
        return document

    def digest(self) -> str:
        """``sha256:...`` of all that can change how it plays; not of what is said or expected."""
        played = self.canonical()
        for said in ("about", "covers", "expect"):
            del played[said]
        return "sha256:" + hashlib.sha256(canonical_json(played).encode()).hexdigest()
