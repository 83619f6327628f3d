"""Checks of a trace against the expectations of the scenario's author."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any, Final

from parity.base.model import Model, canonical_json
from parity.base.strict_yaml import YamlError, parse_yaml
from parity.players.outcome import Late
from parity.spec.hooks import Call, CallEntry, ProbeEntry
from parity.spec.ordering import Ordering
from parity.spec.scenario import Expect, Scenario
from parity.spec.steps import BackgroundStep, ConcurrentlyStep, LookStep, RpcStep
from parity.spec.summary import CHANNEL_OF_KEY, summarize
from parity.spec.trace import (
    ActionResponseEvent,
    ClientErrorEvent,
    CurrentSessionEvent,
    RpcEvent,
    Trace,
)
from parity.spec.units import format_duration
from parity.spec.untimed import bits, without_memory
from parity.verdict.compare import COMPARED_CHANNELS, ComparedChannel

_PART: Final = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
"""A part of a path: an index, or a key."""


class Unmet(Model):
    """An expectation that a side didn't meet: its place, and both values as JSON."""

    path: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.path}: expected {self.expected}, got {self.got}"


def line_of(text: str, path: str) -> int | None:
    """Return the line of a path such as ``steps[2].expect``, or of what of it is written.

    Lines count from 1. It is None if the text isn't there, or none of the path is written.
    """
    parts = tuple(int(index) if index else word for index, word in _PART.findall(path))
    try:
        document = parse_yaml(text)
    except YamlError:
        return None
    if document is None or not isinstance(document.inner, dict) or parts[0] not in document.inner:
        return None
    return document.place(parts)[0]


def unmet(
    scenario: Scenario,
    trace: Trace,
    ordering: Ordering = "total",
    channels: Collection[ComparedChannel] = COMPARED_CHANNELS,
) -> tuple[Unmet, ...]:
    """Return the expectations that this trace doesn't meet, as far as its ordering shows.

    If the trace has only some of the channels, only the expectations of these are checked.
    """
    broken = [*unmet_summary(scenario.expect, summarize(scenario, trace), ordering, channels)]
    if "rpc" in channels:
        broken += _unmet_calls(scenario, trace)
    if {"session", "files"} <= set(channels):
        broken += _unmet_looks(scenario, trace)
    if set(COMPARED_CHANNELS) <= set(channels):
        broken += _unmet_triggers(scenario, trace)
    return tuple(broken)


def unmet_bounds(late: tuple[Late, ...]) -> tuple[Unmet, ...]:
    """Return the steps that took longer than their bounds."""
    return tuple(
        _unmet(f"{each.place}.within", format_duration(each.within), format_duration(each.took))
        for each in late
    )


def unmet_summary(
    expect: Expect,
    got: Expect,
    ordering: Ordering = "total",
    channels: Collection[ComparedChannel] = COMPARED_CHANNELS,
) -> tuple[Unmet, ...]:
    """Return the keys of these channels that are set in both and differ."""
    expected_values, got_values = _values(expect), _values(got)
    if ordering == "untimed":
        _leave_out_times(expected_values, got_values)
    return tuple(
        _unmet(f"expect.{key}", expected_values[key], got_values[key])
        for key in expected_values
        if CHANNEL_OF_KEY[key] in channels
        and key in got_values
        and expected_values[key] != got_values[key]
    )


def _leave_out_times(*sides: dict[str, Any]) -> None:
    for values in sides:
        if values.get("barrier") is not None:
            values["barrier"] = {str(bit): each for bit, each in bits(values["barrier"]).items()}
        if values.get("logs") is not None:
            values["logs"] = [without_memory(message) for message in values["logs"]]


def _values(expect: Expect) -> dict[str, Any]:
    return expect.model_dump(mode="json", exclude_unset=True)


def _unmet(path: str, expected: object, got: object) -> Unmet:
    return Unmet(path=path, expected=canonical_json(expected), got=canonical_json(got))


def _unmet_calls(scenario: Scenario, trace: Trace) -> Iterator[Unmet]:
    """Yield the scenario's calls that weren't answered as expected."""
    answers: dict[str, list[RpcEvent | ClientErrorEvent]] = {}
    for event in trace.events:
        if isinstance(event, RpcEvent | ClientErrorEvent):
            answers.setdefault(event.call, []).append(event)
    for i, hook in enumerate(scenario.hooks):
        if isinstance(hook, CallEntry):
            yield from _unmet_hook_call(hook.call, answers, f"hooks[{i}].call")
    for i, step in enumerate(scenario.steps):
        match step:
            case RpcStep():
                yield from _unmet_rpc(step, answers, f"steps[{i}]")
            case BackgroundStep(background=RpcStep() as call):
                yield from _unmet_rpc(call, answers, f"steps[{i}].background")
            case ConcurrentlyStep():
                got = answers.get(f"steps[{i}].concurrently", [])
                yield from _unmet_branches(step, got, f"steps[{i}].concurrently")
            case _:
                pass
    yield from _surplus(scenario, answers)


