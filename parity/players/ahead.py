"""Plays that were begun before anybody asks for what came of them.

A driver plays in a process of its own, so it can play the next scenarios while this process
compares the last one.

Concurrency. One thread of the pool plays what was begun, in that order; the caller's thread plays
what wasn't. Whoever plays holds ``_turn``, as a driver answers one request at a time. The pool's
thread also waits, without it, until the caller is near enough (``_near``): traces that nobody
has asked for yet take memory.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Final, Protocol, runtime_checkable

from parity.players.needs import skip_if_lacking
from parity.players.outcome import Outcome, Player
from parity.spec.faults import Need
from parity.spec.loading import ScenarioFile
from parity.spec.schedules import Schedule
from parity.spec.trace import Channel

_MOST: Final = 16
"""Largest number of scenarios that are played before the caller asks for the first of them."""
_Asked = tuple[str, int | None, Schedule | None]
"""A scenario's name, with what orders its lanes."""
_SECONDS: Final = 0.1
"""Real seconds between two attempts to interrupt a play."""


@runtime_checkable
class Begins(Protocol):
    """A player that can begin a scenario, whose outcome ``play`` then returns."""

    def begin(
        self, file: ScenarioFile, seed: int | None = None, schedule: Schedule | None = None
    ) -> None:
        """Have a scenario played; ``play`` returns what comes of it."""


class Interruptible(Player, Protocol):
    """A player whose play another thread can end."""

    def interrupt(self) -> None:
        """End the play that is under way, if one is; it fails."""


def begin(
    players: Iterable[Player], file: ScenarioFile, seed: int | None, schedule: Schedule | None
) -> None:
    """Have those of these players begin a scenario that can, if all of them can play it."""
    players = list(players)
    if any(skip_if_lacking(player, file) for player in players):
        return
    for player in players:
        if isinstance(player, Begins):
            player.begin(file, seed, schedule)


class AheadPlayer:
    """A player that plays what was begun on a thread of its own, while its caller does other work.

    Args:
        player: Plays, in a process of its own.
    """

    def __init__(self, player: Interruptible) -> None:
        self._player = player
        self._turn = threading.Lock()
        self._pool = ThreadPoolExecutor(1, "ahead")
        self._near = threading.Condition()
        self._begun: OrderedDict[_Asked, tuple[int, Future[Outcome]]] = OrderedDict()
        self._count = 0
        self._asked = 0
        self._closed = False

    @property
    def name(self) -> str:
        """The player's name in reports."""
        return self._player.name

    @property
    def can(self) -> frozenset[Need]:
        """The capabilities that not every player has."""
        return self._player.can

    @property
    def channels(self) -> Collection[Channel]:
        """The channels that its traces have events for."""
        return self._player.channels

    def begin(
        self, file: ScenarioFile, seed: int | None = None, schedule: Schedule | None = None
    ) -> None:
        """Have a scenario played after those that were begun before."""
        self._count += 1
        play = self._pool.submit(self._play_begun, self._count, file, seed, schedule)
        self._begun[file.name, seed, schedule] = self._count, play

    def play(
        self, file: ScenarioFile, seed: int | None = None, schedule: Schedule | None = None
    ) -> Outcome:
        """Return what came of the play that was begun, or else of one that begins now.

        Plays that were begun before that one, and that nobody asked for, are forgotten.

        Raises:
            PortUnavailableError: It can't play any more.
        """
        asked: _Asked = file.name, seed, schedule
        if asked not in self._begun:
            with self._turn:
                return self._player.play(file, seed, schedule)
        found = None
        while found != asked:
            found, (number, play) = self._begun.popitem(last=False)
        with self._near:
            self._asked = number
            self._near.notify()
        return play.result()

    def close(self) -> str | None:
        """Forget what was begun, close the player, and return what went wrong or None."""
        with self._near:
            self._closed = True
            self._near.notify()
        self._pool.shutdown(wait=False, cancel_futures=True)
        while not self._turn.acquire(timeout=_SECONDS):
            self._player.interrupt()
        try:
            return self._player.close()
        finally:
            self._turn.release()
            self._pool.shutdown()

    def _play_begun(
        self, number: int, file: ScenarioFile, seed: int | None, schedule: Schedule | None
    ) -> Outcome:
        with self._near:
            self._near.wait_for(lambda: self._closed or number <= self._asked + _MOST)
        with self._turn:
            if self._closed:
                raise CancelledError
            return self._player.play(file, seed, schedule)
