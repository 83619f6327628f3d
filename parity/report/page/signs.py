"""The signs of verdicts: a symbol and a tone beside the word, as colour alone says nothing."""

from __future__ import annotations

from typing import Final, Literal, get_args

from parity.verdict.record import EXIT_CODES, Verdict

Tone = Literal["good", "known", "idle", "bad"]

WORST_FIRST: Final[tuple[Verdict, ...]] = (
    "failed",
    "differs",
    "unexpected",
    "nondeterministic",
    "stale",
    "partial",
    "known",
    "skipped",
    "not run",
    "agree",
)
SIGNS: Final[dict[Verdict, str]] = {
    "agree": "✓",
    "partial": "◐",
    "known": "≈",
    "differs": "≠",
    "unexpected": "!",
    "stale": "↻",
    "nondeterministic": "~",
    "failed": "✕",
    "skipped": "»",
    "not run": "○",
}

assert set(WORST_FIRST) == set(SIGNS) == set(get_args(Verdict))


def tone(verdict: Verdict) -> Tone:
    """Return the verdict's tone."""
    if EXIT_CODES[verdict]:
        return "bad"
    match verdict:
        case "agree":
            return "good"
        case "known" | "partial":
            return "known"
        case _:
            return "idle"
