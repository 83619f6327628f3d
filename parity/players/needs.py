"""The capabilities that a scenario needs of a player and of the host."""

from __future__ import annotations

from collections.abc import Iterator

from parity.base import host
from parity.base.host import HOST_NEEDS, IPV6_LOOPBACK
from parity.players.outcome import Outcome, Player, Skipped
from parity.spec.faults import NEED_OF_FAULT, Fault, Need
from parity.spec.hooks import CallEntry, ProbeEntry, PsHealthEntry, SaverEntry, ServerEntry
from parity.spec.loading import ScenarioFile
from parity.spec.scenario import Scenario
from parity.spec.steps import (
    AddressFileStep,
    BackgroundStep,
    ConcurrentlyStep,
    RpcStep,
    Step,
)

_ANYBODY = ("rss", "recover")
"""Faults that every player can inject in its own way."""
_OTHER_LISTENERS = ("{dead}", "{silent}")
"""Placeholders in an address file for an IPv4 address of the player."""


def needs(scenario: Scenario) -> frozenset[Need]:
    """Return the needs that the scenario states, and those of its faults and calls."""
    return frozenset(
        (
            *scenario.needs,
            *_needs_of_faults(scenario),
            *_needs_of_background(scenario),
            *_needs_of_calls(scenario),
            *_needs_of_options(scenario),
            *_needs_of_probes(scenario),
        )
    )


def play_if_able(player: Player, file: ScenarioFile, seed: int | None = None) -> Outcome:
    """Play the scenario, or skip it if the player lacks a need of it."""
    return skip_if_lacking(player, file) or player.play(file, seed)


def skip_if_lacking(player: Player, file: ScenarioFile) -> Skipped | None:
    """Return the reason why the player can't play the scenario, or None if it can.

    A player that itself has a capability of the host, such as one that plays recordings,
    doesn't need the host for it.
    """
    missing = needs(file.scenario) - player.can
    of_host = frozenset(HOST_NEEDS) & missing
    of_player = ", ".join(sorted(missing - of_host))
    reasons = ([f"needs {of_player}"] if of_player else []) + list(host.unmet_needs(of_host))
    return Skipped("; ".join(reasons)) if reasons else None


def _needs_of_faults(scenario: Scenario) -> Iterator[Need]:
    for fault in _faults(scenario):
        (kind,) = type(fault).model_fields
        if kind not in _ANYBODY:
            yield NEED_OF_FAULT.get(kind, "injection")


def _faults(scenario: Scenario) -> Iterator[Fault]:
    yield from scenario.faults
    for _, step in scenario.fault_steps():
        yield step.fault


def _needs_of_background(scenario: Scenario) -> Iterator[Need]:
    """Yield what it takes to do something at a certain time of another step."""
    for step in scenario.steps:
        if isinstance(step, BackgroundStep) and not (
            isinstance(step.background, RpcStep) and step.after == 0
        ):
            yield "exact_time"


def _needs_of_options(scenario: Scenario) -> Iterator[Need]:
    """Yield what it takes to have options that the original doesn't have."""
    if scenario.barrier.held:
        yield "options"
    for hook in scenario.hooks:
        if isinstance(hook, PsHealthEntry) and hook.ps_health.resilient is not None:
            yield "options"
        if isinstance(hook, SaverEntry) and hook.saver.step_wait is not None:
            yield "options"


def _needs_of_probes(scenario: Scenario) -> Iterator[Need]:
    """Yield what it takes to have a hook that takes time."""
    if any(isinstance(hook, ProbeEntry) and hook.probe.takes for hook in scenario.hooks):
        yield "exact_time"


def _needs_of_calls(scenario: Scenario) -> Iterator[Need]:
    """Yield the address families of the scenario's servers and other listeners."""
    calls = any(isinstance(hook, CallEntry) for hook in scenario.hooks)
    for step in scenario.steps:
        calls = calls or _calls(step)
        if isinstance(step, AddressFileStep):
            text = step.address_file.text or ""
            if any(word in text for word in _OTHER_LISTENERS):
                yield "ipv4"
    for hook in scenario.hooks if calls else ():
        if isinstance(hook, ServerEntry):
            yield "ipv6" if hook.server.ip == IPV6_LOOPBACK else "ipv4"


def _calls(step: Step) -> bool:
    match step:
        case RpcStep():
            return True
        case BackgroundStep():
            return _calls(step.background)
        case ConcurrentlyStep():
            return any(isinstance(each, RpcStep) for each in step.concurrently)
    return False
