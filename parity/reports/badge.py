"""A badge that says how the last run went, as SVG."""

from __future__ import annotations

from typing import Final

from parity.report import Report
from parity.reports.signs import Tone
from parity.reports.templates import template
from parity.verdict import EXIT_CODES

_COLOURS: Final[dict[Tone, str]] = {"good": "#1a6b3a", "bad": "#b3201f", "idle": "#56606c"}
_CHARACTER: Final = 6.6
_PADDING: Final = 12


def render_badge(report: Report) -> str:
    """One line of words on a colour; the words alone say it as well."""
    bad = sum(EXIT_CODES[record.verdict] != 0 for record in report.records)
    verdicts = report.footer.verdicts
    agree, partial = verdicts.get("agree", 0) + verdicts.get("known", 0), verdicts.get("partial", 0)
    tone: Tone = "idle" if partial else "good"
    words = f"{agree} of {len(report.records)} agree" + (f", {partial} in part" * bool(partial))
    if bad:
        tone, words = "bad", f"{bad} of {len(report.records)} need a look"
    elif report.footer.interrupted:
        tone, words = "idle", f"interrupted, {words}"
    elif not agree and not partial:
        tone, words = "bad", "nothing was compared"
    elif report.footer.never_compared:
        tone, words = "bad", f"never compared: {', '.join(report.footer.never_compared)}"
    left, right = (_CHARACTER * len(text) + _PADDING for text in ("parity", words))
    return template("badge.svg.j2").render(
        words=words, left=round(left), right=round(right), colour=_COLOURS[tone]
    )
