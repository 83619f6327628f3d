"""The cases of interop as a judge of a mutant, which is both client and server.

Run as ``python -m parity.mutation.judges.interop``, it has the monolith_hooks on PYTHONPATH call
itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from parity.interop.peers.peer import InteropPeer
from parity.interop.report import INTEROP_EXIT_CODES
from parity.mutation.judges.catalogue import ScenarioResult
from parity.players.environment import plain_umask

INTEROP: Final = "interop"
"""The name, used like a scenario's, of all cases of interop with the mutant on both ends."""
CASES: Final = "parity/interop"
"""The folder that the cases depend on."""


def first_red_cell(
    peer: InteropPeer, passed: Callable[[], None] = lambda: None
) -> tuple[str, str] | None:
    """Return the first case that the peer fails as both client and server, and why.

    ``passed`` is called after each case that it passes.
    """
    from parity.interop.playing import play_cases  # noqa: PLC0415 - imports what may be the mutant

    with plain_umask():
        for cell in play_cases([peer]):
            if INTEROP_EXIT_CODES[cell.verdict]:
                return f"{INTEROP}: {cell.method}/{cell.case}", next(
                    iter(cell.reasons), cell.verdict
                )
            passed()
    return None


def python_interop_seen(passed: Callable[[], None] = lambda: None) -> ScenarioResult:
    """Play the cases on the monolith_hooks that this process imports, until one is red."""
    from parity.interop.peers.python_peer import PythonPeer  # noqa: PLC0415 - likewise

    peer = PythonPeer()
    try:
        red = first_red_cell(peer, passed)
        peer.close()
    except Exception as error:  # noqa: BLE001 - any error makes it red
        red = INTEROP, f"the peer raised {type(error).__name__}: {error}"
    if red is None:
        return ScenarioResult(scenario=INTEROP, verdict="agree", reason="")
    return ScenarioResult(scenario=red[0], verdict="differs", reason=red[1])


if __name__ == "__main__":
    print(python_interop_seen().model_dump_json())  # noqa: T201 - read by killmatrix
