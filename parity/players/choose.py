"""PlayerChoice and opening of players from the user's text, such as the value of ``--peer``."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal, get_args

from parity.base import content_cache, project
from parity.base.cargo_build import DriverBuild, build_driver
from parity.base.host import without_reference
from parity.base.model import Model
from parity.base.problems import (
    PortDoesNotCompileError,
    PortUnavailableError,
    UsageError,
    did_you_mean,
)
from parity.players.ahead import AheadPlayer
from parity.players.cached import CachedPlayer, KeptTraces, driver_identity, reference_identity
from parity.players.driver.player import DriverPlayer
from parity.players.driver.rust import rust_player
from parity.players.outcome import Player
from parity.players.recorded import RecordedPlayer, recorded_digests

PlayerKind = Literal["python", "hooks", "cluster", "rust", "recorded", "command"]
_NAMED: Final = tuple(kind for kind in get_args(PlayerKind) if kind != "command")


class PlayerSpec(Model):
    """Description of a player that can be passed to other processes.

    ``where`` is the built driver of ``rust``, the folder of ``recorded``, the file of
    ``hooks``, or the command line of ``command``. ``stands_in`` is the reason why the port
    can't be built, if ``recorded`` replaces it.
    """

    kind: PlayerKind
    where: str = ""
    stands_in: str = ""

    @property
    def asked(self) -> str:
        """The text with which a user selects the player."""
        if self.kind == "command":
            return self.where
        if self.kind in ("recorded", "hooks") and self.where:
            return f"{self.kind}:{self.where}"
        return self.kind


_CAN_FAIL: Final = ("rust", "command", "hooks")
"""The kinds of players that may not start: by a driver's or by foreign modules' fault."""


@dataclass(frozen=True)
class PlayerChoice:
    """The chosen player, and a line that explains the choice if it isn't obvious."""

    spec: PlayerSpec
    note: str = ""


def choose_player(asked: str | None, build: DriverBuild | None = None) -> PlayerChoice:
    """Choose a player, and build the Rust driver if it is needed.

    None chooses ``rust``, or ``recorded`` if the driver can't be built for a reason other
    than sources that don't compile. ``build`` is the driver's build, if it has begun.

    Raises:
        UsageError: There is no such player.
        PortDoesNotCompileError: The port's sources don't compile.
        PortUnavailableError: It was requested by name and isn't available on this machine.
    """
    if asked is None:
        try:
            return PlayerChoice(_rust(build))
        except PortDoesNotCompileError:
            raise
        except PortUnavailableError as error:
            note = f"recorded traces stand in for the Rust port: {error}{_unchecked('; ')}"
            return PlayerChoice(PlayerSpec(kind="recorded", stands_in=str(error)), note)
    spec = _by_name(asked, build)
    return PlayerChoice(spec, _unchecked() if spec == PlayerSpec(kind="recorded") else "")


def choose_reference(asked: str | None) -> PlayerChoice:
    """Choose the reference: ``python``, or ``recorded`` if that isn't installed.

    Raises:
        UsageError: There is no such player.
        PortUnavailableError: It was requested by name and isn't available on this machine.
    """
    missing = without_reference() if asked is None else None
    if missing is None:
        return choose_player(asked or "python")
    note = f"recorded traces stand in for the reference: {missing}{_unchecked('; ')}"
    return PlayerChoice(PlayerSpec(kind="recorded", stands_in=missing), note)


def choose_sides(
    reference: str | None, peer: str | None, build: DriverBuild | None = None
) -> tuple[PlayerChoice, PlayerChoice]:
    """Choose the two players that are compared; ``build`` as with ``choose_player``.

    Raises:
        UsageError: There is no such player.
        PortDoesNotCompileError: The port's sources don't compile.
        PortUnavailableError: One was requested by name and isn't available on this machine, or
            recordings would replace both, which would compare them with themselves.
    """
    sides = choose_reference(reference), choose_player(peer, build)
    ours, theirs = sides
    if ours.spec.stands_in and theirs.spec.kind == "recorded" and not theirs.spec.where:
        notes = "\n".join(side.note for side in sides if side.note)
        raise PortUnavailableError(f"{notes}\nnothing to compare; name a driver with --peer")
    return sides


def _unchecked(before: str = "") -> str:
    """Return a note on the project's recordings if the port's sources aren't available."""
    if project.SOURCES is not None:
        return ""
    made_from = ", ".join(recorded_digests(project.RECORDED))
    return f"{before}whether the traces are of today's port ({made_from}) isn't checked here"


def _by_name(asked: str, build: DriverBuild | None) -> PlayerSpec:
    kind, _, where = asked.partition(":")
    match kind:
        case "python" | "cluster" if not where:
            missing = without_reference()
            if missing is not None:
                raise PortUnavailableError(f"{kind}: {missing}")
            return PlayerSpec(kind=kind)
        case "hooks" if where:
            missing = without_reference()
            if missing is not None:
                raise PortUnavailableError(f"{kind}: {missing}")
            return PlayerSpec(kind="hooks", where=where)
        case "recorded" if not where:
            return PlayerSpec(kind="recorded")
        case "rust" if not where:
            return _rust(build)
        case "recorded":
            if not Path(where).is_dir():
                raise UsageError(f"{asked}: {where} is no folder; expected one with *.json")
            return PlayerSpec(kind="recorded", where=where)
    program, *arguments = _words(asked)
    hint = "" if arguments else did_you_mean(program, _NAMED)
    if hint and shutil.which(program) is None:
        raise PortUnavailableError(
            f"{asked}: there is no program {program}{hint}; expected {', '.join(_NAMED)} or a "
            "driver's command line"
        )
    return PlayerSpec(kind="command", where=asked)


