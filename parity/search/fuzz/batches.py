"""A player of batches, in a process that has both players open for all of them."""

from __future__ import annotations

import dataclasses
import logging
import time
import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from parity.base.problems import PortUnavailableError
from parity.players.choose import PlayerSpec, close_players, open_all
from parity.players.driver.player import HUNG_IN_A_ROW
from parity.players.source_digests import player_here, sources_here
from parity.search.fuzz.campaign_state import BatchDone
from parity.search.fuzz.case import Case
from parity.search.fuzz.features import features_of, shown_by
from parity.search.fuzz.findings import Finding, yaml_of
from parity.search.fuzz.shrinking import Shrinker
from parity.search.fuzz.strategies import batch
from parity.search.fuzz.trial import Agreed, Sides, Symptom, Wrong
from parity.spec.scenario import Scenario

_REPEAT_EACH = 20
"""One in this many scenarios is played again to see that each side repeats itself."""


class BatchPlayer:
    """Player of one seed's batches on two sides.

    A symptom that an earlier batch has is counted but not looked into again, as one bug is met
    often. Shrinking takes ``shrink_seconds`` of real time at most.
    """

    def __init__(self, sides: Sides, shrink_seconds: float = 120.0) -> None:
        self.sides = sides
        self._shrink_seconds = shrink_seconds
        self._first: dict[str, int] = {}
        """The lowest of the batches played here that had each symptom."""

    def play(self, seed: int, number: int, count: int, known: frozenset[str]) -> BatchDone:
        """Play one batch; symptoms that are ``known`` from earlier ones aren't looked into.

        Raises:
            PortUnavailableError: A side stopped working, or hung too often in a row.
        """
        known |= {symptom for symptom, first in self._first.items() if first < number}
        began = time.monotonic()
        results: Counter[str] = Counter()
        counts: Counter[str] = Counter()
        findings: list[Finding] = []
        events = hung = 0
        for i, generated in enumerate(batch(seed, number, count)):
            case, result = self.sides.try_out_playable(generated, repeat=i % _REPEAT_EACH == 0)
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
                symptom = str(result.symptom)
                if symptom not in known:
                    known |= {symptom}
                    self._first[symptom] = number
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
            counts=dict(sorted(counts.items())),
            events=events,
            findings=tuple(findings),
            seconds=round(time.monotonic() - began, 3),
        )

    def look_into(self, case: Case, wrong: Wrong) -> Finding:
        """Shrink the scenario while the symptom stays, if possible in the default order."""
        seed = None if self._shows(case, case.scenario, None, wrong.symptom) else case.seed
        shrinker = Shrinker(
            lambda smaller: self._shows(case, smaller, seed, wrong.symptom),
            seconds=self._shrink_seconds,
        )
        smallest = shrinker.smallest(case.scenario)
        again = self.sides.try_out(dataclasses.replace(case, scenario=smallest, seed=seed))
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
        result = self.sides.try_out(smaller, repeat=symptom.kind == "nondeterministic")
        return not isinstance(result, Agreed) and result.symptom == symptom


@dataclass(frozen=True)
class BatchSetup:
    """The setup of a process that plays batches: both players, open for all of them."""

    reference: PlayerSpec
    peer: PlayerSpec
    limit: float

    def open(self) -> BatchPlayer:
        """Open both players.

        Raises:
            PortUnavailableError: One of them can't be started here.
        """
        specs = [player_here(self.reference), player_here(self.peer)]
        players = open_all(specs, self.limit)
        # A false alarm: Hypothesis also notices numbers drawn by other threads of a worker.
        warnings.filterwarnings("ignore", "Do not use the `random` module inside strategies")
        for name in ("absl", "tensorflow", "grpc"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        return BatchPlayer(Sides(*players))

    def close(self, opened: BatchPlayer) -> list[str]:
        """Close both, and return the errors."""
        return close_players([opened.sides.reference, opened.sides.peer])

    def sources(self) -> Mapping[str, str]:
        """Return the sources that the scenarios and their results depend on."""
        return sources_here([self.reference, self.peer])
