"""The selection of scenarios to play: a shard of them, or those that failed last."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from parity.base import project
from parity.base.problems import UsageError
from parity.base.terminal_text import counted
from parity.report.report import FILE_NAME, Report, read_report
from parity.spec.loading import ScenarioFile
from parity.verdict.record import EXIT_CODES

PARTIAL: Final = project.REPORTS / "partial"
"""Report folder of a run of a part of the catalogue, so that a whole run's report stays."""


@dataclass(frozen=True)
class Shard:
    """One of several parts of the scenarios, which together are all of them."""

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read a text such as ``2/5``.

        Raises:
            UsageError: It isn't a shard.
        """
        found = re.fullmatch(r"([1-9]\d{0,5})/([1-9]\d{0,5})", text, re.ASCII)
        shard = cls(*map(int, found.groups())) if found else None
        if shard is None or shard.number > shard.count:
            raise UsageError(f"--shard {text}: expected I/N with I from 1 to N, such as 2/5")
        return shard


def selected(files: list[ScenarioFile], shard: Shard | None, *, last: bool) -> list[ScenarioFile]:
    """Return this shard of the files that failed last, or of all if none did.

    Each shard has every N-th scenario by name, as those of one folder take about equally long.

    Raises:
        UsageError: There is no last run, or none of the files is in the shard.
    """
    if last:
        failed = _failed_last()
        files = [file for file in files if file.name in failed] or files
    if shard is None:
        return files
    by_name = sorted(files, key=lambda file: file.name)
    ours = by_name[shard.number - 1 :: shard.count]
    if not ours:
        raise UsageError(
            f"--shard {shard.number}/{shard.count}: no scenario is left for it; "
            f"expected at most {counted(len(files), 'shard')}"
        )
    return ours


def _failed_last() -> frozenset[str]:
    reports = [*map(_report, (project.REPORTS, PARTIAL))]
    last = max(filter(None, reports), key=lambda report: report.header.began, default=None)
    if last is None:
        raise UsageError(f"--last-failed: there is no report of a run in {project.REPORTS}/")
    return frozenset(each.scenario for each in last.records if EXIT_CODES[each.verdict])


def _report(folder: Path) -> Report | None:
    file = folder / FILE_NAME
    return read_report(file) if file.is_file() else None


def check_found(files: Sequence[ScenarioFile], keyword: str | None, played: int) -> None:
    """Refuse a keyword that matches no scenario.

    Raises:
        UsageError: Nothing was played.
    """
    if keyword is not None and not played:
        raise UsageError(f"-k {keyword}: it matches none of {counted(len(files), 'scenario')}")
