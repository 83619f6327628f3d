"""A scenario: a cluster, its faults, its steps, and the expected results.

The docstrings of this module and of faults, hooks and steps are also the reference:
docs/scenario-reference.md and ``monolith-parity explain`` are generated from them.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, StringConstraints, WithJsonSchema, model_validator

from parity.base.bounds import (
    LONGEST_NAME,
    MOST_EXPECTED,
    MOST_HOOKS,
    MOST_LISTED,
    MOST_PS,
    MOST_WORKERS,
    Integer,
    Name,
    PsIndex,
    Slot,
    Text,
    Total,
    WorkerIndex,
)
from parity.base.model import Model, canonical_json
from parity.base.problems import did_you_mean
from parity.base.terminal_text import shortened
from parity.spec.facts import clause_numbers, expected_clause, fact_range
from parity.spec.faults import Fault, Need
from parity.spec.hooks import DEFAULT_HOOKS, Hook
from parity.spec.steps import AppendCallbackStep, BackgroundStep, CallbackKind, FaultStep, Step
from parity.spec.units import Duration, MemLimit, Size

MODULES: Final = (
    "barrier_ops",
    "ckpt_hooks",
    "ckpt_info",
    "client_lib",
    "constants",
    "controller_hooks",
    "device_utils",
    "hook_utils",
    "hook_utils_test",
    "logging_ops",
    "net_utils",
    "ps_check_hooks",
    "ps_check_hooks_test",
    "save_utils",
    "server_lib",
    "session_hooks",
)
"""The modules of the behaviour and of the seed: the parity of each is an item."""
SEED_TESTS: Final = (
    "hook_utils_test.testBeforeAfterSaverListener",
    "ps_check_hooks_test.test_basic",
    "ps_check_hooks_test.test_oom",
    "ps_check_hooks_test.test_raise_in_after_create_session",
    "ps_check_hooks_test.test_raise_in_before_run",
    "ps_check_hooks_test.test_default_report",
)
"""The tests that the seed names."""
_SEED_ITEMS: Final = frozenset({*(f"{module}.parity" for module in MODULES), *SEED_TESTS})


@functools.cache
def coverable() -> frozenset[str]:
    """Return all that a scenario can cover: clauses of docs/behaviour.md and items of the seed."""
    return _SEED_ITEMS | clause_numbers()


def unknown(item: str) -> str | None:
    """Return the message for an item that doesn't exist, or None for one that does."""
    if item in coverable():
        return None
    if expected := expected_clause(item):
        return f"{expected}, got {shortened(item)}"
    hint = "" if item[:1] == "B" and item[1:].isdigit() else did_you_mean(item, coverable())
    return (
        f"expected a clause of {fact_range()}, or an item of the seed such as server_lib.parity, "
        f"got {shortened(item)}{hint}"
    )


_ITEMS: Final = "|".join(item.replace(".", "[.]") for item in sorted(_SEED_ITEMS))

Covered = Annotated[
    str, WithJsonSchema({"type": "string", "pattern": f"^(B[1-9][0-9]?[a-z]?|{_ITEMS})$"})
]
"""A covered item; that it exists is checked with the other references of a scenario."""


DEFAULT_RSS = 2**30

SessionKind = Literal["monitored", "singular"]


class Cluster(Model):
    """The number of PS, of workers including the chief, and of bits of the barrier."""

    ps: Annotated[int, Field(ge=0, le=MOST_PS)] = 1
    """The number of PS."""
    workers: Annotated[int, Field(ge=1, le=MOST_WORKERS)] = 1
    """The number of workers; the chief is worker 0."""
    capacity: Annotated[
        Annotated[int, Field(ge=1, le=MOST_WORKERS)] | None,
        WithJsonSchema(
            {"type": "integer", "minimum": 1, "maximum": MOST_WORKERS}, mode="serialization"
        ),
    ] = None
    """The barrier's bits; ``null``: one for each worker. Canonical JSON has the number."""

    def barrier_capacity(self) -> int:
        """Return the number of the barrier's bits: by default one for each worker."""
        return self.workers if self.capacity is None else self.capacity


