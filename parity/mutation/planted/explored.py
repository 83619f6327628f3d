"""Exploration of a mutant, in search of outcomes that the other side doesn't have.

Run as ``python -m parity.mutation.planted.explored``, it compares a driver with the
monolith_hooks on PYTHONPATH.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Final

from parity.base import project
from parity.base.model import Model
from parity.base.problems import PortUnavailableError
from parity.players.choose import PlayerSpec, open_player
from parity.players.outcome import Player
from parity.search.explore.outcomes import ExploredSide
from parity.search.explore.search import UnsteadyError
from parity.spec.loading import ScenarioFile, load_all

QUICK_TO_EXPLORE: Final = (
    "health/barrier_already_placed",
    "barrier/stop_and_resume",
    "barrier/concurrent_stop_and_resume",
    "barrier/no_step_is_lost",
    "barrier/resume_waits_for_slow_callbacks",
    "barrier/worker_waits_for_slow_callbacks",
    "controller/slow_save",
    "controller/steps_wait_for_a_save",
    "health/resume_while_unhealthy",
    "health/two_health_hooks",
    "operator/stop_op",
    "session/recreation",
)
"""Scenarios small enough to explore in all their orders, a few dozen each."""
_LIMIT: Final = 2000
"""Limit of schedules per scenario; a mutant can have more than the sound side, even endless."""

Outcomes = Mapping[str, frozenset[str]]
"""The keys of all outcomes of each scenario."""


class UnexpectedOutcomes(Model):
    """The scenarios with outcomes that aren't allowed, and the first one's simplest schedule.

    ``ended`` is how the mutant's process ended, if it did so before it gave a result.
    """

    scenarios: tuple[str, ...] = ()
    schedule: str = ""
    schedules: int = 0
    ended: str = ""


def explored_files() -> list[ScenarioFile]:
    """Return the scenarios that are explored."""
    return load_all([project.SCENARIOS / f"{name}.yaml" for name in QUICK_TO_EXPLORE])


def outcomes_of(player: Player, files: Iterable[ScenarioFile]) -> Outcomes:
    """Return all outcomes of each scenario on this side."""
    found = {}
    for file in files:
        side = ExploredSide(player, file)
        for visit in side.search.visits(bound=None, limit=_LIMIT):
            side.take(visit)
        found[file.name] = frozenset(side.outcomes)
    return found


def beyond(player: Player, files: Iterable[ScenarioFile], allowed: Outcomes) -> UnexpectedOutcomes:
    """Visit each scenario's schedules until one leads to an outcome that isn't allowed."""
    scenarios: list[str] = []
    first, schedules = "", 0
    for file in files:
        side = ExploredSide(player, file)
        found = _first_beyond(side, allowed[file.name])
        schedules += side.search.visited
        if found is not None:
            scenarios.append(file.name)
            first = first or found
    return UnexpectedOutcomes(scenarios=tuple(scenarios), schedule=first, schedules=schedules)


def _first_beyond(side: ExploredSide, allowed: frozenset[str]) -> str | None:
    try:
        for visit in side.search.visits(bound=None, limit=_LIMIT):
            side.take(visit)
            if visit.result.key not in allowed:
                return side.outcomes[visit.result.key].name
    except UnsteadyError:
        return "not the same twice"
    except PortUnavailableError:
        return "a crash"
    return None


def _main(driver: str, limit: float) -> None:
    files = explored_files()
    peer = open_player(PlayerSpec(kind="command", where=driver), limit)
    try:
        allowed = outcomes_of(open_player(PlayerSpec(kind="python"), limit), files)
        found = beyond(peer, files, allowed)
    finally:
        peer.close()
    print(found.model_dump_json())  # noqa: T201 - read by killmatrix


if __name__ == "__main__":
    _main(sys.argv[1], float(sys.argv[2]))
