"""The faults that a scenario injects, with their times in a trace.

A trace has no event for a fault, as the scenario itself injects it. Its time follows from
the steps before it and from the events of ``main``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from parity.base.model import Model
from parity.spec.hooks import ProbeEntry
from parity.spec.scenario import Scenario
from parity.spec.steps import (
    AdvanceStep,
    BackgroundStep,
    ConcurrentlyStep,
    FaultStep,
    MachineInfoStep,
    RaiseStep,
    RpcStep,
    TrainStep,
)
from parity.spec.trace import (
    CONCURRENT_PREFIX,
    ClientErrorEvent,
    Event,
    RpcEvent,
    StepEvent,
    Trace,
)

_MAIN: Final = "main"
_SETS_OUT_FROM_MAIN: Final = ("main", "controller", CONCURRENT_PREFIX)
_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB")


class Injection(Model):
    """One fault of a scenario.

    ``place`` is its path in the document, ``after`` the number of events of the
    reference's trace before it, ``ms`` its virtual time; ``ps`` is None for a fault
    without a PS.
    """

    place: str
    kind: str
    ps: int | None
    text: str
    ms: int = 0
    after: int = 0


def injections(scenario: Scenario, trace: Trace | None) -> tuple[Injection, ...]:
    """Return every fault in the order of the document; without a trace all are at the start."""
    return (*_from_the_start(scenario), *_along_the_steps(scenario, trace))


def _from_the_start(scenario: Scenario) -> Iterator[Injection]:
    if scenario.default_mem_limit is not None:
        text = f"by default {_size(scenario.default_mem_limit)}"
        yield Injection(place="default_mem_limit", kind="mem_limit", ps=None, text=text)
    for i, machine in enumerate(scenario.machines):
        if machine.mem_limit is not None:
            text = f"{_size(machine.rss)} of {_size(machine.mem_limit)}"
            yield Injection(place=f"machines[{i}]", kind="mem_limit", ps=machine.ps, text=text)
    for i, fault in enumerate(scenario.faults):
        yield _injection(f"faults[{i}]", fault)
    for i, hook in enumerate(scenario.hooks):
        if isinstance(hook, ProbeEntry) and hook.probe.raises is not None:
            raises = hook.probe.raises
            text = f"{raises.error} in {hook.probe.name}.{raises.phase}"
            yield Injection(place=f"hooks[{i}].probe.raises", kind="raises", ps=None, text=text)


def _along_the_steps(scenario: Scenario, trace: Trace | None) -> Iterator[Injection]:
    progress = _Progress(() if trace is None else trace.events)
    for i, step in enumerate(scenario.steps):
        match step:
            case AdvanceStep():
                progress.ms += step.advance
            case TrainStep():
                progress.pass_steps(step.train)
            case RpcStep():
                progress.pass_call(f"steps[{i}]")
            case ConcurrentlyStep():
                progress.pass_lane(f"{CONCURRENT_PREFIX}{i}")
            case RaiseStep():
                found = Injection(
                    place=f"steps[{i}].raise", kind="raises", ps=None, text=step.raise_.error
                )
                yield progress.place(found)
            case MachineInfoStep(machine_info=made) if made.mem_limit is not None:
                text = f"limit {_size(made.mem_limit)}"
                found = Injection(place=f"steps[{i}]", kind="mem_limit", ps=made.ps, text=text)
                yield progress.place(found)
            case FaultStep():
                yield progress.place(_injection(f"steps[{i}].fault", step.fault))
            case BackgroundStep(background=FaultStep() as later):
                found = _injection(f"steps[{i}].background.fault", later.fault)
                yield progress.place(found, step.after)
            case _:
                pass  # It takes no time on main.


class _Progress:
    """Position of the steps in the trace: the events of main so far, and the time."""

    def __init__(self, events: tuple[Event, ...]) -> None:
        self._events = events
        self._passed = 0
        self.ms = 0

    def pass_steps(self, count: int) -> None:
        for i in range(self._passed, len(self._events)):
            event = self._events[i]
            if count and isinstance(event, StepEvent) and event.lane == _MAIN:
                self._pass(i)
                count -= 1

    def pass_call(self, place: str) -> None:
        for i, event in enumerate(self._events):
            if isinstance(event, RpcEvent | ClientErrorEvent) and event.call == place:
                self._pass(i)

    def pass_lane(self, lane: str) -> None:
        for i, event in enumerate(self._events):
            if event.lane == lane:
                self._pass(i)

    def place(self, injection: Injection, later: int = 0) -> Injection:
        """Return the fault with its time, placed after all earlier events."""
        before = [i for i, event in enumerate(self._events) if self._settled(i, event)]
        ms = self.ms + later
        if later:
            before = [i for i, event in enumerate(self._events) if event.ms < ms]
        after = before[-1] + 1 if before else 0
        return injection.model_copy(update={"ms": ms, "after": after})

    def _settled(self, i: int, event: Event) -> bool:
        if event.ms != self.ms or event.lane.startswith(_SETS_OUT_FROM_MAIN):
            return event.ms < self.ms or i < self._passed
        return True

    def _pass(self, i: int) -> None:
        self._passed = max(self._passed, i + 1)
        self.ms = max(self.ms, self._events[i].ms)


def _injection(place: str, fault: Model) -> Injection:
    ((kind, settings),) = fault.model_dump(mode="json", context="yaml").items()
    if isinstance(settings, str):  # The name of a process, or a state.
        return Injection(place=place, kind=kind, ps=None, text=settings)
    ps = settings.pop("ps", None)
    texts = [_text(key, value) for key, value in settings.items() if value is not None]
    return Injection(place=place, kind=kind, ps=ps, text=", ".join(texts))


def _text(key: str, value: object) -> str:
    return _size(value) if key == "bytes" and isinstance(value, int) else f"{key} {value}"


def _size(count: int) -> str:
    """Return a number of bytes in the largest unit that gives a whole number."""
    power = 0
    while count and count % 1024 == 0 and power + 1 < len(_UNITS):
        count //= 1024
        power += 1
    return f"{count} {_UNITS[power]}"
