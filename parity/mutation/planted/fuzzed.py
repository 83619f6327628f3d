"""The fuzzer's hunt for one planted bug: how many scenarios it takes, and the smallest one.

The mutant is compared with the sound port, whichever side it is of, as a play of the port
takes milliseconds. A finding counts if the two sound sides agree on its scenario.

Run as ``python -m parity.mutation.planted.fuzzed``, it plays the monolith_hooks on PYTHONPATH
against a driver.
"""

from __future__ import annotations

import faulthandler
import sys
from collections.abc import Iterable, Iterator
from typing import Final

from parity.base.model import Model
from parity.players.choose import PlayerSpec, open_player
from parity.players.outcome import Outcome
from parity.search.fuzz.batches import BatchPlayer
from parity.search.fuzz.case import Case
from parity.search.fuzz.findings import Finding
from parity.search.fuzz.strategies import BATCH, batch
from parity.search.fuzz.trial import Sides, Wrong
from parity.spec.loading import ScenarioFile
from parity.spec.schedules import Schedule

SMALL: Final = 3
"""Steps of a scenario so small that no other symptom need be looked for."""
_SYMPTOMS: Final = 3
"""How many symptoms are shrunk if none of them gets that small."""
_FURTHER: Final = 200
"""How many more scenarios are played for another symptom."""
_SHRINK_SECONDS: Final = 20.0


class Hunt(Model):
    """The result of fuzzing a bug: ``first`` is how many scenarios it took, None if none showed it.

    ``ended`` is how the mutant's process ended, if it did so before it gave a result.
    """

    played: int = 0
    first: int | None = None
    finding: Finding | None = None
    ended: str = ""


class CaseStream:
    """The scenarios of one seed, each made once however many bugs they are played on."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._made: list[Case] = []

    def first(self, count: int) -> Iterator[Case]:
        """Yield this many cases, made as they are asked for."""
        for i in range(count):
            if i == len(self._made):
                self._made += batch(self._seed, i // BATCH)
            yield self._made[i]


def hunt(sides: Sides, cases: Iterable[Case]) -> Hunt:
    """Play until something is wrong, and a little further if it can't be made small."""
    player = BatchPlayer(sides, _SHRINK_SECONDS)
    best: Finding | None = None
    first: int | None = None
    looked_into: set[str] = set()
    played = 0
    for generated in cases:
        if first is not None and played >= first + _FURTHER:
            break
        played += 1
        case, result = sides.try_out_playable(generated)
        if not isinstance(result, Wrong) or str(result.symptom) in looked_into:
            continue
        first = first or played
        looked_into.add(str(result.symptom))
        finding = player.look_into(case, result)
        if best is None or finding.steps < best.steps:
            best = finding
        if best.steps <= SMALL or len(looked_into) == _SYMPTOMS:
            break
    return Hunt(played=played, first=first, finding=best)


class EndedWhenItHangs:
    """The Python side in this process, which is ended if a play hangs."""

    def __init__(self, limit: float) -> None:
        self._player = open_player(PlayerSpec(kind="python"), limit)
        self._limit = limit
        self.name = self._player.name
        self.can = self._player.can
        self.channels = self._player.channels

    def play(
        self, file: ScenarioFile, seed: int | None = None, schedule: Schedule | None = None
    ) -> Outcome:
        """Play one scenario, and end the process if that takes longer than the limit."""
        faulthandler.dump_traceback_later(self._limit, exit=True)
        try:
            return self._player.play(file, seed, schedule)
        finally:
            faulthandler.cancel_dump_traceback_later()

    def close(self) -> None:
        """Do nothing, as nothing is held between plays."""


def _main(driver: str, seed: int, count: int, limit: float) -> None:
    peer = open_player(PlayerSpec(kind="command", where=driver), limit)
    try:
        found = hunt(Sides(EndedWhenItHangs(limit), peer), CaseStream(seed).first(count))
    finally:
        peer.close()
    print(found.model_dump_json())  # noqa: T201 - read by killmatrix


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
