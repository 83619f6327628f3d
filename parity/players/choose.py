"""From what a user writes after ``--peer`` to a player."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from parity.base import project
from parity.base.host import without_reference
from parity.base.model import Model
from parity.base.problems import PortDoesNotCompileError, PortUnavailableError, UsageError
from parity.players.driver.player import DriverPlayer
from parity.players.driver.rust import build_driver, rust_player
from parity.players.outcome import Player
from parity.players.recorded import RecordedPlayer, recorded_digests


class PlayerSpec(Model):
    """Which player, in a form that can be handed to other processes.

    ``where`` is the built driver of ``rust``, the folder of ``recorded``, or the
    command line of ``command``. ``stands_in`` is why the port can't be built, where
    ``recorded`` stands in for it.
    """

    kind: Literal["python", "cluster", "rust", "recorded", "command"]
    where: str = ""
    stands_in: str = ""

    @property
    def asked(self) -> str:
        """What a user writes to have it."""
        if self.kind == "command":
            return self.where
        return f"recorded:{self.where}" if self.kind == "recorded" and self.where else self.kind


_DRIVERS: Final = ("rust", "command")


@dataclass(frozen=True)
class Choice:
    """A player that was settled on, and a line that says why, where it isn't plain."""

    spec: PlayerSpec
    note: str = ""


def choose_player(asked: str | None) -> Choice:
    """Settle on a player; builds the Rust driver where it is the one.

    Without a wish it is ``rust``, or ``recorded`` where that can't be built for want of
    something else than sources that compile.

    Raises:
      UsageError: no such player.
      PortDoesNotCompileError: the port's sources are wrong.
      PortUnavailableError: it was asked for by name and can't be had here.
    """
    if asked is None:
        try:
            return Choice(_rust())
        except PortDoesNotCompileError:
            raise
        except PortUnavailableError as error:
            note = f"recorded traces stand in for the Rust port: {error}{_unchecked('; ')}"
            return Choice(PlayerSpec(kind="recorded", stands_in=str(error)), note)
    spec = _by_name(asked)
    return Choice(spec, _unchecked() if spec == PlayerSpec(kind="recorded") else "")


def choose_reference(asked: str | None) -> Choice:
    """Settle on the reference: ``python``, or ``recorded`` where that isn't installed.

    Raises:
      UsageError: no such player.
      PortUnavailableError: it was asked for by name and can't be had here.
    """
    missing = without_reference() if asked is None else None
    if missing is None:
        return choose_player(asked or "python")
    note = f"recorded traces stand in for the reference: {missing}{_unchecked('; ')}"
    return Choice(PlayerSpec(kind="recorded", stands_in=missing), note)


def choose_sides(reference: str | None, peer: str | None) -> tuple[Choice, Choice]:
    """Settle on the two players that are compared.

    Raises:
      UsageError: no such player.
      PortDoesNotCompileError: the port's sources are wrong.
      PortUnavailableError: one was asked for by name and can't be had here, or recordings
        would stand in for both, which would compare them with themselves.
    """
    sides = choose_reference(reference), choose_player(peer)
    ours, theirs = sides
    if ours.spec.stands_in and theirs.spec.kind == "recorded" and not theirs.spec.where:
        notes = "\n".join(side.note for side in sides if side.note)
        raise PortUnavailableError(f"{notes}\nnothing to compare; name a driver with --peer")
    return sides


def _unchecked(before: str = "") -> str:
    """What is not known of our own recordings where the port's sources aren't here."""
    if project.SOURCES is not None:
        return ""
    made_from = ", ".join(recorded_digests(project.RECORDED))
    return f"{before}whether the traces are of today's port ({made_from}) isn't checked here"


def _by_name(asked: str) -> PlayerSpec:
    kind, _, where = asked.partition(":")
    match kind:
        case "python" | "cluster" if not where:
            missing = without_reference()
            if missing is not None:
                raise PortUnavailableError(f"{kind}: {missing}")
            return PlayerSpec(kind=kind)
        case "recorded" if not where:
            return PlayerSpec(kind="recorded")
        case "rust" if not where:
            return _rust()
        case "recorded":
            if not Path(where).is_dir():
                raise UsageError(f"{asked}: {where} is no folder; one with *.json would be right")
            return PlayerSpec(kind="recorded", where=where)
    _words(asked)
    return PlayerSpec(kind="command", where=asked)


