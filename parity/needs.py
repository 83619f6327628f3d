"""What a scenario needs of a player, and who can't play it for that."""

from __future__ import annotations

from collections.abc import Iterator

from parity.faults import Fault
from parity.loading import ScenarioFile
from parity.players.outcome import Outcome, Player, Skipped
from parity.process_faults import NEED_OF_FAULT, Need
from parity.scenario import Scenario
from parity.steps import FaultStep

_ANYBODY = ("rss", "recover")
"""Faults that every player has in its own way."""


def needs(scenario: Scenario) -> frozenset[Need]:
    """What it says that it needs, and what its faults need."""
    return frozenset((*scenario.needs, *_needs_of_faults(scenario)))


def play(player: Player, file: ScenarioFile, seed: int | None = None) -> Outcome:
    """Have it play, unless it lacks what the scenario needs."""
    return lacking(player, file) or player.play(file, seed)


def lacking(player: Player, file: ScenarioFile) -> Skipped | None:
    """Why it can't play; None if it can."""
    missing = needs(file.scenario) - player.can
    return Skipped(f"needs {', '.join(sorted(missing))}") if missing else None


def _needs_of_faults(scenario: Scenario) -> Iterator[Need]:
    for fault in _faults(scenario):
        (kind,) = type(fault).model_fields
        if kind not in _ANYBODY:
            yield NEED_OF_FAULT.get(kind, "injection")


def _faults(scenario: Scenario) -> Iterator[Fault]:
    yield from scenario.faults
    for step in scenario.steps:
        if isinstance(step, FaultStep):
            yield step.fault