class Barrier(Model):
    """The barrier's callbacks, and the interval of a blocked worker's checks."""

    callbacks: Annotated[tuple[CallbackKind, ...], Field(max_length=MOST_HOOKS)] = ()
    """The callbacks, each of which records an event. ``slow`` then takes 1 s, while the barrier's
    lock is held; ``raise`` then raises RuntimeError ``callback failed``."""
    wait: Annotated[Duration, Field(ge=1)] = 1000
    """The time between two checks of a blocked worker."""
    held: bool = False
    """``true`` if the hooks hold it independently, which the original's don't
    (docs/production.md): a health hook as ``ps_health``, a server as ``operator``, a ``barrier``
    listener as ``save``, a controller as ``stop``."""


class Table(Model):
    """One hash table of the chief's graph, whose entries belong to slots (B67-B70)."""

    slots: Annotated[tuple[Slot, ...], Field(max_length=MOST_LISTED)] = ()
    """The slot of each entry."""
    device: Annotated[int, Field(ge=0, le=1)] = 0
    """Which of two devices it is on."""
    multi: bool = False
    """``true`` for a multi hash table."""


class PsMachine(Model):
    """One PS at the start: its resident memory, and its limit if the job sets one."""

    ps: PsIndex
    """The PS, counted from 0."""
    rss: Size = DEFAULT_RSS
    """Its resident memory; by default 1 GiB."""
    mem_limit: MemLimit | None = None
    """The limit with which the job creates this PS's machine info before any hook begins.
    ``null``: the job doesn't, and the first creation sets the limit: a ``machine_info`` step, or
    the health hook's first poll with the flag's value."""


Fate = Annotated[
    str, StringConstraints(pattern=r"^(returned|left|died: \w+)$", max_length=LONGEST_NAME)
]
Texts = Annotated[tuple[Text, ...], Field(max_length=MOST_EXPECTED)]
Names = Annotated[tuple[Name, ...], Field(max_length=MOST_EXPECTED)]
Machines = Annotated[tuple[PsIndex, ...], Field(max_length=MOST_PS)]
Bits = Annotated[tuple[WorkerIndex, ...], Field(max_length=MOST_WORKERS)]


Elements = Annotated[tuple[Total, ...], Field(max_length=MOST_EXPECTED)]


class Expect(Model):
    """The expected results of each player: at least one key; only the given keys are checked.

    They are written by hand from the specification, so that two sides that are wrong in
    the same way don't pass.
    """

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    reports: Total | None = None
    """The number of calls of report_fn; for ``report: default``, the number of its log records."""
    reported: Annotated[tuple[Machines, ...], Field(max_length=MOST_EXPECTED)] | None = None
    """The PS in each report: ``[[1], [0, 2]]``."""
    barrier: Annotated[tuple[Bits, ...], Field(max_length=MOST_EXPECTED)] | None = None
    """The indices that are set after each change: ``[[0], [0, 1], [1], []]``."""
    blocked: Bits | None = None
    """The indices that are set when the session is left."""
    callbacks: Texts | None = None
    """Each call of a barrier callback: ``["0: Stop", "1: Stop"]``, ``["0:"]`` for an
    empty action."""
    raised: Name | None = None
    """The error that left the session, or ``null``."""
    workers_raised: Annotated[dict[Name, Name], Field(max_length=MOST_WORKERS)] | None = None
    """The error of a worker's step, by lane: ``{worker-2: ValueError}``."""
    threads: Annotated[dict[Name, Fate], Field(max_length=MOST_EXPECTED)] | None = None
    """The fate of each thread that hooks started: ``{ps_health: returned}``,
    ``died: DecodeError`` or ``left``."""
    saves: Annotated[tuple[Total, ...], Field(max_length=MOST_EXPECTED)] | None = None
    """The global steps of the checkpoints written, in order, repeats included."""
    global_step: Integer | None = None
    """The highest global step of a training step."""
    elements: Annotated[dict[Name, Elements], Field(max_length=MOST_WORKERS)] | None = None
    """The elements of the input that steps took, by lane: ``{main: [0, 1, 1, 2]}``."""
    hook_order: Texts | None = None
    """The phases of all probes: ``[A.begin, B.begin, A.after_create_session]``."""
    listener_calls: Names | None = None
    """The calls of all listeners by index: ``[0.begin, 0.before_save]``."""
    logs: Texts | None = None
    """The messages logged."""
    addresses: Texts | None = None
    """The addresses that servers published, without the port: ``["127.0.0.1:<port>"]``."""
    slot_counts: Annotated[tuple[Texts, ...], Field(max_length=MOST_EXPECTED)] | None = None
    """What each file of slot counts says, in the order of their writing: ``[["5: 2", "7: 1"]]``."""
    files: Names | None = None
    """The files left in the model directory, by the names of the trace format."""

    @model_validator(mode="before")
    @classmethod
    def _expect_something(cls, value: Any) -> Any:
        if value == {}:
            raise ValueError("found no key; expected at least one, such as `reports: 0`")
        return value


