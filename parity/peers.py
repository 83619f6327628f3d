"""From what a user writes after ``--peer`` to a player."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from parity import project
from parity.model import Model
from parity.players.driver import DriverPlayer
from parity.players.outcome import Player
from parity.players.recorded import RecordedPlayer, recorded_digests
from parity.players.rust import build_driver, rust_player
from parity.problems import PortUnavailableError, UsageError


class PlayerSpec(Model):
    """Which player, in a form that can be handed to other processes.

    ``where`` is the built driver of ``rust``, the folder of ``recorded``, or the
    command line of ``command``.
    """

    kind: Literal["python", "cluster", "rust", "recorded", "command"]
    where: str = ""

    @property
    def asked(self) -> str:
        """What a user writes to have it."""
        if self.kind == "command":
            return self.where
        return f"recorded:{self.where}" if self.kind == "recorded" and self.where else self.kind


@dataclass(frozen=True)
class Choice:
    """A player that was settled on, and a line that says why, where it isn't plain."""

    spec: PlayerSpec
    note: str = ""


def choose_player(asked: str | None) -> Choice:
    """Settle on a player; builds the Rust driver where it is the one.

    Without a wish it is ``rust`` where that can be built, else ``recorded``.

    Raises:
      UsageError: no such player.
      PortUnavailableError: it was asked for by name and can't be had here.
    """
    if asked is None:
        try:
            return Choice(_rust())
        except PortUnavailableError as error:
            note = f"recorded traces stand in for the Rust port: {error}{_unchecked('; ')}"
            return Choice(PlayerSpec(kind="recorded"), note)
    spec = _by_name(asked)
    return Choice(spec, _unchecked() if spec == PlayerSpec(kind="recorded") else "")


def _unchecked(before: str = "") -> str:
    """What is not known of our own recordings where the port's sources aren't here."""
    if project.SOURCES is not None:
        return ""
    made_from = ", ".join(recorded_digests(project.RECORDED))
    return f"{before}whether the traces are of today's port ({made_from}) isn't checked here"


def _by_name(asked: str) -> PlayerSpec:
    kind, _, where = asked.partition(":")
    match kind:
        case "python" | "cluster" | "recorded" if not where:
            return PlayerSpec(kind=kind)
        case "rust" if not where:
            return _rust()
        case "recorded":
            if not Path(where).is_dir():
                raise UsageError(f"{asked}: {where} is no folder; one with *.json would be right")
            return PlayerSpec(kind="recorded", where=where)
    if not shlex.split(asked):
        raise UsageError("no player is named; rust, recorded or a command would be right")
    return PlayerSpec(kind="command", where=asked)


def _rust() -> PlayerSpec:
    return PlayerSpec(kind="rust", where=str(build_driver(_sources())))


def _sources() -> Path:
    if project.SOURCES is None:
        raise PortUnavailableError("an installed package doesn't have the port's sources")
    return project.SOURCES


def open_player(spec: PlayerSpec, limit: float) -> Player:
    """Make the player ready; ``limit`` is in real seconds per answer.

    Raises:
      PortUnavailableError: it can't be started.
    """
    if spec.kind == "python":
        from parity.players.quiet import quiet_tensorflow  # noqa: PLC0415 - takes seconds

        quiet_tensorflow()
        from parity.players.python import PythonPlayer  # noqa: PLC0415

        return PythonPlayer()
    if spec.kind == "cluster":
        from parity.players.quiet import quiet_tensorflow  # noqa: PLC0415 - takes seconds

        quiet_tensorflow()
        from parity.players.cluster import ClusterPlayer  # noqa: PLC0415

        return ClusterPlayer(limit)
    if spec.kind == "rust":
        return rust_player(_sources(), Path(spec.where), limit)
    if spec.kind == "recorded":
        if spec.where:
            return RecordedPlayer(Path(spec.where), sources=None)
        return RecordedPlayer(project.RECORDED, sources=project.SOURCES)
    player = DriverPlayer(spec.where, shlex.split(spec.where), limit)
    player.start()
    return player
