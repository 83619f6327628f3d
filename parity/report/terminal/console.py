"""The output of a run: what needs a look, by cause, and the totals; or a line per scenario."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from parity.base.terminal_text import counted
from parity.report.report import Footer, outcome_problems
from parity.spec.trace import event_text
from parity.verdict.causes import causes_of
from parity.verdict.record import EXIT_CODES, Record, Verdict

_STYLES: Final[dict[Verdict, str]] = {
    "agree": "green",
    "partial": "yellow",
    "known": "yellow",
    "skipped": "yellow",
    "not run": "yellow",
}
_BAD: Final = "bold red"


class RunPrinter:
    """Printer of a run as it goes; everything that it prints is in the report as well.

    On a terminal the last line shows how far it is, from ``__enter__`` to ``__exit__``.

    Args:
        console: The console to print on.
        width: The length of the longest name of a scenario.
        total: The number of scenarios.
        now: Returns monotonic seconds.
        verbose: True to print also scenarios that agree, and all details of each scenario.
    """

    def __init__(
        self,
        console: Console,
        width: int,
        total: int,
        now: Callable[[], float] = time.monotonic,
        *,
        verbose: bool = False,
    ) -> None:
        self._console = console
        self._width = width
        self._verbose = verbose
        self._failures = 0
        self._progress = Progress(
            MofNCompleteColumn(),
            BarColumn(),
            _RateColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[failures]}"),
            console=console,
            auto_refresh=False,  # It is refreshed with each scenario, and needs no thread.
            transient=True,
            get_time=now,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("", total=total, failures="")

    def __enter__(self) -> RunPrinter:
        self._progress.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._progress.stop()

    def note(self, text: str) -> None:
        """Print one line of information."""
        if text:
            self._line(Text(text, style="cyan"))

    def plain(self, text: str) -> None:
        """Print a line that another program reads."""
        self._line(Text(text))

    def record(self, record: Record) -> None:
        """Print a scenario that needs a look; if verbose, print any scenario, with details."""
        if self._verbose or EXIT_CODES[record.verdict]:
            self._scenario(record)
        if self._verbose:
            self._details(record)
        self._failures += EXIT_CODES[record.verdict] > 0
        failures = f"[bold red]{self._failures} not well" if self._failures else ""
        self._progress.update(self._task, advance=1, failures=failures, refresh=True)

    def causes(self, records: Iterable[Record]) -> None:
        """Print each cause of failures, with the smallest scenario that shows it."""
        for cause in causes_of(records):
            self._line(Text(str(cause), style=_BAD))
            if not self._verbose:
                self._details(cause.smallest)

    def _scenario(self, record: Record) -> None:
        events = sum(record.agreements.values())
        line = Text.assemble(
            (f"{record.verdict:<16}", _style(record.verdict)),
            f"{record.scenario:<{self._width}}",
            (f"  {events:>3} events equal" if events else "", "dim"),
        )
        self._line(line)

    def cached(self, records: Iterable[Record]) -> None:
        """Print how many traces came from earlier runs."""
        sides = Counter(side for record in records for side in record.cached)
        if sides:
            counts = ", ".join(f"{count} of the {side}" for side, count in sorted(sides.items()))
            self.note(f"traces played before and kept: {counts} (--no-cache plays everything)")

    def totals(self, footer: Footer, report: str, page: str) -> None:
        """Print the last lines."""
        channels = ", ".join(f"{name} {count}" for name, count in footer.agreements.items())
        if footer.agreements:
            self._line(Text(f"equal events by channel: {channels}", style="dim"))
        for reason, count in sorted(footer.skips.items()):
            self._line(Text(f"skipped, {count}: {reason}", style=_style("skipped")))
        for sentence in outcome_problems(footer):
            self._line(Text(sentence, style=_BAD))
        counts = ", ".join(f"{count} {verdict}" for verdict, count in footer.verdicts.items())
        if footer.interrupted:
            counts += "; interrupted"
        style = "bold green" if footer.exit_code == 0 and not footer.interrupted else _BAD
        self._line(
            Text(f"{counted(sum(footer.verdicts.values()), 'scenario')}: {counts}", style=style)
        )
        self._line(Text(f"report: {report}"))
        self._line(Text(f"to look at: {page}"))

    def _details(self, record: Record) -> None:
        for reason in record.reasons:
            self._line(Text(f"    {reason}"))
        for difference in record.differences:
            for label, events in (
                ("shared before", difference.before),
                ("reference next", difference.after_reference),
                ("peer next", difference.after_peer),
            ):
                for event in events:
                    text = f"    {difference.channel}, {label}: {event_text(event)}"
                    self._line(Text(text, style="dim"))
        if record.log_tail and record.verdict == "failed":  # Otherwise the page has it.
            self._line(Text("    the last lines of its log:"))
            for line in record.log_tail.splitlines():
                self._line(Text(f"      {line}", style="dim"))
        if record.not_compared:
            self._line(Text(f"    not compared: {', '.join(record.not_compared)}", style="dim"))
        if EXIT_CODES[record.verdict]:
            self._line(Text(f"    replay: {record.replay}", style="bold"))

    def _line(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)


class _RateColumn(ProgressColumn):
    """Column of scenarios per second."""

    def render(self, task: Task) -> Text:
        """Return the rate, or nothing as long as it isn't known."""
        return Text(f"{task.speed:.1f}/s" if task.speed else "")


def _style(verdict: Verdict) -> str:
    return _STYLES.get(verdict, _BAD)
