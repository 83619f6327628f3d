"""Invalid references in ``expect``: to a PS, worker, bit, probe or listener that doesn't exist."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Final, get_args

from parity.base.problems import did_you_mean
from parity.base.terminal_text import shortened
from parity.spec.hooks import (
    Phase,
    ProbeEntry,
    PsHealthEntry,
    QueryActionEntry,
    SaverEntry,
)
from parity.spec.scenario import Scenario
from parity.spec.steps import AppendCallbackStep, BackgroundStep, Response, Step
from parity.spec.trace import LISTED_CHECKPOINTS, LISTED_FILES

Loc = tuple[int | str, ...]
BadReference = tuple[Loc, str]
"""The place of an invalid reference in the document, and the message."""

_WORKER: Final = re.compile(r"worker-([1-9][0-9]{0,3})")
_CALLBACK: Final = re.compile(r"(0|[1-9][0-9]{0,3}):( .*)?", re.DOTALL)
_LISTENER: Final = re.compile(r"(0|[1-9][0-9]{0,3})\.(begin|before_save|after_save|end)")
_CHECKPOINT: Final = re.compile(rf"({'|'.join(map(re.escape, LISTED_CHECKPOINTS))})-[0-9]{{1,19}}")


def bad_expected(scenario: Scenario) -> Iterator[BadReference]:
    """Yield each invalid reference of ``expect``."""
    expect = scenario.expect
    capacity = scenario.cluster.barrier_capacity()
    for i, machines in enumerate(expect.reported or ()):
        for j, ps in enumerate(machines):
            if ps >= scenario.cluster.ps:
                yield ("expect", "reported", i, j), no_such_ps(ps, scenario)
    for i, bits in enumerate(expect.barrier or ()):
        yield from _bad_bits(bits, ("expect", "barrier", i), capacity)
    yield from _bad_bits(expect.blocked or (), ("expect", "blocked"), capacity)
    for lane in expect.workers_raised or ():
        match = _WORKER.fullmatch(lane)
        if match is None or int(match[1]) >= scenario.cluster.workers:
            last = scenario.cluster.workers - 1
            right = f"worker-{spread(1, last)}" if last else "more cluster.workers"
            message = f"there is no worker's lane {shortened(lane)}; expected {right}"
            yield ("expect", "workers_raised", lane), message
    yield from _bad_hooks(scenario)
    for i, name in enumerate(expect.files or ()):
        if name not in LISTED_FILES and not _CHECKPOINT.fullmatch(name):
            message = f"{shortened(name)} is never listed; expected a name of the trace format"
            yield ("expect", "files", i), message


def bad_response(response: Response, loc: Loc, scenario: Scenario) -> Iterator[BadReference]:
    """Yield each invalid reference of a response that a call expects."""
    capacity = scenario.cluster.barrier_capacity()
    yield from _bad_bits(response.blocked_indices or (), (*loc, "blocked_indices"), capacity)
    yield from _bad_bits(response.unblocked_indices or (), (*loc, "unblocked_indices"), capacity)


def no_such_ps(ps: int, scenario: Scenario) -> str:
    """Return the message that there is no such PS, with the existing ones."""
    count = scenario.cluster.ps
    return f"there is no PS {ps}; expected {spread(0, count - 1) if count else 'more cluster.ps'}"


def spread(first: int, last: int) -> str:
    """Return a range such as ``0 to 3``, or ``0`` if it has one number."""
    return f"{first} to {last}" if last > first else str(first)


def _bad_bits(bits: Iterable[int], loc: Loc, capacity: int) -> Iterator[BadReference]:
    for i, bit in enumerate(bits):
        if bit >= capacity:
            message = f"the barrier has no bit {bit}; expected {spread(0, capacity - 1)}"
            yield (*loc, i), message


def _bad_hooks(scenario: Scenario) -> Iterator[BadReference]:
    """Yield invalid references to probes, phases, listeners, callbacks and threads."""
    expect, hooks = scenario.expect, scenario.hooks
    probes = {hook.probe.name for hook in hooks if isinstance(hook, ProbeEntry)}
    for i, name in enumerate(expect.hook_order or ()):
        probe, _, phase = name.rpartition(".")
        if probe not in probes:
            yield ("expect", "hook_order", i), _no_such("probe", probe or name, probes)
        elif phase not in get_args(Phase):
            yield ("expect", "hook_order", i), _no_such("phase", phase, get_args(Phase))
    for i, call in enumerate(expect.listener_calls or ()):
        yield from _bad_call(
            _LISTENER, call, ("expect", "listener_calls", i), "listener", listener_count(scenario)
        )
    callbacks = len(scenario.barrier.callbacks) + sum(map(_appends_callback, scenario.steps))
    for i, call in enumerate(expect.callbacks or ()):
        yield from _bad_call(_CALLBACK, call, ("expect", "callbacks", i), "callback", callbacks)
    starting = {"ps_health": PsHealthEntry, "query_action": QueryActionEntry}
    threads = {
        name for name, kind in starting.items() if any(isinstance(hook, kind) for hook in hooks)
    }
    if any(isinstance(hook, PsHealthEntry) and hook.ps_health.resilient for hook in hooks):
        threads.add("ps_report")
    for name in expect.threads or ():
        if re.sub("#[1-9][0-9]*$", "", name) not in threads:
            yield ("expect", "threads", name), _no_such("thread", name, threads)


def _appends_callback(step: Step) -> bool:
    done = step.background if isinstance(step, BackgroundStep) else step
    return isinstance(done, AppendCallbackStep)


def _bad_call(
    form: re.Pattern[str], call: str, loc: Loc, what: str, count: int
) -> Iterator[BadReference]:
    match = form.fullmatch(call)
    if match is None:
        example = "0.before_save" if what == "listener" else "0: Stop"
        yield loc, f"expected a call such as {example}, got {shortened(call)}"
    elif int(match[1]) >= count:
        yield loc, no_such_call(what, int(match[1]), count)


def listener_count(scenario: Scenario) -> int:
    """Return the number of listeners and guards of the saver that has the most."""
    savers = (hook.saver for hook in scenario.hooks if isinstance(hook, SaverEntry))
    return max((len(saver.listeners) + len(saver.guards) for saver in savers), default=0)


def no_such_call(what: str, index: int, count: int) -> str:
    """Return the message for a listener or callback that doesn't exist."""
    right = spread(0, count - 1) if count else f"more {what}s"
    return f"there is no {what} {index}; expected {right}"


def _no_such(what: str, name: str, known: Collection[str]) -> str:
    shown = sorted(known)[:10]
    right = f"one of {', '.join(map(shortened, shown))}" if shown else f"a scenario with a {what}"
    return f"there is no {what} {shortened(name)}{did_you_mean(name, known)}; expected {right}"
