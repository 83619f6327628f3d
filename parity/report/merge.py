"""The merging of shards' reports into one, as if one run had played them all."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from parity.base.files import write_whole
from parity.base.folder_lock import held
from parity.base.problems import UsageError
from parity.report.checklist.outcomes import read_xml
from parity.report.folder import JUNIT, begin_report, report_file, write_rendered
from parity.report.report import Header, Report, make_footer, read_report
from parity.verdict.record import Record

_ESSENTIALS: Final = (
    "format",
    "reference",
    "peer",
    "seed",
    "channels",
    "rust_source_digest",
    "versions",
)


def merge(folders: Sequence[Path], out: Path) -> Report:
    """Write the joined report and everything that is rendered from it into ``out``.

    A scenario that one shard lists as not run may have been played by another; no
    scenario may have been played twice.

    Raises:
        UsageError: The reports aren't of one run's shards, or one can't be read.
        OutputError: The joined report can't be written.
    """
    if os.path.realpath(out) in map(os.path.realpath, folders):
        raise UsageError(f"{out}: this is one of the shards; choose another folder")
    files = [report_file(folder) for folder in folders]
    report = merged(dict(zip(map(str, folders), map(read_report, files), strict=True)))
    junit = _merged_junit([file.parent / JUNIT for file in files])
    with held(out, "--out"):
        writer = begin_report(out, report.header)
        for record in report.records:
            writer.add(record)
        writer.finish(report.footer)
        write_rendered(report, out)
        if junit is not None:
            write_whole(out / JUNIT, junit)
    return report


def merged(reports: dict[str, Report]) -> Report:
    """Return the joined report of several, which are given by the names of the shards.

    Raises:
        UsageError: They aren't of one run's shards.
    """
    header = _header(reports)
    records = _records(reports)
    header = header.model_copy(update={"scenarios": len(records)})
    interrupted = any(report.footer.interrupted for report in reports.values())
    footer = make_footer(header, records, interrupted=interrupted)
    return Report(header=header, records=records, footer=footer)


def _header(reports: dict[str, Report]) -> Header:
    """Check that all shards are of one run, and return the joined header."""
    (first_name, first), *others = ((name, report.header) for name, report in reports.items())
    for name, header in others:
        for key in _ESSENTIALS:
            ours, theirs = getattr(first, key), getattr(header, key)
            if ours != theirs:
                raise UsageError(
                    f"{name}: {key} is {theirs}, in {first_name} it is {ours}; "
                    "expected shards of one run"
                )
    headers = [report.header for report in reports.values()]
    notes = dict.fromkeys(header.note for header in headers if header.note)
    began = min(header.began for header in headers)
    catalogue = any(header.catalogue for header in headers)
    return first.model_copy(
        update={"began": began, "catalogue": catalogue, "note": "; ".join(notes)}
    )


def _records(reports: dict[str, Report]) -> tuple[Record, ...]:
    found: dict[str, tuple[str, Record]] = {}
    for name, report in reports.items():
        for record in report.records:
            earlier = found.get(record.scenario)
            if earlier is None or earlier[1].verdict == "not run":
                found[record.scenario] = (name, record)
            elif record.verdict != "not run":
                raise UsageError(
                    f"{record.scenario}: played in {earlier[0]} and in {name}; "
                    "expected each scenario in one shard"
                )
    return tuple(record for _, record in found.values())


def _merged_junit(sources: Sequence[Path]) -> bytes | None:
    """Return the test suites of all shards that have a junit.xml, one after the other."""
    suites = ET.Element("testsuites")
    for source in sources:
        if os.path.lexists(source):
            suites.extend(read_xml(source).iter("testsuite"))
    if not len(suites):
        return None
    return ET.tostring(suites, encoding="utf-8", xml_declaration=True)
