"""The history of a run: who did what when, and what came of it. Times are microseconds."""

from __future__ import annotations

import threading
import time
from typing import Annotated, Literal

from pydantic import Field

from parity.base.model import Model
from parity.campaign.plan import Call, Plan, PlannedFault

Micros = Annotated[int, Field(ge=0)]
Outcome = Literal["ok", "refused", "failed", "unknown"]
"""``refused``: a stop of what is stopped. ``failed``: it had no effect. ``unknown``: it may have
had one, or may have one yet."""


class MadeCall(Model):
    """A call, from before it was sent until after it was answered."""

    operator: str
    call: Call
    invoked: Micros
    returned: Micros
    outcome: Outcome
    said: str = ""
    """The code and message of an error."""
    blocked: tuple[int, ...] | None = None
    """What a look saw: the set bits of the barrier."""
    step_before: int | None = None
    """The global step just before a save."""
    saved: int | None = None
    """The step of the newest checkpoint just after a save."""


class MadeFault(Model):
    """A fault, from before it began until after it was mended.

    It was certainly in effect from ``effective`` to ``mending``.
    """

    fault: PlannedFault
    began: Micros
    effective: Micros
    mending: Micros
    ended: Micros


class TakenStep(Model):
    """A training step of a worker; the chief is 0."""

    worker: int
    step: int
    at: Micros


class Happened(Model):
    """Something else that a process told."""

    what: Literal["session", "report", "save", "save_failed", "raised", "restarted"]
    at: Micros
    of: str
    """The process, and for a report the PS in it."""
    ps: tuple[int, ...] = ()
    step: int | None = None


class Aftermath(Model):
    """What was seen once all was mended and every operator was through."""

    mended: Micros
    resumed: Micros
    ended: Micros
    stuck: tuple[str, ...]
    """The processes that took no step within the bound."""
    watched: bool
    """Whether a PS that then ran out of memory was reported within the bound."""
    saved: int | None
    """The step that the newest checkpoint really holds."""
    left_behind: tuple[str, ...]


class History(Model):
    """All of one run, by time."""

    plan: Plan
    calls: tuple[MadeCall, ...]
    faults: tuple[MadeFault, ...]
    steps: tuple[TakenStep, ...]
    happened: tuple[Happened, ...]
    aftermath: Aftermath


class HistoryRecorder:
    """What has happened so far; any thread may add to it.

    Args:
        began_ns: The start by ``time.monotonic_ns``, which all processes of a machine share.
    """

    def __init__(self, began_ns: int) -> None:
        self._began_ns = began_ns
        self._lock = threading.Lock()
        self.calls: list[MadeCall] = []
        self.faults: list[MadeFault] = []
        self.steps: list[TakenStep] = []
        self.happened: list[Happened] = []

    def now(self) -> int:
        """Return the microseconds since the start."""
        return self.micros(time.monotonic_ns())

    def micros(self, at_ns: int) -> int:
        """Return the microseconds since the start of a time by ``time.monotonic_ns``."""
        return max(0, (at_ns - self._began_ns) // 1000)

    def add(self, entry: MadeCall | MadeFault | TakenStep | Happened) -> None:
        """Add an entry."""
        with self._lock:
            match entry:
                case MadeCall():
                    self.calls.append(entry)
                case MadeFault():
                    self.faults.append(entry)
                case TakenStep():
                    self.steps.append(entry)
                case Happened():
                    self.happened.append(entry)

    def history(self, plan: Plan, aftermath: Aftermath) -> History:
        """Return all of it."""
        with self._lock:
            return History(
                plan=plan,
                calls=tuple(sorted(self.calls, key=lambda call: call.invoked)),
                faults=tuple(sorted(self.faults, key=lambda fault: fault.began)),
                steps=tuple(sorted(self.steps, key=lambda step: step.at)),
                happened=tuple(sorted(self.happened, key=lambda each: each.at)),
                aftermath=aftermath,
            )
