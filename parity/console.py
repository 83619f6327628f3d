"""What a run prints: a line a scenario, then what to look at, then totals."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.text import Text

from parity.report import Footer
from parity.verdict import EXIT_CODES, Record, Verdict

_STYLES: Final[dict[Verdict, str]] = {
    "agree": "green",
    "known": "yellow",
    "skipped": "yellow",
    "not run": "yellow",
}
_BAD: Final = "bold red"


class RunPrinter:
    """Prints a run as it goes; everything that it prints is in the report as well."""

    def __init__(self, console: Console, width: int) -> None:
        self._console = console
        self._width = width

    def note(self, text: str) -> None:
        """One line of information."""
        if text:
            self._line(Text(text, style="cyan"))

    def record(self, record: Record) -> None:
        """The line of a scenario, and why if it isn't plain."""
        events = sum(record.agreements.values())
        line = Text.assemble(
            (f"{record.verdict:<16}", _style(record.verdict)),
            f"{record.scenario:<{self._width}}",
            (f"  {events:>3} events equal" if events else "", "dim"),
        )
        self._line(line)
        self._details(record)

    def totals(self, footer: Footer, report: str, page: str) -> None:
        """The last lines."""
        channels = ", ".join(f"{name} {count}" for name, count in footer.agreements.items())
        if footer.agreements:
            self._line(Text(f"equal events by channel: {channels}", style="dim"))
        counts = ", ".join(f"{count} {verdict}" for verdict, count in footer.verdicts.items())
        if footer.interrupted:
            counts += "; interrupted"
        style = "bold green" if footer.exit_code == 0 and not footer.interrupted else _BAD
        self._line(Text(f"{sum(footer.verdicts.values())} scenarios: {counts}", style=style))
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
                    text = f"    {difference.channel}, {label}: {event}"
                    self._line(Text(text, style="dim"))
        if record.log_tail:
            self._line(Text("    the last lines of its log:"))
            for line in record.log_tail.splitlines():
                self._line(Text(f"      {line}", style="dim"))
        if record.not_compared:
            self._line(Text(f"    not compared: {', '.join(record.not_compared)}", style="dim"))
        if EXIT_CODES[record.verdict]:
            self._line(Text(f"    replay: {record.replay}", style="bold"))

    def _line(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)


def _style(verdict: Verdict) -> str:
    return _STYLES.get(verdict, _BAD)
