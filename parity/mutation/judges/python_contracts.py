"""The contracts of tests/contracts as a judge of a mutant of monolith_hooks, in this process.

Run as ``python -m parity.mutation.judges.python_contracts``, it judges the monolith_hooks on
PYTHONPATH.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import pytest

from parity.base import project
from parity.mutation.judges.catalogue import ScenarioResult

CONTRACTS: Final = "contracts"
"""The name, used like a scenario's, of the tests that fakes and real things both pass."""
PYTHON_CONTRACTS: Final = "tests/contracts"
OPTION_TESTS: Final = tuple(
    f"tests/monolith_hooks/{name}.py"
    for name in (
        "test_held_barrier",
        "test_resilient_watch",
        "test_run_metrics",
        "server/test_access",
        "server/test_channels",
        "server/test_credentials",
        "server/test_operations",
    )
)
"""The tests of options that the original doesn't have, which are contracts as well. They come
first, as they take seconds."""
_STDOUT, _STDERR = 1, 2
_OPTIONS: Final = ("-x", "-q", "-p", "no:cacheprovider", "-W", "default")
"""Pytest's options: stop at the first failure; a forked process's warnings are no failures."""


def contracts_seen(passed: Callable[[], None]) -> ScenarioResult:
    """Run the contracts until one fails, and call ``passed`` after each before it.

    While they run, whatever writes to standard output writes to standard error.
    """
    options = [path for each in OPTION_TESTS if (path := project.ROOT / each).exists()]
    tests = map(str, (*options, project.ROOT / PYTHON_CONTRACTS))
    with _stdout_kept() as kept:
        watcher = _Watcher(lambda: _on_stdout(kept, passed))
        root = [f"--rootdir={project.ROOT}", "-c", str(project.ROOT / "pyproject.toml")]
        status = pytest.main([*root, *_OPTIONS, *tests], plugins=[watcher])
    if watcher.red is not None:
        name, reason = watcher.red
        by = f"{CONTRACTS}: {name.removeprefix(f'{PYTHON_CONTRACTS}/')}"
        return ScenarioResult(scenario=by, verdict="differs", reason=reason)
    if status != pytest.ExitCode.OK:
        reason = f"pytest exited with {int(status)}"
        return ScenarioResult(scenario=CONTRACTS, verdict="failed", reason=reason)
    return ScenarioResult(scenario=CONTRACTS, verdict="agree", reason="")


class _Watcher:
    """Pytest plugin that remembers the first failure."""

    def __init__(self, passed: Callable[[], None]) -> None:
        self._passed = passed
        self.red: tuple[str, str] | None = None

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember a module that can't be imported."""
        self._see(report)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember a test that failed."""
        self._see(report)
        if report.when == "call" and report.passed:
            self._passed()

    def _see(self, report: pytest.CollectReport | pytest.TestReport) -> None:
        if report.failed and self.red is None:
            lines = str(report.longrepr).strip().splitlines()
            self.red = report.nodeid, lines[-1] if lines else "it failed"


@contextmanager
def _stdout_kept() -> Iterator[int]:
    """Redirect standard output to standard error, and yield a descriptor of the former."""
    kept = os.dup(_STDOUT)
    os.dup2(_STDERR, _STDOUT)
    try:
        yield kept
    finally:
        os.dup2(kept, _STDOUT)
        os.close(kept)


def _on_stdout(kept: int, tell: Callable[[], None]) -> None:
    """Call ``tell`` with the original standard output restored."""
    current = os.dup(_STDOUT)
    os.dup2(kept, _STDOUT)
    try:
        tell()
    finally:
        os.dup2(current, _STDOUT)
        os.close(current)


def _main() -> None:
    # Imported before pytest puts the project first on the path, so that it is the mutant.
    import monolith_hooks  # noqa: F401, PLC0415

    seen = contracts_seen(passed=lambda: None)
    print(seen.model_dump_json())  # noqa: T201 - read by killmatrix


if __name__ == "__main__":
    _main()
