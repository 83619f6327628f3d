"""``monolith-parity interop``: every case in every pair, with a report and a matrix."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from parity.base import project
from parity.base.folder_lock import held
from parity.base.json_lines import JsonLinesWriter
from parity.base.problems import PortDoesNotCompileError, PortUnavailableError, UsageError
from parity.base.project import rust_source_digest
from parity.base.terminal_text import counted
from parity.interop.peers.driver_peer import DriverPeer
from parity.interop.peers.peer import InteropPeer
from parity.interop.playing import MissingPeer, play_cases
from parity.interop.report import (
    INTEROP_FILE,
    InteropCell,
    InteropHeader,
    interop_exit_code,
    make_interop_footer,
)
from parity.players.choose import PlayerSpec, choose_player, open_player
from parity.players.driver.player import DriverPlayer
from parity.players.environment import plain_umask
from parity.report.folder import render_again
from parity.report.terminal.matrix import matrix, skips, trouble
from parity.spec.capabilities import INTEROP


def interop(peer: str | None, report: Path, limit: float, console: Console) -> int:
    """Play every case in every pair of Python and the peer, and return the exit code.

    Raises:
        UsageError: The peer that was asked for can't take part by its nature.
        PortUnavailableError: It was asked for by name and isn't available here, doesn't compile,
            or stopped working, which ends the report.
        OutputError: The report can't be written.
    """
    with plain_umask():
        other = _other_peer(peer, limit)
        peers = [] if other is None else [other]
        try:
            peers.insert(0, _python_peer())
            with held(report, "--report"):
                try:
                    code = _play_all(peers, report, console)
                finally:
                    render_again(report)  # The page also shows the new matrix.
        except BaseException:
            _close(peers)
            raise
        wrong = [*_given_up(peers), *_close(peers)]
        if wrong:
            raise PortUnavailableError("\n".join(wrong))
        return code


def _close(peers: Sequence[InteropPeer | MissingPeer]) -> list[str]:
    """Close all of them, and return the errors."""
    return [
        wrong
        for each in peers
        if not isinstance(each, MissingPeer)
        if (wrong := each.close()) is not None
    ]


def _given_up(peers: Sequence[InteropPeer | MissingPeer]) -> list[str]:
    """Return why peers aren't started again, for those that aren't."""
    return [each.given_up for each in peers if isinstance(each, DriverPeer) and each.given_up]


def _play_all(peers: Sequence[InteropPeer | MissingPeer], report: Path, console: Console) -> int:
    note = "; ".join(each.reason for each in peers if isinstance(each, MissingPeer))
    header = InteropHeader(
        peers=tuple(each.name for each in peers),
        note=note,
        rust_source_digest=rust_source_digest(project.ROOT),
    )
    cells: list[InteropCell] = []
    interrupted = False
    with contextlib.closing(JsonLinesWriter(report / INTEROP_FILE, header)) as writer:
        try:
            for cell in play_cases(peers):
                cells.append(cell)
                writer.add(cell)
                if _given_up(peers):
                    interrupted = True
                    break
        except KeyboardInterrupt:
            interrupted = True
        code = max(interop_exit_code(cells), 3 if _given_up(peers) else 2 if interrupted else 0)
        footer = make_interop_footer(cells, interrupted=interrupted, exit_code=code)
        writer.finish(footer)
    counts = ", ".join(f"{count} {verdict}" for verdict, count in footer.verdicts.items())
    if interrupted:
        counts += "; interrupted"
    console.print(matrix(cells))
    for line in [*trouble(cells), *skips(cells)]:
        console.print(line, soft_wrap=True)
    style = "bold red" if code else "bold green"
    console.print(Text(f"{counted(len(cells), 'cell')}: {counts}", style=style), soft_wrap=True)
    console.print(Text(f"report: {project.shown(writer.path)}"), soft_wrap=True)
    return code


def open_peer(language: str, limit: float = 60.0) -> InteropPeer:
    """Open one peer: ``python``, or another that can take part in interop.

    Raises:
        PortUnavailableError: It isn't available here.
    """
    if language == "python":
        return _python_peer()
    peer = _other_peer(language, limit)
    if peer is None or isinstance(peer, MissingPeer):
        raise PortUnavailableError(f"{language} has no peer: {peer}")
    return peer


def _python_peer() -> InteropPeer:
    from parity.players.python.quiet import quiet_tensorflow  # noqa: PLC0415 - takes seconds

    quiet_tensorflow()
    from parity.interop.peers.python_peer import PythonPeer  # noqa: PLC0415

    return PythonPeer()


def _other_peer(asked: str | None, limit: float) -> InteropPeer | MissingPeer | None:
    """Open the requested peer, by default the Rust port, which may be missing."""
    try:
        spec = choose_player(asked or "rust").spec
    except PortDoesNotCompileError:
        raise
    except PortUnavailableError as error:
        if asked is None:
            return MissingPeer("rust", f"there is no Rust port here: {error}")
        raise
    if spec.kind == "python":
        return None
    return _driver_peer(spec, limit)


def _driver_peer(spec: PlayerSpec, limit: float) -> InteropPeer | MissingPeer:
    player = None if spec.kind == "recorded" else open_player(spec, limit, gives_up=True)
    if not isinstance(player, DriverPlayer):
        raise UsageError(
            f"{spec.kind} can't take part in interop, as it answers no calls; "
            "expected rust, python or a driver's command"
        )
    assert player.hello is not None  # It was started.
    if INTEROP not in player.hello.capabilities:
        player.close()
        return MissingPeer(player.name, f"{player.name} doesn't have the capability {INTEROP}")
    return DriverPeer(player)
