"""Results of the last runs, read from the folder of reports, without those that are out of date."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from parity.base.model import Model
from parity.base.problems import UsageError
from parity.interop import report as interop_report
from parity.interop.report import InteropCell
from parity.report import report
from parity.report.checklist.outcomes import read_junit, read_rust_tests
from parity.verdict.record import Record

PYTHON: Final = ("monolith_hooks/**/*.py", "fakes/**/*.py", "parity/**/*.py")
RUST: Final = (
    "monolith_hooks/**/*.proto",
    "monolith-rs/Cargo.*",
    "monolith-rs/crates/**/*.rs",
    "monolith-rs/crates/*/Cargo.toml",
)


class CheckResult(Model):
    """One scenario, cell or test: whether it is good, and the verdict in its own words."""

    name: str
    good: bool
    said: str
    covers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """The results of one file; none, and why, if they can't be believed."""

    results: tuple[CheckResult, ...] = ()
    doubt: str | None = None


@dataclass(frozen=True)
class Results:
    """The four files that runs leave."""

    scenarios: Source
    cells: Source
    rust_tests: Source
    python_tests: Source


def read_check_results(folder: Path, root: Path) -> Results:
    """Read what there is; a result older than the sources below ``root`` is doubted."""

    def source(
        name: str,
        made_by: str,
        patterns: Iterable[str],
        read: Callable[[Path], Iterable[CheckResult]],
    ) -> Source:
        path = folder / name
        if not path.exists():
            return Source(doubt=f"not run: there is no {name}; {made_by} makes it")
        newest = max(
            (each for pattern in patterns for each in root.glob(pattern)),
            key=lambda each: each.stat().st_mtime_ns,
            default=path,
        )
        if newest.stat().st_mtime_ns > path.stat().st_mtime_ns:
            changed = newest.relative_to(root)
            return Source(doubt=f"{name} is older than {changed}; {made_by} makes it anew")
        try:
            return Source(tuple(read(path)))
        except UsageError as error:
            return Source(doubt=str(error))

    return Results(
        scenarios=source(
            report.FILE_NAME,
            "monolith-parity run",
            (*PYTHON, *RUST, "scenarios/**/*.yaml"),
            lambda path: map(_of_scenario, report.read_report(path).records),
        ),
        cells=source(
            interop_report.INTEROP_FILE,
            "monolith-parity interop",
            (*PYTHON, *RUST),
            lambda path: map(_of_cell, interop_report.read_interop_report(path).records),
        ),
        rust_tests=source(
            "rust-tests.txt",
            "dev.py rust",
            RUST,
            lambda path: (
                CheckResult(name=test.name, good=test.outcome == "ok", said=test.outcome)
                for test in read_rust_tests(path)
            ),
        ),
        python_tests=source(
            "tests.xml",
            "dev.py tests",
            (*PYTHON, "tests/**/*.py"),
            lambda path: (
                CheckResult(name=test.name, good=test.outcome == "passed", said=test.outcome)
                for test in read_junit(path)
            ),
        ),
    )


def _of_scenario(record: Record) -> CheckResult:
    said = "; ".join((record.verdict, *record.reasons[:1]))
    good = record.verdict == "agree"
    return CheckResult(name=record.scenario, good=good, said=said, covers=record.covers)


def _of_cell(cell: InteropCell) -> CheckResult:
    """Named ``StopTraining/first (python to rust)``."""
    name = f"{cell.method}/{cell.case} ({cell.client} to {cell.server})"
    said = "; ".join((cell.verdict, *cell.reasons[:1]))
    return CheckResult(name=name, good=cell.verdict == "agree", said=said, covers=cell.covers)
