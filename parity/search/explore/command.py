"""``monolith-parity explore``: plays every schedule on both sides, and compares the outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from parity.base import project
from parity.base.problems import PortUnavailableError, UsageError
from parity.base.terminal_text import counted
from parity.players.choose import PlayerSpec, choose_player, open_players
from parity.players.needs import skip_if_lacking
from parity.players.outcome import Player
from parity.players.remote import remote_players
from parity.search.explore.outcomes import CountedOutcome, ExploredSide
from parity.search.explore.search import UnsteadyError
from parity.spec.loading import ScenarioFile, find_scenario, load_scenario
from parity.spec.trace import event_text
from parity.verdict.compare import compare
from parity.verdict.replay_line import replay_line


@dataclass(frozen=True)
class ExploreOptions:
    """Options of ``monolith-parity explore``; ``bound`` None is every schedule.

    At most ``limit`` schedules are visited on a side; a play may take ``seconds`` of real time.
    ``on`` is the scheduler to play on, as for ``executor``, instead of ``workers``.
    """

    scenario: Path
    reference: str
    peer: str | None
    alone: bool
    bound: int | None
    seconds: float
    workers: int = 1
    on: str | None = None
    limit: int = 10_000


def explore(options: ExploreOptions, console: Console) -> int:
    """Explore one scenario, and return the exit code.

    Raises:
        UsageError: Something that was given is wrong.
        PortUnavailableError: A player isn't available, or stopped working.
    """
    file = load_scenario(*find_scenario(options.scenario, project.SCENARIOS))
    wishes: list[str | None] = [options.reference]
    if not options.alone:
        wishes.append(options.peer)
    choices = [choose_player(wish) for wish in wishes]
    for choice in choices:
        if choice.spec.kind == "recorded":
            why = f": {choice.note}" if choice.note else ""
            raise UsageError(f"recordings can't be explored; expected rust or a driver{why}")
    with _players([choice.spec for choice in choices], options) as players:
        return _Explorer(options, file, players, console).run()


@contextmanager
def _players(specs: Sequence[PlayerSpec], options: ExploreOptions) -> Iterator[Sequence[Player]]:
    """Yield the players, here or in processes that play the schedules of a level in parallel."""
    if options.on is None and options.workers == 1:
        with open_players(specs, options.seconds) as players:
            yield players
    else:
        with remote_players(options.on, specs, options.seconds, options.workers) as remote:
            yield remote


class _Explorer:
    def __init__(
        self,
        options: ExploreOptions,
        file: ScenarioFile,
        players: Sequence[Player],
        console: Console,
    ) -> None:
        self._options = options
        self._file = file
        self._console = console
        self._sides = [ExploredSide(player, file) for player in players]

    def run(self) -> int:
        bound, limit = self._options.bound, self._options.limit
        for side in self._sides:
            skipped = skip_if_lacking(side.player, self._file)
            if skipped is not None:
                raise PortUnavailableError(f"{self._file.name} {skipped.reason}")
        try:
            for side in self._sides:
                self._explore(side, bound, limit)
            reference, *peers = self._sides
            for peer in peers:
                self._look_further(reference, peer)
        except UnsteadyError as error:
            self._say(f"nondeterministic: {error}")
            return 1
        for side in self._sides:
            self._show(side)
        stuck = [seen for side in self._sides for seen in side.stuck]
        impossible = [seen for peer in peers for seen in self._show_related(reference, peer)]
        return 1 if stuck or impossible else 0

    def _explore(self, side: ExploredSide, bound: int | None, limit: int) -> None:
        with self._console.status(f"{side.player.name}: exploring") as status:
            for visit in side.search.visits(bound=bound, limit=limit):
                side.take(visit)
                status.update(
                    f"{side.player.name}: {counted(side.search.visited, 'schedule')}, "
                    f"{visit.switches} switches, {counted(len(side.outcomes), 'outcome')}"
                )

    def _look_further(self, reference: ExploredSide, peer: ExploredSide) -> None:
        """Explore the reference further until it shows the peer's outcomes, or up to the limit."""
        missing = {key for key, seen in peer.outcomes.items() if seen.ending.kind == "trace"}
        missing -= reference.outcomes.keys()
        visits = reference.search.visits(bound=None, limit=self._options.limit)
        while missing and (visit := next(visits, None)) is not None:
            reference.take(visit)
            missing.discard(visit.result.key)

    def _show(self, side: ExploredSide) -> None:
        search = side.search
        left = f"; at least {search.waiting} more were not" if search.waiting else ", which is all"
        self._say(
            f"{side.player.name}: {counted(search.visited, 'schedule')} visited{left}; "
            f"up to {counted(side.longest, 'choice point')}, "
            f"{counted(len(side.outcomes), 'outcome')}"
        )
        for seen in side.outcomes.values():
            self._say(f"  {seen.count:>6} x {seen.ending.kind}, first by {seen.name}")
        for seen in side.stuck:
            self._say(f"{side.player.name}, by {seen.name}: {seen.ending.message}")
            self._say(f"    replay: {self._replay(side, seen)}")

    def _show_related(self, reference: ExploredSide, peer: ExploredSide) -> list[CountedOutcome]:
        """Print how the peer's outcomes relate to the reference's; return those that it lacks."""
        ours = {seen.key for seen in (each.ending for each in reference.outcomes.values())}
        reorders = [seen for key, seen in peer.outcomes.items() if key in ours]
        beyond = [
            seen
            for key, seen in peer.outcomes.items()
            if key not in ours and seen.ending.kind == "trace"
        ]
        only_ours = len(ours - peer.outcomes.keys())
        self._say(
            f"{counted(len(reorders), 'outcome')} of {peer.player.name} "
            f"{'is' if len(reorders) == 1 else 'are'} the reference's as well"
            + (f"; {only_ours} are the reference's alone, which is allowed" if only_ours else "")
        )
        for seen in reorders:
            theirs = reference.outcomes[seen.ending.key]
            if seen is not peer.default and theirs is not reference.default:
                self._say(f"  legal reorder: {seen.name}, in the reference {theirs.name}")
        sure = "not possible in the reference"
        if reference.search.waiting:
            sure = f"not found in {counted(reference.search.visited, 'schedule')} of the reference"
        for seen in beyond:
            self._say(
                f"{sure}: {seen.name}, {counted(seen.count, 'schedule')} of {peer.player.name}"
            )
            self._show_difference(reference.default, seen)
            self._say(f"    replay: {self._replay(peer, seen)}")
        return beyond

    def _show_difference(self, default: CountedOutcome, seen: CountedOutcome) -> None:
        if default.ending.trace is None or seen.ending.trace is None:
            return
        for each in compare(default.ending.trace, seen.ending.trace, "lanes").differences:
            ours, theirs = (
                event_text(event) if event else "nothing more"
                for event in (each.reference, each.peer)
            )
            self._say(
                f"    {each.channel}, lane {each.lane}, {each.ms} ms: by default the reference has "
                f"{ours}, here is {theirs}"
            )

    def _replay(self, side: ExploredSide, seen: CountedOutcome) -> str:
        return replay_line(
            self._file.path, side.player.name, reference=None, schedule=seen.schedule
        )

    def _say(self, text: str) -> None:
        self._console.print(text, soft_wrap=True, markup=False)
