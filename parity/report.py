"""The report of a run: JSON lines, a header, one record a scenario, and a footer.

The footer says that the report is whole; a report without one is truncated, and
reading it is an error. Every other report is made from this one.
"""

from __future__ import annotations

import contextlib
import platform
from collections import Counter
from importlib import metadata
from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from parity import project
from parity.compare import CHANNELS
from parity.json_lines import JsonLinesWriter, check_totals, read_whole
from parity.model import Model
from parity.problems import UsageError
from parity.trace import Channel
from parity.verdict import Record, Verdict

FORMAT: Final = 2
FILE_NAME: Final = "report.jsonl"
_NAMED_VERSIONS: Final = (project.NAME, "tensorflow", "grpcio", "protobuf")


class Header(Model):
    """What was going to be played, by whom, when (ISO 8601, UTC), and on which versions."""

    kind: Literal["header"] = "header"
    format: int = FORMAT
    reference: str
    peer: str
    note: str
    seed: int | None
    scenarios: int
    rust_source_digest: str
    began: str = ""
    versions: dict[str, str] = Field(default_factory=dict)


class Footer(Model):
    """What came of it; ``empty_channels`` had no event on either side in a whole catalogue."""

    kind: Literal["footer"] = "footer"
    verdicts: dict[Verdict, int]
    agreements: dict[Channel, int]
    empty_channels: tuple[Channel, ...] = ()
    interrupted: bool
    exit_code: int


class Report(Model):
    """A whole report."""

    header: Header
    records: tuple[Record, ...]
    footer: Footer


class ReportWriter(JsonLinesWriter):
    """Writes the report into a folder."""

    def __init__(self, folder: Path, header: Header) -> None:
        super().__init__(folder / FILE_NAME, header)


def versions() -> dict[str, str]:
    """What plays here; nothing is imported to find out."""
    found = {"python": platform.python_version()}
    for name in _NAMED_VERSIONS:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def empty_channels(records: list[Record]) -> tuple[Channel, ...]:
    """The channels in which neither side showed an event in any of the traces compared."""
    compared = [record for record in records if record.agreements]
    if not compared:
        return ()
    agree = {channel for record in compared for channel, n in record.agreements.items() if n}
    differ = {difference.channel for record in compared for difference in record.differences}
    return tuple(channel for channel in CHANNELS if channel not in agree | differ)


def make_footer(
    records: list[Record],
    *,
    interrupted: bool,
    exit_code: int,
    empty_channels: tuple[Channel, ...] = (),
) -> Footer:
    """Totals of these records."""
    agreements: Counter[Channel] = Counter()
    for record in records:
        agreements.update(record.agreements)
    return Footer(
        verdicts=dict(Counter(record.verdict for record in records)),
        agreements=dict(agreements),
        empty_channels=empty_channels,
        interrupted=interrupted,
        exit_code=exit_code,
    )


def read_report(path: Path) -> Report:
    """Read a whole report.

    Raises:
      UsageError: it is truncated, no report, or doesn't add up.
    """
    report = read_whole(path, Report, FORMAT, lambda record: record.scenario)
    if len(report.records) != report.header.scenarios:
        raise UsageError(
            f"{path}: expected {report.header.scenarios} records as its header says, got "
            f"{len(report.records)}"
        )
    counted = make_footer(list(report.records), interrupted=False, exit_code=0)
    check_totals(path, report.footer, counted, ("verdicts", "agreements"))
    return report