def _words(command: str) -> list[str]:
    """The words of a command line, as a shell would have them.

    Raises:
      UsageError: a quote isn't closed, or there is no word.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        reason = str(error)[:1].lower() + str(error)[1:]
        raise UsageError(f"{command}: expected a driver's command line, got {reason}") from None
    if not words or not words[0]:
        raise UsageError(f"{command!r}: expected rust, recorded or a driver's command line")
    return words


def _rust() -> PlayerSpec:
    return PlayerSpec(kind="rust", where=str(build_driver(_sources(), _tell)))


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")  # Not stdout, which may be a report.
    sys.stderr.flush()


def _sources() -> Path:
    if project.SOURCES is None:
        raise PortUnavailableError("an installed package doesn't have the port's sources")
    return project.SOURCES


def open_player(spec: PlayerSpec, limit: float, *, gives_up: bool = False) -> Player:
    """Make the player ready; ``limit`` is in real seconds per answer.

    With ``gives_up`` a driver that goes wrong too often in a row isn't started again.

    Raises:
      PortUnavailableError: it can't be started.
    """
    if spec.kind == "python":
        from parity.players.python.quiet import quiet_tensorflow  # noqa: PLC0415 - takes seconds

        quiet_tensorflow()
        from parity.players.python.player import PythonPlayer  # noqa: PLC0415

        return PythonPlayer()
    if spec.kind == "cluster":
        from parity.players.python.quiet import quiet_tensorflow  # noqa: PLC0415 - takes seconds

        quiet_tensorflow()
        from parity.players.cluster.player import ClusterPlayer  # noqa: PLC0415

        return ClusterPlayer(limit)
    if spec.kind == "rust":
        return rust_player(_sources(), Path(spec.where), limit, gives_up=gives_up)
    if spec.kind == "recorded":
        if spec.where:
            return RecordedPlayer(Path(spec.where), sources=None)
        return RecordedPlayer(project.RECORDED, project.SOURCES, spec.stands_in)
    player = DriverPlayer(spec.where, _words(spec.where), limit, gives_up=gives_up)
    player.start()
    return player


def open_all(specs: Sequence[PlayerSpec], limit: float, *, gives_up: bool = False) -> list[Player]:
    """Make players ready, all of them or none.

    Raises:
      PortUnavailableError: one can't be started.
    """
    players: list[Player] = []
    try:
        for spec in specs:
            players += [open_player(spec, limit, gives_up=gives_up)]
    except BaseException:
        close_players(players)
        raise
    return players


@contextmanager
def open_players(
    specs: Sequence[PlayerSpec], limit: float, *, gives_up: bool = False
) -> Iterator[list[Player]]:
    """Make players ready, and close them on every way out.

    Raises:
      PortUnavailableError: one can't be started, or went wrong when it was closed.
    """
    players = open_all(specs, limit, gives_up=gives_up)
    try:
        yield players
    except BaseException:
        close_players(players)
        raise
    wrong = close_players(players)
    if wrong:
        raise PortUnavailableError("\n".join(wrong))


def close_players(players: Sequence[Player]) -> list[str]:
    """Close all of them; what went wrong with that."""
    return [wrong for player in players if (wrong := player.close())]


def open_drivers(specs: Sequence[PlayerSpec], limit: float) -> list[Player | None]:
    """Make those ready that are drivers, so that nothing is begun with one that fails.

    The others, in whose place is None, can't fail, and may take seconds.

    Raises:
      PortUnavailableError: one can't be started.
    """
    drivers = [spec for spec in specs if spec.kind in _DRIVERS]
    opened = iter(open_all(drivers, limit, gives_up=True))
    return [next(opened) if spec.kind in _DRIVERS else None for spec in specs]


def greet_drivers(specs: Sequence[PlayerSpec], limit: float) -> None:
    """Start those that are drivers only to greet them: they are to play in other processes.

    Raises:
      PortUnavailableError: one can't be started.
    """
    # A bye that fails now does so again there.
    close_players([player for player in open_drivers(specs, limit) if player is not None])