def _unmet_branches(
    step: ConcurrentlyStep, answers: list[RpcEvent | ClientErrorEvent], path: str
) -> Iterator[Unmet]:
    """Compare the answers as a multiset; the most specific branches are matched first."""
    calls = [branch for branch in step.concurrently if isinstance(branch, RpcStep)]
    expected = Counter((call.rpc, call.error or call.expect) for call in calls)
    got = Counter((event.method, _outcome(event)) for event in answers)
    if expected != got:
        yield _unmet(path, _listed(expected), _listed(got))
        return
    left = list(answers)
    for call in sorted(calls, key=lambda call: (call.details is None) + (call.response is None)):
        wanted = call.rpc, call.error or call.expect
        same = [event for event in left if (event.method, _outcome(event)) == wanted]
        fits = [event for event in same if not any(_unmet_answer(call, event, path))]
        if not fits:
            yield from _unmet_answer(call, same[0], path)
        left.remove((fits or same)[0])


def _surplus(
    scenario: Scenario, answers: dict[str, list[RpcEvent | ClientErrorEvent]]
) -> Iterator[Unmet]:
    """Yield answers to calls that the scenario doesn't make, or repeated answers to one call."""
    once = {f"steps[{i}]" for i, step in enumerate(scenario.steps) if isinstance(step, RpcStep)} | {
        f"steps[{i}].background"
        for i, step in enumerate(scenario.steps)
        if isinstance(step, BackgroundStep) and isinstance(step.background, RpcStep)
    }
    several = {
        f"hooks[{i}].call" for i, hook in enumerate(scenario.hooks) if isinstance(hook, CallEntry)
    } | {
        f"steps[{i}].concurrently"
        for i, step in enumerate(scenario.steps)
        if isinstance(step, ConcurrentlyStep)
    }
    for call, events in answers.items():
        if call not in once | several:
            yield _unmet(call, "no such call", _outcome(events[0]))
        elif call in once and len(events) > 1:
            yield _unmet(call, "one answer", len(events))


def _unmet_hook_call(
    call: Call, answers: dict[str, list[RpcEvent | ClientErrorEvent]], path: str
) -> Iterator[Unmet]:
    """Yield the unexpected results of a hook, which calls at least once."""
    for outcome in [_outcome(event) for event in answers.get(path, ())] or ["no answer"]:
        if outcome != call.expect:
            yield _unmet(f"{path}.expect", call.expect, outcome)


def _outcome(event: RpcEvent | ClientErrorEvent) -> str:
    return event.code if isinstance(event, RpcEvent) else event.error


def _unmet_rpc(
    step: RpcStep, answers: dict[str, list[RpcEvent | ClientErrorEvent]], path: str
) -> Iterator[Unmet]:
    yield from _unmet_answer(step, next(iter(answers.get(path, ())), None), path)


def _unmet_answer(
    step: RpcStep, event: RpcEvent | ClientErrorEvent | None, path: str
) -> Iterator[Unmet]:
    outcome = "no answer" if event is None else _outcome(event)
    if step.error is not None:
        if outcome != step.error:
            yield _unmet(f"{path}.error", step.error, outcome)
        return
    if not isinstance(event, RpcEvent):
        yield _unmet(f"{path}.expect", step.expect, outcome)
        return
    if event.code != step.expect:
        yield _unmet(f"{path}.expect", step.expect, event.code)
    if step.details is not None and step.details != event.details:
        yield _unmet(f"{path}.details", step.details, event.details)
    if step.response is not None:
        expected = step.response.model_dump(mode="json", exclude_none=True)
        response = event.response.model_dump(mode="json") if event.response else {}
        got = {key: response.get(key) for key in expected}
        if got != expected:
            yield _unmet(f"{path}.response", expected, got)


def _unmet_looks(scenario: Scenario, trace: Trace) -> Iterator[Unmet]:
    seen = iter(
        event.session if isinstance(event, CurrentSessionEvent) else event.response
        for event in trace.events
        if isinstance(event, CurrentSessionEvent | ActionResponseEvent)
    )
    for i, step in enumerate(scenario.steps):
        if isinstance(step, LookStep):
            got = next(seen, "no look")
            if got != step.expect:
                yield _unmet(f"steps[{i}].expect", step.expect, got)


def _listed(results: Counter[tuple[Any, Any]]) -> list[str]:
    return sorted(f"{method} {code}" for method, code in results.elements())


def _unmet_triggers(scenario: Scenario, trace: Trace) -> Iterator[Unmet]:
    """Yield the faults that were triggered against the scenario's word, or not reported."""
    words = {True: "triggered", False: "not triggered", None: "not reported"}
    declared = _declared_faults(scenario)
    for place in {**declared, **trace.struck}:
        expected, triggered = declared.get(place, True), trace.struck.get(place)
        if triggered != expected:
            yield _unmet(place, words[expected], words[triggered])


def _declared_faults(scenario: Scenario) -> dict[str, bool]:
    """Return whether each declared fault must be triggered, by its place."""
    declared = {f"faults[{i}]": True for i in range(len(scenario.faults))}
    for i, hook in enumerate(scenario.hooks):
        if isinstance(hook, ProbeEntry) and hook.probe.raises is not None:
            declared[f"hooks[{i}].probe.raises"] = True
    for place, step in scenario.fault_steps():
        declared[f"{place}.fault"] = step.strikes
    return declared
