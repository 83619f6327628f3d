"""Judges a peer by interop: each case says what is right, so that nobody else is needed."""

from __future__ import annotations

from collections.abc import Callable

from parity.interop.cells import EXIT_CODES
from parity.interop.peer import InteropPeer
from parity.interop.run import play
from parity.mutants.outcome import INTEROP
from parity.players.environment import plain_umask


def first_red_cell(
    peer: InteropPeer, passed: Callable[[], None] = lambda: None
) -> tuple[str, str] | None:
    """The first case that the peer doesn't pass as client and server of itself, and why.

    ``passed`` is called after each case before it.
    """
    with plain_umask():
        for cell in play([peer]):
            if EXIT_CODES[cell.verdict]:
                return f"{INTEROP}: {cell.method}/{cell.case}", next(
                    iter(cell.reasons), cell.verdict
                )
            passed()
    return None
