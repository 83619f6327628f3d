"""What is said of one case in one pair of languages, and of all of them."""

from __future__ import annotations

from typing import Final, Literal

from parity.model import Model

Verdict = Literal["agree", "differs", "failed", "skipped"]

EXIT_CODES: Final[dict[Verdict, int]] = {"agree": 0, "skipped": 0, "differs": 1, "failed": 3}


class InteropCell(Model):
    """One case with one language calling and another one serving.

    Of messages, ``client`` is who writes and ``server`` who reads. ``method`` is an
    RPC, a message, or what else the row of the matrix is about; ``covers`` names the
    facts of docs/behaviour.md that it is evidence for. ``reasons`` are whole
    sentences: what was expected and what was got, or why it was skipped.
    """

    client: str
    server: str
    method: str
    case: str
    covers: tuple[str, ...] = ()
    verdict: Verdict
    reasons: tuple[str, ...] = ()


def exit_code(cells: list[InteropCell]) -> int:
    """The worst of them; failing to take part outweighs differing."""
    return max((EXIT_CODES[cell.verdict] for cell in cells), default=0)
