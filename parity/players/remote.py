"""Players in other processes: scenarios are sent there, and outcomes come back.

All scenarios of a run are begun at once, and asked for one after the other. What comes back
is kept in this machine's cache as it comes, so that a run that ends early has lost nothing. Of
schedules a few are in flight at a time, and nothing is kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from parity.base.executors.choose import executor
from parity.base.executors.tasks import Tasks
from parity.players.cached import KeptTraces
from parity.players.choose import PlayerSpec, close_players, kept_traces, open_all
from parity.players.needs import skip_if_lacking
from parity.players.outcome import Outcome, Player
from parity.players.source_digests import player_here, sources_here
from parity.spec.faults import Need
from parity.spec.loading import ScenarioFile
from parity.spec.schedules import Schedule
from parity.spec.trace import Channel

_OF_THE_HOST: Final[frozenset[Need]] = frozenset({"ipv4", "ipv6"})
"""Needs that are looked at on the host that plays."""
_AHEAD: Final = 2
"""Schedules in flight for each process, beside the one whose outcome is awaited."""


@runtime_checkable
class PlaysEach(Protocol):
    """A player that plays several schedules at once."""

    def play_each(self, file: ScenarioFile, schedules: Iterable[Schedule]) -> Iterator[Outcome]:
        """Yield what comes of each schedule, in their order."""


@dataclass(frozen=True)
class PlaySetup:
    """The setup of a process that plays single scenarios: the players, open for all of them."""

    specs: tuple[PlayerSpec, ...]
    limit: float

    def open(self) -> list[Player]:
        """Open all players.

        Raises:
            PortUnavailableError: One of them can't be started here.
        """
        return open_all([player_here(spec) for spec in self.specs], self.limit, gives_up=True)

    def close(self, opened: list[Player]) -> list[str]:
        """Close all, and return what went wrong."""
        return close_players(opened)

    def sources(self) -> Mapping[str, str]:
        """Return what traces depend on."""
        return sources_here(self.specs)


@dataclass(frozen=True)
class Introduction:
    """What a player says of itself once it is open."""

    name: str
    can: frozenset[Need]
    channels: Collection[Channel]


def introduce(players: list[Player]) -> list[Introduction]:
    """Return what these players say of themselves; called where they are."""
    return [Introduction(each.name, each.can, tuple(each.channels)) for each in players]


def play_there(
    players: list[Player],
    side: int,
    file: ScenarioFile,
    seed: int | None,
    schedule: Schedule | None,
) -> Outcome:
    """Play on one of these players, or skip what it or its host can't; called where they are."""
    player = players[side]
    return skip_if_lacking(player, file) or player.play(file, seed, schedule)


class RemotePlayer:
    """Player in whatever process has time.

    Args:
        tasks: Have the players open, of which this is the one at ``side``.
        introduction: What the player says of itself.
        kept: Its traces in this machine's cache, if they are kept.
    """

    def __init__(
        self,
        tasks: Tasks[list[Player]],
        side: int,
        introduction: Introduction,
        kept: KeptTraces | None,
    ) -> None:
        self.name = introduction.name
        self.can = introduction.can | _OF_THE_HOST
        self.channels = introduction.channels
        self._tasks = tasks
        self._side = side
        self._kept = kept
        self._begun: dict[tuple[str, int | None, Schedule | None], Future[Outcome]] = {}

    def begin(
        self, file: ScenarioFile, seed: int | None = None, schedule: Schedule | None = None
    ) -> None:
        """Have a scenario played, unless its trace was kept; ``play`` returns what comes of it."""
        found = None if self._kept is None else self._kept.get(file, seed, schedule)
        begun: Future[Outcome] = Future()
        if found is not None:
            begun.set_result(found)
        else:
            self._submit(file, seed, schedule).add_done_callback(
                lambda ended: self._take(ended, begun, file, seed, schedule)
            )
        self._begun[file.name, seed, schedule] = begun

    def play(
        self, file: ScenarioFile, seed: int | None = None, schedule: Schedule | None = None
    ) -> Outcome:
        """Return what came of the play that was begun, or else of one that begins now.

        Raises:
            PortUnavailableError: It can't be played any more, or nobody is left to do it.
        """
        begun = self._begun.pop((file.name, seed, schedule), None)
        return (begun or self._submit(file, seed, schedule)).result()

    def play_each(self, file: ScenarioFile, schedules: Iterable[Schedule]) -> Iterator[Outcome]:
        """Yield what comes of each schedule, in their order, while the next ones are played.

        Raises:
            PortUnavailableError: It can't be played any more, or nobody is left to do it.
        """
        begun: deque[Future[Outcome]] = deque()
        for schedule in schedules:
            begun.append(self._submit(file, None, schedule))
            if len(begun) > _AHEAD * self._tasks.size:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()

    def close(self) -> str | None:
        """Close the players in all processes, and return what went wrong or None."""
        return "\n".join(self._tasks.finish()) or None

    def _take(
        self,
        ended: Future[Outcome],
        begun: Future[Outcome],
        file: ScenarioFile,
        seed: int | None,
        schedule: Schedule | None,
    ) -> None:
        """Keep what came, and only then give it to whoever waits."""
        error = ended.exception()
        if error is not None:
            begun.set_exception(error)
            return
        if self._kept is not None:
            self._kept.put(file, seed, schedule, ended.result())
        begun.set_result(ended.result())

    def _submit(
        self, file: ScenarioFile, seed: int | None, schedule: Schedule | None
    ) -> Future[Outcome]:
        return self._tasks.submit(play_there, self._side, file, seed, schedule)


def play_each(
    player: Player, file: ScenarioFile, schedules: Iterable[Schedule]
) -> Iterator[Outcome]:
    """Yield what comes of each schedule of a scenario, in their order.

    Raises:
        PortUnavailableError: The player can't play any more.
    """
    if isinstance(player, PlaysEach):
        return player.play_each(file, schedules)
    return (player.play(file, schedule=schedule) for schedule in schedules)


@contextmanager
def remote_players(
    on: str | None, specs: Sequence[PlayerSpec], limit: float, workers: int = 1
) -> Iterator[list[RemotePlayer]]:
    """Have these players on the workers of a scheduler, or in processes here, for the block.

    Args:
        on: As for ``executor``.
        specs: The players.
        limit: Real seconds that a play may take.
        workers: The number of processes if ``on`` is None.

    Raises:
        UsageError: ``on`` is no address.
        PortUnavailableError: There is no such scheduler, a worker has other sources, or a player
            can't be started there.
    """
    with executor(on, workers, PlaySetup(tuple(specs), limit)) as tasks:
        introductions = tasks.submit(introduce).result()
        yield [
            RemotePlayer(tasks, side, introduction, kept_traces(spec))
            for side, (introduction, spec) in enumerate(zip(introductions, specs, strict=True))
        ]
