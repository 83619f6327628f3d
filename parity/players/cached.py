"""A player that plays only what it hasn't played before.

A trace is a pure function of the scenario, the player, its sources, the packages under it, the
seed and the schedule. All of these are the key of its entry in the cache, so an entry needn't
ever be declared out of date. A player that doesn't know the digest of its own sources isn't
cached, nor is one that plays in real time.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from parity.base.content_cache import ContentCache, Key, source_digest
from parity.base.model import Model, canonical_json, frozen
from parity.players.ahead import Begins
from parity.players.outcome import WITH_OPTIONS, Maker, Outcome, Played, Player
from parity.spec.loading import ScenarioFile
from parity.spec.ordering import Ordering
from parity.spec.schedules import Schedule
from parity.spec.trace import CHANNELS, Trace

_FORMAT: Final = 1
_OWN: Final = ("base", "spec", "kit", "players")
"""The packages of parity whose code a play on ``python`` runs through."""
_PACKAGES: Final = ("tensorflow", "grpcio", "protobuf", "numpy", "absl-py")


class _Entry(Model):
    """What is kept of a play."""

    trace: Any
    by: Maker | None
    ordering: Ordering
    log: str = ""


@dataclass(frozen=True)
class KeptTraces:
    """The traces of one player in a cache.

    ``identity`` is all that its traces depend on beside scenario, seed and schedule.
    """

    identity: Key
    cache: ContentCache

    def get(self, file: ScenarioFile, seed: int | None, schedule: Schedule | None) -> Played | None:
        """Return the trace that was kept, or None."""
        kept = self.cache.get(self._key(file, seed, schedule))
        return None if kept is None else _read(kept)

    def has(self, file: ScenarioFile, seed: int | None, schedule: Schedule | None) -> bool:
        """Return whether something was kept; whether it is whole shows when it is read."""
        return self.cache.has(self._key(file, seed, schedule))

    def put(
        self, file: ScenarioFile, seed: int | None, schedule: Schedule | None, outcome: Outcome
    ) -> None:
        """Keep the trace, if it is one."""
        # The choice points of a play with a schedule aren't kept, so neither is its trace.
        if isinstance(outcome, Played) and not outcome.choices:
            self.cache.put(self._key(file, seed, schedule), _text(outcome))

    def _key(self, file: ScenarioFile, seed: int | None, schedule: Schedule | None) -> Key:
        return {
            **self.identity,
            "scenario": file.scenario.digest(),
            "name": file.name,
            "seed": seed,
            "schedule": None if schedule is None else canonical_json(list(schedule)),
        }


class CachedPlayer:
    """Player of the traces that were kept, and of another player's, which it keeps.

    Args:
        name: The player's name in reports.
        kept: The traces that were kept.
        open_player: Opens the player, when it is first needed; it may take seconds.
        player: The player, if it is opened already.
    """

    can = WITH_OPTIONS
    channels = CHANNELS

    def __init__(
        self,
        name: str,
        kept: KeptTraces,
        open_player: Callable[[], Player],
        player: Player | None = None,
    ) -> None:
        self.name = name
        self._kept = kept
        self._open = open_player
        self._player = player

    @property
    def anew(self) -> Player:
        """The player itself, whose traces don't come from the cache.

        Raises:
            PortUnavailableError: It can't be started.
        """
        if self._player is None:
            self._player = self._open()
        return self._player

    def begin(
        self, file: ScenarioFile, seed: int | None = None, schedule: Schedule | None = None
    ) -> None:
        """Have the player begin what isn't in the cache, if it is opened and can."""
        if isinstance(self._player, Begins) and not self._kept.has(file, seed, schedule):
            self._player.begin(file, seed, schedule)

    def play(
        self, file: ScenarioFile, seed: int | None = None, schedule: Schedule | None = None
    ) -> Outcome:
        """Return the trace that is in the cache, or play.

        Raises:
            PortUnavailableError: The player can't be started, or play any more.
        """
        found = self._kept.get(file, seed, schedule)
        if found is not None:
            return found
        outcome = self.anew.play(file, seed, schedule)
        self._kept.put(file, seed, schedule, outcome)
        return outcome

    def close(self) -> str | None:
        """Close the player, if it was opened, and return what went wrong or None."""
        player, self._player = self._player, None
        return None if player is None else player.close()


def anew(player: Player) -> Player:
    """Return a player whose traces don't come from a cache.

    Raises:
        PortUnavailableError: It can't be started.
    """
    return player.anew if isinstance(player, CachedPlayer) else player


def reference_identity() -> Key:
    """Return all that a trace of the player ``python`` depends on, without importing it."""
    parity = Path(__file__).resolve().parents[1]
    hooks, fakes = (_folder_of(name) for name in ("monolith_hooks", "fakes"))
    return {
        "format": _FORMAT,
        "player": "python",
        "sources": source_digest(hooks, fakes, *(parity / name for name in _OWN)),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "machine": f"{platform.system()} {platform.machine()}",
        **{name: metadata.version(name) for name in _PACKAGES},
    }


def driver_identity(player: str, digest: str) -> Key:
    """Return all that a trace of a driver depends on; ``digest`` is of its sources."""
    parity = Path(__file__).resolve().parents[1]
    return {
        "format": _FORMAT,
        "player": player,
        "sources": digest,
        "reader": source_digest(parity / "base", parity / "spec"),
    }


def _folder_of(package: str) -> Path:
    spec = find_spec(package)
    assert spec is not None, "it is installed with this package"
    assert spec.origin is not None, "it has an __init__.py"
    return Path(spec.origin).parent


def _text(played: Played) -> str:
    entry = _Entry(
        trace=played.trace.to_json(), by=played.by, ordering=played.ordering, log=played.log
    )
    return canonical_json(entry.model_dump())


def _read(text: str) -> Played | None:
    """Return what was kept, or None if it can't be a trace after all."""
    try:
        entry = _Entry.model_validate(frozen(json.loads(text)))
        trace = Trace.from_json(entry.trace)
    except ValueError:  # ValidationError is one.
        return None
    return Played(trace, by=entry.by, ordering=entry.ordering, cached=True, log=entry.log)
