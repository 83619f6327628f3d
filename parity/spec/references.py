"""Invalid references of a scenario, duplicates, and totals that are too large."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from parity.base.bounds import LONGEST_TIME, MOST_LANES, MOST_STEPS
from parity.base.terminal_text import shortened
from parity.spec.expected_references import (
    BadReference,
    Loc,
    bad_expected,
    bad_response,
    listener_count,
    no_such_call,
    no_such_ps,
    spread,
)
from parity.spec.faults import Allocation, Fault, ListenerErrorFault, Machine
from parity.spec.hooks import Hook, ProbeEntry, SaverEntry, ServerEntry
from parity.spec.scenario import Scenario, unknown
from parity.spec.steps import (
    AddressFileStep,
    AdvanceStep,
    AppendCallbackStep,
    BackgroundStep,
    ConcurrentlyStep,
    ControllerOpStep,
    FaultStep,
    LookStep,
    MachineInfoStep,
    RpcStep,
    Step,
    TimerStep,
    TrainStep,
    WorkerStep,
)
from parity.spec.units import format_duration


def bad_references(scenario: Scenario) -> Iterator[BadReference]:
    """Yield each invalid reference with its place in the document."""
    for i, item in enumerate(scenario.covers):
        if message := unknown(item):
            yield ("covers", i), message
    yield from _bad_machines(scenario)
    for i, fault in enumerate(scenario.faults):
        yield from _bad_fault(fault, ("faults", i), scenario)
    yield from _bad_steps(scenario.steps, ("steps",), scenario)
    yield from _bad_totals(scenario)
    yield from _bad_probes(scenario)
    yield from _missing_hooks(scenario)
    yield from bad_expected(scenario)


def _missing_hooks(scenario: Scenario) -> Iterator[BadReference]:
    kinds = [next(iter(type(hook).model_fields)) for hook in scenario.hooks]
    needs_saver = any(
        isinstance(hook, ServerEntry) and hook.server.saver for hook in scenario.hooks
    )
    for kind, needed in (("server", "saver"), ("query_action", "controller")):
        if kind == "server" and not needs_saver:
            continue
        if kind in kinds and needed not in kinds:
            message = f"a {kind} needs a {needed}; expected one beside it"
            yield ("hooks", kinds.index(kind)), message
    for kind in ("controller", "input"):
        if kinds.count(kind) > 1:
            second = kinds.index(kind, kinds.index(kind) + 1)
            yield ("hooks", second), f"there is another {kind}; expected one at most"
    for i, hook in enumerate(scenario.hooks):
        if _counts_slots(hook) and not scenario.tables:
            yield ("hooks", i), "slot_counts needs tables (B67); expected one of them"
    for i, step in enumerate(scenario.steps):
        done = step.background if isinstance(step, BackgroundStep) else step
        if isinstance(done, ControllerOpStep) and "controller" not in kinds:
            yield ("steps", i), "there is no controller; expected one among the hooks"
        if isinstance(done, TimerStep) and "saver" not in kinds:
            yield ("steps", i), "there is no saver; expected one among the hooks"
        if isinstance(done, AppendCallbackStep) and not scenario.barrier.callbacks:
            message = "there is no callback, and an empty list isn't kept (B21g)"
            yield ("steps", i), f"{message}; expected one in barrier.callbacks"


def _counts_slots(hook: Hook) -> bool:
    return isinstance(hook, SaverEntry) and "slot_counts" in (
        *hook.saver.listeners,
        *hook.saver.guards,
    )


def _bad_machines(scenario: Scenario) -> Iterator[BadReference]:
    seen: set[int] = set()
    for i, machine in enumerate(scenario.machines):
        if machine.ps >= scenario.cluster.ps:
            yield ("machines", i, "ps"), no_such_ps(machine.ps, scenario)
        if machine.ps in seen:
            yield ("machines", i, "ps"), f"PS {machine.ps} is listed twice; expected once"
        seen.add(machine.ps)


def _bad_fault(fault: Fault, loc: Loc, scenario: Scenario) -> Iterator[BadReference]:
    for kind in type(fault).model_fields:
        at = getattr(fault, kind)
        if kind in _OF_PROCESSES and not _has_process(at, scenario):
            yield (*loc, kind), f"there is no process {at}; expected {_processes(scenario)}"
        if isinstance(at, Machine | Allocation) and at.ps >= scenario.cluster.ps:
            yield (*loc, kind, "ps"), no_such_ps(at.ps, scenario)
    if isinstance(fault, ListenerErrorFault):
        index, count = fault.listener_error.listener, listener_count(scenario)
        if index >= count:
            message = no_such_call("listener", index, count)
            yield (*loc, "listener_error", "listener"), message


_OF_PROCESSES: Final = ("kill", "restart", "freeze", "thaw")


def _bad_steps(steps: Iterable[Step], loc: Loc, scenario: Scenario) -> Iterator[BadReference]:
    for i, step in enumerate(steps):
        yield from _bad_step(step, (*loc, i), scenario)


def _bad_step(step: Step, here: Loc, scenario: Scenario) -> Iterator[BadReference]:
    match step:
        case FaultStep():
            yield from _bad_fault(step.fault, (*here, "fault"), scenario)
        case MachineInfoStep() if step.machine_info.ps >= scenario.cluster.ps:
            yield (*here, "machine_info", "ps"), no_such_ps(step.machine_info.ps, scenario)
        case WorkerStep() if step.worker.index >= scenario.cluster.workers:
            last = scenario.cluster.workers - 1
            right = spread(1, last) if last else "more cluster.workers"
            message = f"there is no worker {step.worker.index}; expected {right}"
            yield (*here, "worker", "index"), message
        case RpcStep():
            yield from _bad_call(step, here, scenario)
        case BackgroundStep():
            yield from _bad_step(step.background, (*here, "background"), scenario)
        case ConcurrentlyStep():
            yield from _bad_steps(step.concurrently, (*here, "concurrently"), scenario)
        case AddressFileStep():
            yield from _bad_placeholders(step.address_file.text, (*here, "address_file"))
        case LookStep() if step.expect not in (*_SEEN[step.look], "none"):
            right = " or ".join(("none", *_SEEN[step.look]))
            message = f"{step.look} is never {step.expect}; expected {right}"
            yield (*here, "expect"), message
        case _:
            pass


_SEEN: Final = {"current_session": ("current", "left"), "action_response": ("OK", "error")}
_PLACEHOLDERS: Final = ("{addr}", "{dead}", "{silent}")


def _bad_call(call: RpcStep, loc: Loc, scenario: Scenario) -> Iterator[BadReference]:
    servers = sum(isinstance(hook, ServerEntry) for hook in scenario.hooks)
    if call.server is not None and servers == 0:
        yield (*loc, "server"), "there is no server; expected one among the hooks"
    elif call.server is not None and scenario.session == "singular" and call.server > servers:
        message = f"there is no server {call.server}; expected {spread(1, servers)}"
        yield (*loc, "server"), message
    if call.response is not None:
        yield from bad_response(call.response, (*loc, "response"), scenario)


def _bad_placeholders(text: str | None, loc: Loc) -> Iterator[BadReference]:
    for found in re.findall(r"\{[^{}]*\}", text or ""):
        if found not in _PLACEHOLDERS:
            expected = f"expected one of {', '.join(_PLACEHOLDERS)}"
            message = f"{shortened(found)} is an unknown placeholder; {expected}"
            yield (*loc, "text"), message


def _bad_totals(scenario: Scenario) -> Iterator[BadReference]:
    """Yield the steps at which a total of all steps exceeds the bound of one step."""
    time = training = lanes = 0
    for i, step in enumerate(scenario.steps):
        before = time, training, lanes
        match step:
            case AdvanceStep():
                time += step.advance
            case ConcurrentlyStep():
                training += sum(map(_training, step.concurrently))
                time += sum(map(_under_way, step.concurrently))
            case BackgroundStep():
                lanes += 1
                time += step.after + _under_way(step.background)
                training += _training(step.background)
            case _:
                training += _training(step)
                time += _under_way(step)
        for total, earlier, most, of in (
            (time, before[0], LONGEST_TIME, f"{format_duration(LONGEST_TIME)} of time"),
            (training, before[1], MOST_STEPS, f"{MOST_STEPS} training steps"),
            (lanes, before[2], MOST_LANES, f"{MOST_LANES} steps in the background"),
        ):
            if earlier <= most < total:
                yield ("steps", i), f"too much with the steps before it; expected at most {of}"


def _training(step: Step) -> int:
    match step:
        case TrainStep():
            return step.train
        case WorkerStep():
            return step.worker.train
    return 0


def _under_way(step: Step) -> int:
    """Return the milliseconds for which a worker's steps are under way."""
    return step.worker.train * step.worker.takes if isinstance(step, WorkerStep) else 0


def _bad_probes(scenario: Scenario) -> Iterator[BadReference]:
    seen: set[str] = set()
    for i, hook in enumerate(scenario.hooks):
        if isinstance(hook, ProbeEntry):
            name = hook.probe.name
            if name in seen:
                message = f"there is another probe named {shortened(name)}; expected another name"
                yield ("hooks", i, "probe", "name"), message
            seen.add(name)


def _has_process(name: str, scenario: Scenario) -> bool:
    role, _, index = name.partition("-")
    count = {"ps": scenario.cluster.ps, "worker": scenario.cluster.workers}
    return role == "chief" or int(index) < count[role]


def _processes(scenario: Scenario) -> str:
    names = ["chief"]
    if scenario.cluster.ps:
        names.append(f"ps-{spread(0, scenario.cluster.ps - 1)}")
    if scenario.cluster.workers > 1:
        names.append(f"worker-{spread(1, scenario.cluster.workers - 1)}")
    return " or ".join(names)
