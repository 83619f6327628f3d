"""The README's figures: the output of a run of the whole catalogue, derived from recordings.

A run in which both sides agree counts the events of each recording, so nothing need be played. CI
plays everything, and fails where a side no longer matches the recordings.
"""

from __future__ import annotations

import re
from collections import Counter
from io import StringIO
from typing import Final

from rich.console import Console

from parity.base import project
from parity.base.problems import UsageError
from parity.players.needs import skip_if_lacking
from parity.players.outcome import Played
from parity.players.recorded import RecordedPlayer
from parity.report.folder import PAGE
from parity.report.report import FILE_NAME, Footer
from parity.report.terminal.console import RunPrinter
from parity.spec.loading import load_all
from parity.spec.trace import CHANNEL_OF_KIND, CHANNELS

README: Final = project.ROOT / "README.md"
_MADE: Final = re.compile(
    r"(?<=^<!-- made by parity/app/readme.py -->\n```text\n).*?(?=^```$)", re.DOTALL | re.MULTILINE
)


def readme() -> str:
    """Return the README with its current figures.

    Raises:
        UsageError: It has no place for them, or a scenario's recording is missing or unreadable.
    """
    text, count = _MADE.subn(lambda _: run_summary(), README.read_text(encoding="utf-8"))
    if count != 1:
        raise UsageError(f"{README}: expected one place for a run's figures, got {count}")
    return text


def run_summary() -> str:
    """Return the last lines of a run of the whole catalogue on which both sides agree."""
    out = StringIO()
    printer = RunPrinter(Console(file=out, color_system=None), width=0, total=0)
    printer.totals(_footer(), str(project.REPORTS / FILE_NAME), str(project.REPORTS / PAGE))
    return out.getvalue()


def _footer() -> Footer:
    player = RecordedPlayer(project.RECORDED, None)
    agreements: Counter[str] = Counter()
    skips: Counter[str] = Counter()
    files = load_all([project.SCENARIOS])
    for file in files:
        skipped = skip_if_lacking(player, file)
        if skipped is not None:
            skips[f"python skipped it: {skipped.reason}"] += 1
            continue
        outcome = player.play(file)
        if not isinstance(outcome, Played):
            raise UsageError(
                f"{file.name} isn't recorded as it is now; run `monolith-parity record` first"
            )
        agreements.update(CHANNEL_OF_KIND[event.kind] for event in outcome.trace.events)
    return Footer(
        verdicts={"agree": len(files) - skips.total(), "skipped": skips.total()},
        agreements={channel: agreements[channel] for channel in CHANNELS},
        skips=dict(skips),
        interrupted=False,
        exit_code=0,
    )
