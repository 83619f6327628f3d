"""Whether a trace shows what the scenario's author wrote that it must."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from parity.hooks import Call, CallEntry
from parity.model import Model, canonical_json
from parity.players.outcome import Late, Timing
from parity.scenario import Expect, Scenario
from parity.steps import BackgroundStep, ConcurrentlyStep, FaultStep, LookStep, RpcStep
from parity.summary import summarize
from parity.trace import (
    ActionResponseEvent,
    ClientErrorEvent,
    CurrentSessionEvent,
    RpcEvent,
    Trace,
)
from parity.units import format_duration
from parity.untimed import bits


class Unmet(Model):
    """An expectation that a side broke: where it is written, and both values as JSON."""

    path: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.path}: expected {self.expected}, got {self.got}"


def unmet(scenario: Scenario, trace: Trace, timing: Timing = "exact") -> tuple[Unmet, ...]:
    """Every expectation of the scenario that this trace doesn't meet, as far as timing tells."""
    return (
        *unmet_summary(scenario.expect, summarize(scenario, trace), timing),
        *_unmet_calls(scenario, trace),
        *_unmet_looks(scenario, trace),
        *_unmet_strikes(scenario, trace),
    )


def unmet_bounds(late: tuple[Late, ...]) -> tuple[Unmet, ...]:
    """The steps that took longer than they may."""
    return tuple(
        _unmet(f"{each.place}.within", format_duration(each.within), format_duration(each.took))
        for each in late
    )


def unmet_summary(expect: Expect, got: Expect, timing: Timing = "exact") -> tuple[Unmet, ...]:
    """The keys that are set in both and differ."""
    expected_values, got_values = _values(expect), _values(got)
    if timing == "order":
        _leave_out_times(expected_values, got_values)
    return tuple(
        _unmet(f"expect.{key}", expected_values[key], got_values[key])
        for key in expected_values
        if key in got_values and expected_values[key] != got_values[key]
    )


def _leave_out_times(*sides: dict[str, Any]) -> None:
    for values in sides:
        if values.get("barrier") is not None:
            values["barrier"] = {str(bit): each for bit, each in bits(values["barrier"]).items()}


def _values(expect: Expect) -> dict[str, Any]:
    return expect.model_dump(mode="json", exclude_unset=True)


def _unmet(path: str, expected: object, got: object) -> Unmet:
    return Unmet(path=path, expected=canonical_json(expected), got=canonical_json(got))


def _unmet_calls(scenario: Scenario, trace: Trace) -> Iterator[Unmet]:
    """Each call that the scenario makes must be answered, and as it expects."""
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
            case BackgroundStep():
                yield from _unmet_rpc(step.background, answers, f"steps[{i}].background")
            case ConcurrentlyStep():
                calls = [branch for branch in step.concurrently if isinstance(branch, RpcStep)]
                path = f"steps[{i}].concurrently"
                expected = Counter((call.rpc, call.expect) for call in calls)
                got = Counter((event.method, _outcome(event)) for event in answers.get(path, ()))
                if expected != got:
                    yield _unmet(path, _listed(expected), _listed(got))


def _unmet_hook_call(
    call: Call, answers: dict[str, list[RpcEvent | ClientErrorEvent]], path: str
) -> Iterator[Unmet]:
    """A hook calls each time that its phase comes, so at least once."""
    for outcome in [_outcome(event) for event in answers.get(path, ())] or ["no answer"]:
        if outcome != call.expect:
            yield _unmet(f"{path}.expect", call.expect, outcome)


def _outcome(event: RpcEvent | ClientErrorEvent) -> str:
    return event.code if isinstance(event, RpcEvent) else event.error


def _unmet_rpc(
    step: RpcStep, answers: dict[str, list[RpcEvent | ClientErrorEvent]], path: str
) -> Iterator[Unmet]:
    event = next(iter(answers.get(path, ())), None)
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


def _unmet_strikes(scenario: Scenario, trace: Trace) -> Iterator[Unmet]:
    """A declared fault must strike, unless it is said that it doesn't."""
    quiet = {
        f"steps[{i}].fault"
        for i, step in enumerate(scenario.steps)
        if isinstance(step, FaultStep) and not step.strikes
    }
    for place, struck in trace.struck.items():
        expected = place not in quiet
        if struck != expected:
            says = {True: "it strikes", False: "it never strikes"}
            yield _unmet(place, says[expected], says[struck])
