"""Plays batches, in a process that has both players open for all of them."""

from __future__ import annotations

import atexit
import dataclasses
import logging
import time
from collections import Counter
from collections.abc import Sequence
from multiprocessing.queues import SimpleQueue

from parity.base.problems import PortUnavailableError
from parity.players.choose import PlayerSpec, close_players, open_all
from parity.players.driver.player import HUNG_IN_A_ROW
from parity.players.outcome import Player
from parity.search.fuzz.case import Case
from parity.search.fuzz.features import features_of, shown_by
from parity.search.fuzz.found import Finding, yaml_of
from parity.search.fuzz.shrinking import Shrinker
from parity.search.fuzz.state import BatchDone
from parity.search.fuzz.strategies import batch
from parity.search.fuzz.trial import Agreed, Sides, Symptom, Wrong
from parity.spec.scenario import Scenario

_REPEAT_EACH = 20
"""Every so many scenarios are played again though the sides agree: does each repeat itself?"""


class BatchPlayer:
    """Plays batches of one seed on two sides.

    A symptom that was seen is counted and not looked into again: one bug is met often.
    Making one small takes ``shrink_seconds`` of real time at most.
    """

    def __init__(self, sides: Sides, shrink_seconds: float = 120.0) -> None:
        self._sides = sides
        self._shrink_seconds = shrink_seconds
        self._known: set[str] = set()

    def play(self, seed: int, number: int, count: int, known: frozenset[str]) -> BatchDone:
        """Play one batch; symptoms that are ``known`` aren't looked into.

        Raises:
            PortUnavailableError: a side can play nothing any more, or hung too often in a row.
        """
        self._known |= known
        began = time.monotonic()
        results: Counter[str] = Counter()
        counts: Counter[str] = Counter()
        findings: list[Finding] = []
        events = hung = 0
        for i, generated in enumerate(batch(seed, number, count)):
            case, result = self._sides.try_out_playable(generated, repeat=i % _REPEAT_EACH == 0)
            if isinstance(result, Wrong) and result.symptom.hung:
                hung += 1
                if hung == HUNG_IN_A_ROW:
                    raise PortUnavailableError(f"{result.reason}; {hung} scenarios in a row")
            else:
                hung = 0
            counts.update(features_of(case.scenario))
            if result.trace is not None:
                counts.update(shown_by(result.trace))
                events += len(result.trace.events)
            if isinstance(result, Wrong):
                results["wrong"] += 1
                if str(result.symptom) not in self._known:
                    self._known.add(str(result.symptom))
                    findings.append(self.look_into(case, result))
            elif result.trace is not None:
                results["agreed"] += 1
            else:
                results["unplayable" if result.unplayable_step is not None else "stuck"] += 1
        return BatchDone(
            number=number,
            played=results.total(),
            agreed=results["agreed"],
            unplayable=results["unplayable"],
            stuck=results["stuck"],
            wrong=results["wrong"],
            counts=dict(counts),
            events=events,
            findings=tuple(findings),
            seconds=round(time.monotonic() - began, 3),
        )

    def look_into(self, case: Case, wrong: Wrong) -> Finding:
        """Make the scenario small while the symptom stays, in the default order if it can."""
        seed = None if self._shows(case, case.scenario, None, wrong.symptom) else case.seed
        shrinker = Shrinker(
            lambda smaller: self._shows(case, smaller, seed, wrong.symptom),
            seconds=self._shrink_seconds,
        )
        smallest = shrinker.smallest(case.scenario)
        again = self._sides.try_out(dataclasses.replace(case, scenario=smallest, seed=seed))
        last = again if isinstance(again, Wrong) else wrong
        return Finding(
            case=case.name,
            symptom=wrong.symptom,
            reason=last.reason,
            seed=seed,
            steps=len(smallest.steps),
            text=yaml_of(smallest, last.trace, wrong.symptom.where),
        )

    def _shows(self, case: Case, scenario: Scenario, seed: int | None, symptom: Symptom) -> bool:
        smaller = dataclasses.replace(case, scenario=scenario, seed=seed)
        result = self._sides.try_out(smaller, repeat=symptom.kind == "nondeterministic")
        return not isinstance(result, Agreed) and result.symptom == symptom


_players: list[BatchPlayer] = []
"""The one of this process."""
_unavailable: list[PortUnavailableError] = []
"""Why this process has none; an error at its start would be lost."""


def open_in_this_process(
    reference: PlayerSpec, peer: PlayerSpec, limit: float, wrong: SimpleQueue[str]
) -> None:
    """Open both players, until the process ends; ``wrong`` gets what goes wrong then."""
    try:
        players = open_all([reference, peer], limit)
    except PortUnavailableError as error:
        _unavailable.append(error)
        return
    atexit.register(_close, players, wrong)
    for name in ("absl", "tensorflow", "grpc"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    _players.append(BatchPlayer(Sides(*players)))


def _close(players: Sequence[Player], wrong: SimpleQueue[str]) -> None:
    for each in close_players(players):
        wrong.put(each)


def play_in_this_process(seed: int, number: int, count: int, known: frozenset[str]) -> BatchDone:
    """Play one batch on this process's players.

    Raises:
        PortUnavailableError: one of them couldn't be opened, or can't be started again.
    """
    if _unavailable:
        raise _unavailable[0]
    return _players[-1].play(seed, number, count, known)
