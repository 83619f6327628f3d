"""What a scenario says twice, or of a PS, worker or probe that it doesn't have."""

from __future__ import annotations

from collections.abc import Iterator

from parity.faults import Fault, Machine
from parity.hooks import ProbeEntry
from parity.scenario import Scenario
from parity.steps import ConcurrentlyStep, FaultStep, RpcStep, Step, WorkerStep

Loc = tuple[int | str, ...]
Bad = tuple[Loc, str]


def bad_references(scenario: Scenario) -> Iterator[Bad]:
    """Each bad reference with its place in the document."""
    yield from _bad_machines(scenario)
    for i, fault in enumerate(scenario.faults):
        yield from _bad_fault(fault, ("faults", i), scenario)
    yield from _bad_steps(scenario.steps, ("steps",), scenario)
    yield from _bad_probes(scenario)
    kinds = [next(iter(type(hook).model_fields)) for hook in scenario.hooks]
    if "server" in kinds and "saver" not in kinds:
        yield (
            ("hooks", kinds.index("server")),
            "a server needs a saver; one beside it would be right",
        )


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
        if isinstance(at, Machine) and at.ps >= scenario.cluster.ps:
            message = f"there is no PS {at.ps}; {_range_of_ps(scenario)} would be right"
            yield (*loc, kind, "ps"), message


def _bad_steps(
    steps: tuple[Step | RpcStep | WorkerStep, ...], loc: Loc, scenario: Scenario
) -> Iterator[Bad]:
    workers = scenario.cluster.workers
    for i, step in enumerate(steps):
        match step:
            case FaultStep():
                yield from _bad_fault(step.fault, (*loc, i, "fault"), scenario)
            case WorkerStep() if step.worker.index >= workers:
                right = f"1 to {workers - 1}" if workers > 1 else "more cluster.workers"
                message = f"there is no worker {step.worker.index}; {right} would be right"
                yield (*loc, i, "worker", "index"), message
            case ConcurrentlyStep():
                yield from _bad_steps(step.concurrently, (*loc, i, "concurrently"), scenario)
            case _:
                pass


def _bad_probes(scenario: Scenario) -> Iterator[Bad]:
    seen: set[str] = set()
    for i, hook in enumerate(scenario.hooks):
        if isinstance(hook, ProbeEntry):
            name = hook.probe.name
            if name in seen:
                message = f"there is another probe named {name}; another name would be right"
                yield ("hooks", i, "probe", "name"), message
            seen.add(name)
