"""Results of the last runs, read from the folder of reports, without outdated ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
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
SCENARIOS: Final = "scenarios/**/*.yaml"
RUST: Final = (
    "monolith_hooks/**/*.proto",
    "monolith-rs/Cargo.*",
    "monolith-rs/crates/**/*.rs",
    "monolith-rs/crates/*/Cargo.toml",
)
_CLUSTER_TESTS: Final = "tests/cluster/"


class CheckResult(Model):
    """One scenario, cell or test: whether it is good, and the verdict in its own words."""

    name: str
    good: bool
    said: str
    covers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """The results of one file; if they can't be trusted there are none, and a reason."""

    results: tuple[CheckResult, ...] = ()
    doubt: str | None = None


@dataclass(frozen=True)
class Results:
    """The results of all runs.

    ``scenarios`` are those of ``monolith-parity run``; for one that both players skipped the
    cluster's result counts. ``cluster`` are those that the cluster played with its peer.
    """

    scenarios: Source
    cluster: Source
    cells: Source
    rust_tests: Source
    python_tests: Source
    cluster_tests: Source

    def tests_of(self, pattern: str) -> Source:
        """Return the file of results that has the Python tests of this pattern."""
        return self.cluster_tests if pattern.startswith(_CLUSTER_TESTS) else self.python_tests


def read_check_results(folder: Path, root: Path) -> Results:
    """Read the results that exist; one older than the sources below ``root`` is doubted."""

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

    run = source(
        report.FILE_NAME,
        "monolith-parity run",
        (*PYTHON, *RUST, SCENARIOS),
        lambda path: map(_of_scenario, report.read_report(path).records),
    )
    cluster_tests = source(
        "cluster-tests.xml", "dev.py cluster", (*PYTHON, SCENARIOS, "tests/cluster/*.py"), _of_tests
    )
    return Results(
        scenarios=Source(tuple(_played(each, cluster_tests) for each in run.results), run.doubt),
        cluster=source(
            f"cluster/{report.FILE_NAME}",
            "dev.py cluster",
            (*PYTHON, SCENARIOS),
            lambda path: (
                _of_scenario(record)
                for record in report.read_report(path).records
                if record.verdict != "skipped"
            ),
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
        python_tests=source("tests.xml", "dev.py tests", (*PYTHON, "tests/**/*.py"), _of_tests),
        cluster_tests=cluster_tests,
    )


def _played(result: CheckResult, cluster_tests: Source) -> CheckResult:
    """Return the result of a scenario, or of its test on the cluster if the run skipped it."""
    if not result.said.startswith("skipped"):
        return result
    tests = [test for test in cluster_tests.results if test.name.endswith(f"[{result.name}]")]
    if not tests:
        doubt = cluster_tests.doubt or "the cluster didn't play it either"
        return result.model_copy(update={"said": f"{result.said}; {doubt}"})
    bad = next((test for test in tests if not test.good), None)
    said = f"{(bad or tests[0]).said} on the cluster"
    return result.model_copy(update={"good": bad is None, "said": said})


def _of_tests(path: Path) -> Iterator[CheckResult]:
    for test in read_junit(path):
        yield CheckResult(name=test.name, good=test.outcome == "passed", said=test.outcome)


def _of_scenario(record: Record) -> CheckResult:
    said = "; ".join((record.verdict, *record.reasons[:1]))
    good = record.verdict == "agree"
    return CheckResult(name=record.scenario, good=good, said=said, covers=record.covers)


def _of_cell(cell: InteropCell) -> CheckResult:
    """Return the result of a cell, named ``StopTraining/first (python to rust)``."""
    name = f"{cell.method}/{cell.case} ({cell.client} to {cell.server})"
    said = "; ".join((cell.verdict, *cell.reasons[:1]))
    return CheckResult(name=name, good=cell.verdict == "agree", said=said, covers=cell.covers)
