"""Plays that were begun before anybody asks for what came of them.

A driver plays in a process of its own, so it can play the next scenarios while this process
compares the last one, and so can a second process of the same driver.

Concurrency. The pool has a thread for each player, and they play what was begun in that order; the
caller's thread plays what wasn't. Whoever plays has taken a player out of ``_idle``, as a driver
answers one request at a time. The pool's threads also wait, without one, until the caller is near
enough (``_near``): traces that nobody has asked for yet take memory.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager
from queue import Empty, LifoQueue
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
    """A player that plays what was begun on threads of its own, while its caller does other work.

    Args:
        player: Plays, in a process of its own.
        others: Play the same, in further processes.
    """

    def __init__(self, player: Interruptible, *others: Interruptible) -> None:
        self._player = player
        self._all = (player, *others)
        self._idle: LifoQueue[Interruptible] = LifoQueue()
        for each in reversed(self._all):
            self._idle.put(each)
        self._pool = ThreadPoolExecutor(len(self._all), "ahead")
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
            with self._taken() as player:
                return player.play(file, seed, schedule)
        found = None
        while found != asked:
            found, (number, play) = self._begun.popitem(last=False)
        with self._near:
            self._asked = number
            self._near.notify_all()
        return play.result()

    def close(self) -> str | None:
        """Forget what was begun, close the players, and return what went wrong or None."""
        with self._near:
            self._closed = True
            self._near.notify_all()
        self._pool.shutdown(wait=False, cancel_futures=True)
        busy = list(self._all)
        while busy:
            try:
                busy.remove(self._idle.get(timeout=_SECONDS))
            except Empty:
                for player in busy:
                    player.interrupt()
        try:
            return "\n".join(filter(None, [player.close() for player in self._all])) or None
        finally:
            for player in self._all:
                self._idle.put(player)
            self._pool.shutdown()

    @contextmanager
    def _taken(self) -> Iterator[Interruptible]:
        player = self._idle.get()
        try:
            yield player
        finally:
            self._idle.put(player)

    def _play_begun(
        self, number: int, file: ScenarioFile, seed: int | None, schedule: Schedule | None
    ) -> Outcome:
        with self._near:
            self._near.wait_for(lambda: self._closed or number <= self._asked + _MOST)
        with self._taken() as player:
            if self._closed:
                raise CancelledError
            return player.play(file, seed, schedule)
