"""What a scenario says twice, or of a PS, worker or probe that it doesn't have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from parity.faults import Fault, Machine
from parity.hooks import ProbeEntry
from parity.process_faults import Allocation
from parity.scenario import Scenario
from parity.steps import (
    AddressFileStep,
    ConcurrentlyStep,
    ControllerOpStep,
    FaultStep,
    LookStep,
    MachineInfoStep,
    RpcStep,
    Step,
    TimerStep,
    WorkerStep,
)

Loc = tuple[int | str, ...]
Bad = tuple[Loc, str]


def bad_references(scenario: Scenario) -> Iterator[Bad]:
    """Each bad reference with its place in the document."""
    yield from _bad_machines(scenario)
    for i, fault in enumerate(scenario.faults):
        yield from _bad_fault(fault, ("faults", i), scenario)
    yield from _bad_steps(scenario.steps, ("steps",), scenario)
    yield from _bad_probes(scenario)
    yield from _missing_hooks(scenario)


def _missing_hooks(scenario: Scenario) -> Iterator[Bad]:
    kinds = [next(iter(type(hook).model_fields)) for hook in scenario.hooks]
    for kind, needed in (("server", "saver"), ("query_action", "controller")):
        if kind in kinds and needed not in kinds:
            message = f"a {kind} needs a {needed}; one beside it would be right"
            yield ("hooks", kinds.index(kind)), message
    for i, step in enumerate(scenario.steps):
        if isinstance(step, ControllerOpStep) and "controller" not in kinds:
            yield ("steps", i), "there is no controller; one among the hooks would be right"
        if isinstance(step, TimerStep) and "saver" not in kinds:
            yield ("steps", i), "there is no saver; one among the hooks would be right"


def _range_of_ps(scenario: Scenario) -> str:
    count = scenario.cluster.ps
    return f"0 to {count - 1}" if count else "more cluster.ps"


def _bad_machines(scenario: Scenario) -> Iterator[Bad]:
    seen: set[int] = set()
    for i, machine in enumerate(scenario.machines):
        if machine.ps >= scenario.cluster.ps:
            right = _range_of_ps(scenario)
            yield ("machines", i, "ps"), f"there is no PS {machine.ps}; {right} would be right"
        if machine.ps in seen:
            yield ("machines", i, "ps"), f"PS {machine.ps} is listed twice; once would be right"
        seen.add(machine.ps)


def _bad_fault(fault: Fault, loc: Loc, scenario: Scenario) -> Iterator[Bad]:
    for kind in type(fault).model_fields:
        at = getattr(fault, kind)
        if kind in _OF_PROCESSES and at not in _processes(scenario):
            names = ", ".join(_processes(scenario))
            yield (*loc, kind), f"there is no process {at}; one of {names} would be right"
        if isinstance(at, Machine | Allocation) and at.ps >= scenario.cluster.ps:
            message = f"there is no PS {at.ps}; {_range_of_ps(scenario)} would be right"
            yield (*loc, kind, "ps"), message


_OF_PROCESSES: Final = ("kill", "restart", "freeze", "thaw")


def _processes(scenario: Scenario) -> list[str]:
    return [
        "chief",
        *(f"ps-{ps}" for ps in range(scenario.cluster.ps)),
        *(f"worker-{index}" for index in range(1, scenario.cluster.workers)),
    ]


def _bad_steps(
    steps: tuple[Step | RpcStep | WorkerStep, ...], loc: Loc, scenario: Scenario
) -> Iterator[Bad]:
    workers = scenario.cluster.workers
    for i, step in enumerate(steps):
        match step:
            case FaultStep():
                yield from _bad_fault(step.fault, (*loc, i, "fault"), scenario)
            case MachineInfoStep() if step.machine_info.ps >= scenario.cluster.ps:
                right = _range_of_ps(scenario)
                message = f"there is no PS {step.machine_info.ps}; {right} would be right"
                yield (*loc, i, "machine_info", "ps"), message
            case WorkerStep() if step.worker.index >= workers:
                right = f"1 to {workers - 1}" if workers > 1 else "more cluster.workers"
                message = f"there is no worker {step.worker.index}; {right} would be right"
                yield (*loc, i, "worker", "index"), message
            case ConcurrentlyStep():
                yield from _bad_steps(step.concurrently, (*loc, i, "concurrently"), scenario)
            case AddressFileStep():
                yield from _bad_placeholders(step.address_file.text, (*loc, i, "address_file"))
            case LookStep() if step.expect not in (*_SEEN[step.look], "none"):
                right = " or ".join(("none", *_SEEN[step.look]))
                message = f"{step.look} is never {step.expect}; {right} would be right"
                yield (*loc, i, "expect"), message
            case _:
                pass


_SEEN: Final = {"current_session": ("current", "left"), "action_response": ("OK", "error")}
_PLACEHOLDERS: Final = ("{addr}", "{dead}", "{silent}")


def _bad_placeholders(text: str | None, loc: Loc) -> Iterator[Bad]:
    for found in re.findall(r"\{[^{}]*\}", text or ""):
        if found not in _PLACEHOLDERS:
            yield (*loc, "text"), f"{found} stands for nothing; {', '.join(_PLACEHOLDERS)} do"


def _bad_probes(scenario: Scenario) -> Iterator[Bad]:
    seen: set[str] = set()
    for i, hook in enumerate(scenario.hooks):
        if isinstance(hook, ProbeEntry):
            name = hook.probe.name
            if name in seen:
                message = f"there is another probe named {name}; another name would be right"
                yield ("hooks", i, "probe", "name"), message
            seen.add(name)
