"""Export of the traces of a report's scenarios for trace viewers."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from parity.base.files import check_within, write_whole
from parity.base.problems import UsageError
from parity.base.terminal_text import shortened
from parity.report.report import Report
from parity.report.viewers import chrome_trace, perfetto_trace
from parity.spec.names import LONGEST_SCENARIO_NAME
from parity.verdict.record import Record


def export_traces(report: Report, scenarios: Sequence[str], out: Path) -> list[Path]:
    """Write ``NAME.pftrace`` for Perfetto and ``NAME.json`` for chrome://tracing per scenario.

    Without names, every scenario that was played is exported.

    Raises:
        UsageError: There is no such scenario in the report, or it has no trace.
        OutputError: A file can't be written.
    """
    written = []
    for record in _chosen(report, scenarios):
        _check_inside(record.scenario, out)
        path = out / f"{record.scenario}.pftrace"
        beside = out / f"{record.scenario}.json"
        write_whole(path, perfetto_trace(record))
        write_whole(beside, chrome_trace(record))
        written += [path, beside]
    return written


def _check_inside(name: str, out: Path) -> None:
    """Refuse a name that leads out of ``out``, as it can through a symbolic link."""
    try:
        check_within((out / name).parent, out)
    except ValueError as error:
        raise UsageError(f"{out / name}: {error}") from None


def _chosen(report: Report, scenarios: Sequence[str]) -> list[Record]:
    records = {record.scenario: record for record in report.records}
    if not scenarios:
        played = [record for record in records.values() if record.trace is not None]
        if not played:
            raise UsageError("no scenario of this report has a trace; a run that played would")
        return played
    for name in scenarios:
        if name not in records:
            near = get_close_matches(name[:LONGEST_SCENARIO_NAME], records, n=1)
            right = near[0] if near else f"one of its {len(records)} scenarios"
            raise UsageError(f"{shortened(name)}: not in this report; expected {right}")
        if records[name].trace is None:
            raise UsageError(f"{name}: has no trace, its verdict is {records[name].verdict}")
    return [records[name] for name in scenarios]