class Scenario(Model):
    """One scenario, with every default filled in."""

    about: Annotated[Text, Field(min_length=1)]
    """One sentence that says what the scenario shows."""
    covers: Annotated[tuple[Covered, ...], Field(max_length=MOST_LISTED)] = ()
    """The items that this scenario is evidence for: clauses of the behaviour, ``B12a``, and items
    of the seed, ``module_test.test_name`` or ``module.parity``. A fact of one clause has no letter:
    ``B5``."""
    needs: Annotated[tuple[Need, ...], Field(exclude=True, max_length=MOST_HOOKS)] = ()
    """Capabilities that a player must have in addition to those that the faults need; a player
    without them skips the scenario. Not in canonical JSON."""
    cluster: Cluster = Cluster()
    """The number of PS and workers."""
    session: SessionKind = "monitored"
    """``monitored`` is recreated after AbortedError or UnavailableError; ``singular`` raises
    them."""
    global_step: Total | None = 0
    """The global step of a new session that finds no checkpoint; ``null``: the graph has none, and
    each step trains without one (B29)."""
    default_mem_limit: MemLimit | None = None
    """The value of the flag ``monolith_default_machine_info_mem_limit`` in the job's
    process; ``null``: the flag isn't set, and the limit is 2^62 bytes."""
    machines: Annotated[tuple[PsMachine, ...], Field(max_length=MOST_PS)] = ()
    """Memory and limit of the PS that differ from the default; canonical JSON lists every PS."""
    barrier: Barrier = Barrier()
    """The barrier's callbacks, and the interval of a blocked worker's checks."""
    hooks: Annotated[tuple[Hook, ...], Field(max_length=MOST_HOOKS)] = DEFAULT_HOOKS
    """The chief's hooks in order. After these the player always adds a BarrierHook of
    index 0, which never blocks, and an observer that records ``session`` events."""
    tables: Annotated[tuple[Table, ...], Field(max_length=MOST_HOOKS)] = ()
    """The hash tables of the chief's graph, which a ``slot_counts`` listener counts."""
    faults: Annotated[tuple[Fault, ...], Field(max_length=MOST_LISTED)] = ()
    """Faults that are injected before the session is created; each must be triggered."""
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=MOST_LISTED)]
    """The steps, in order."""
    expect: Expect
    """The expected results of each player."""

    def all_machines(self) -> tuple[PsMachine, ...]:
        """Return every PS in order, including those with defaults only."""
        given = {machine.ps: machine for machine in self.machines}
        return tuple(given.get(ps, PsMachine(ps=ps)) for ps in range(self.cluster.ps))

    def fault_steps(self) -> Iterator[tuple[str, FaultStep]]:
        """Yield each step that injects a fault, in the background too, with its place."""
        for i, step in enumerate(self.steps):
            match step:
                case FaultStep():
                    yield f"steps[{i}]", step
                case BackgroundStep(background=FaultStep() as later):
                    yield f"steps[{i}].background", later
                case _:
                    pass

    def callback_index(self, step: int) -> int:
        """Return the index of the callback that this step, by its own index, appends."""
        appended = sum(isinstance(each, AppendCallbackStep) for each in self.steps[:step])
        return len(self.barrier.callbacks) + appended

    def canonical(self) -> dict[str, Any]:
        """Return the canonical form, which drivers get (docs/scenario-format.md)."""
        document = self.model_dump(mode="json", by_alias=True)
        document["expect"] = self.expect.model_dump(mode="json", exclude_unset=True)
        document["cluster"]["capacity"] = self.cluster.barrier_capacity()
        document["machines"] = [machine.model_dump() for machine in self.all_machines()]
        return document

    def digest(self) -> str:
        """Return ``sha256:...`` of everything that can affect the run, without the expectations."""
        return self._digest

    @functools.cached_property
    def _digest(self) -> str:
        played = self.canonical()
        for unplayed in ("about", "covers", "expect"):
            del played[unplayed]
        return "sha256:" + hashlib.sha256(canonical_json(played).encode()).hexdigest()