def _words(command: str) -> list[str]:
    """Return the words of a command line, split as in a shell.

    Raises:
        UsageError: A quote isn't closed, or there is no word.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        reason = str(error)[:1].lower() + str(error)[1:]
        raise UsageError(f"{command}: expected a driver's command line, got {reason}") from None
    if not words or not words[0]:
        raise UsageError(f"{command!r}: expected rust, recorded or a driver's command line")
    return words


def _rust(build: DriverBuild | None) -> PlayerSpec:
    driver = build_driver(_sources(), _tell) if build is None else build.driver(_tell)
    return PlayerSpec(kind="rust", where=str(driver))


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")  # Not stdout, which may be a report.
    sys.stderr.flush()


def _sources() -> Path:
    if project.SOURCES is None:
        raise PortUnavailableError("an installed package doesn't have the port's sources")
    return project.SOURCES


def open_cached(spec: PlayerSpec, limit: float, *, gives_up: bool = False) -> Player:
    """Open a player like ``open_player``, which plays only what it hasn't played before.

    Where nothing is cached, such as traces of unknown sources, it plays everything. A driver can
    play ahead in both cases.

    Raises:
        PortUnavailableError: It can't be started.
    """
    kept = kept_traces(spec)
    if kept is not None and spec.kind == "python":
        # Opened when it first plays: TensorFlow's import takes seconds.
        return CachedPlayer(spec.kind, kept, partial(open_player, spec, limit))
    player = open_player(spec, limit, gives_up=gives_up)
    if isinstance(player, DriverPlayer):
        # Only of the port is it known that two processes of it don't get in each other's way.
        others = [player.another()] if spec.kind == "rust" and (os.cpu_count() or 1) > 1 else []
        player = AheadPlayer(player, *others)
    if kept is None:
        return player
    return CachedPlayer(spec.kind, kept, lambda: player, player)  # It has the sources of here.


def kept_traces(spec: PlayerSpec) -> KeptTraces | None:
    """Return where traces of this player are kept; None where they aren't, as in open_cached."""
    cache = content_cache.opened()
    if cache is None:
        return None
    if spec.kind == "python":
        return KeptTraces(reference_identity(), cache)
    if spec.kind == "rust":
        digest = project.rust_source_digest(_sources())
        return KeptTraces(driver_identity(spec.kind, digest), cache)
    return None


def open_player(spec: PlayerSpec, limit: float, *, gives_up: bool = False) -> Player:
    """Open a player; ``limit`` is in real seconds per answer.

    With ``gives_up`` a driver that goes wrong too many times in a row isn't started again.

    Raises:
        PortUnavailableError: It can't be started.
    """
    if spec.kind in ("python", "hooks"):
        from parity.players.python.quiet import quiet_tensorflow  # noqa: PLC0415 - takes seconds

        quiet_tensorflow()
        from parity.players.python import player as reference  # noqa: PLC0415

        limit = max(limit, reference.PLAY_SECONDS)  # A short one is for drivers that hang.
        ours = spec.kind == "python"
        return (
            reference.PythonPlayer(limit=limit)
            if ours
            else reference.player_of(Path(spec.where), _tell, limit)
        )
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


def open_all(
    specs: Sequence[PlayerSpec], limit: float, *, gives_up: bool = False, cached: bool = False
) -> list[Player]:
    """Open all of these players, or none; ``cached`` as with ``open_cached``.

    Raises:
        PortUnavailableError: One can't be started.
    """
    opens = open_cached if cached else open_player
    players: list[Player] = []
    try:
        for spec in specs:
            players += [opens(spec, limit, gives_up=gives_up)]
    except BaseException:
        close_players(players)
        raise
    return players


@contextmanager
def open_players(
    specs: Sequence[PlayerSpec], limit: float, *, gives_up: bool = False, cached: bool = False
) -> Iterator[list[Player]]:
    """Open players for the block as ``open_all`` does, and close them on every way out.

    Raises:
        PortUnavailableError: One can't be started, or went wrong when it was closed.
    """
    players = open_all(specs, limit, gives_up=gives_up, cached=cached)
    try:
        yield players
    except BaseException:
        close_players(players)
        raise
    wrong = close_players(players)
    if wrong:
        raise PortUnavailableError("\n".join(wrong))


def close_players(players: Sequence[Player]) -> list[str]:
    """Close all players, and return what went wrong."""
    return [wrong for player in players if (wrong := player.close())]


def open_drivers(specs: Sequence[PlayerSpec], limit: float) -> list[Player | None]:
    """Open the players that can fail to start, so that a run doesn't begin with one that does.

    The result has None for the others, which can't fail and may take seconds.

    Raises:
        PortUnavailableError: One can't be started.
    """
    drivers = [spec for spec in specs if spec.kind in _CAN_FAIL]
    opened = iter(open_all(drivers, limit, gives_up=True, cached=True))
    return [next(opened) if spec.kind in _CAN_FAIL else None for spec in specs]


def greet_drivers(specs: Sequence[PlayerSpec], limit: float) -> None:
    """Check that the drivers start; they will play in other processes.

    Raises:
        PortUnavailableError: One can't be started.
    """
    # A failure of the bye is ignored, as it will be found again in those processes.
    close_players([player for player in open_drivers(specs, limit) if player is not None])
