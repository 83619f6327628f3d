"""pytest collects scenario files as tests: ``pytest -p parity.pytest_plugin scenarios/``.

Each file is one item; its verdict decides whether it passes. The record travels as an
attribute of the test report, so that it also comes back from xdist's workers; as a
user property it would be in junit.xml as well, traces and all.
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from parity import project
from parity.judge import Judge
from parity.known import KnownDifferences, catalogue
from parity.loading import load_scenario, scenario_name
from parity.model import frozen
from parity.peers import PlayerSpec, choose_player, open_player
from parity.players.outcome import Player
from parity.problems import OutputError, PortUnavailableError, ScenarioError, UsageError
from parity.schedules import parse_schedule
from parity.verdict import EXIT_CODES, Record

_TOLD: Final = (UsageError, PortUnavailableError, OutputError)
"""Errors that say all there is to say."""
RECORD: Final = "parity_record"
_JUDGE: Final = pytest.StashKey[Judge]()


class ParityFailure(Exception):  # noqa: N818 - pytest prints it as a failure
    """A scenario whose verdict isn't good."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Who plays."""
    group = parser.getgroup("parity")
    group.addoption("--parity-reference", default=None, help="the reference player")
    group.addoption("--parity-peer", default=None, help="the peer")
    group.addoption("--parity-seed", default=None, type=int, help="the seed of the order")
    group.addoption("--parity-schedule", default=None, help="the schedule, by name")
    group.addoption("--parity-limit", default=60.0, type=float, help="seconds per answer")
    group.addoption("--parity-root", default=[], action="append", help="folders that name files")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Scenario files, of the folders that were asked for."""
    if file_path.suffix == ".yaml" and file_path.name != project.KNOWN_DIFFERENCES.name:
        # Of a file elsewhere pytest would make a node id without its path.
        nodeid = os.path.relpath(file_path, parent.config.rootpath)
        return ScenarioFileCollector.from_parent(parent, path=file_path, nodeid=nodeid)
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse known differences of scenarios that there are not, before anything is played."""
    collected = [item for item in items if isinstance(item, ScenarioItem)]
    if collected:
        try:
            known = KnownDifferences.load(project.KNOWN_DIFFERENCES)
            known.check_names(catalogue() | {item.scenario for item in collected})
        except ScenarioError as error:
            raise pytest.UsageError(str(error)) from None


class ScenarioFileCollector(pytest.File):
    """One file, one item."""

    def collect(self) -> Iterator[pytest.Item]:
        """The item; its name is the scenario's."""
        roots = [Path(root) for root in self.config.getoption("--parity-root")]
        inside = [root for root in roots if self.path.is_relative_to(root.resolve())]
        root = inside[0] if inside else project.SCENARIOS
        yield ScenarioItem.from_parent(self, name=self.path.stem, root=root)


class ScenarioItem(pytest.Item):
    """Plays one scenario on both sides."""

    def __init__(self, *, root: Path, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._root = root
        self.scenario: Final = scenario_name(self.path, root)
        self.record: Record | None = None

    def runtest(self) -> None:
        """Judge, keep the record, and fail or skip as it says."""
        record = _judge(self.config).judge(load_scenario(self.path, self._root))
        self.record = record
        if record.verdict == "skipped":
            pytest.skip("; ".join(record.reasons))
        if EXIT_CODES[record.verdict]:
            raise ParityFailure("\n".join((record.verdict, *record.reasons, record.replay)))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Just the reasons where it is a verdict, or the user's to mend."""
        if isinstance(excinfo.value, (ParityFailure, *_TOLD)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """What pytest's own listing calls it."""
        return self.path, None, self.name


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Send the record along."""
    report = yield
    if report.when == "call" and isinstance(item, ScenarioItem) and item.record is not None:
        setattr(report, RECORD, item.record.model_dump_json())
    return report


def record_of(report: pytest.TestReport) -> Record | None:
    """The record that came with a test report."""
    text = getattr(report, RECORD, None)
    return None if text is None else Record.model_validate(frozen(json.loads(text)))


def _judge(config: pytest.Config) -> Judge:
    """The players of this process, opened once."""
    if _JUDGE not in config.stash:
        limit = config.getoption("--parity-limit")
        reference = config.getoption("--parity-reference") or "python"
        schedule = config.getoption("--parity-schedule")
        config.stash[_JUDGE] = Judge(
            reference=open_player(_spec(reference), limit),
            peer=open_player(_spec(config.getoption("--parity-peer")), limit),
            known=KnownDifferences.load(project.KNOWN_DIFFERENCES),
            seed=config.getoption("--parity-seed"),
            schedule=None if schedule is None else parse_schedule(schedule),
        )
    return config.stash[_JUDGE]


def _spec(option: str | None) -> PlayerSpec:
    """What the user wrote, or what ``monolith-parity run`` has settled on already."""
    if option is not None and option.startswith("{"):
        return PlayerSpec.model_validate_json(option)
    return choose_player(option).spec


def pytest_unconfigure(config: pytest.Config) -> None:
    """Give the players back."""
    judge = config.stash.get(_JUDGE, None)
    if judge is not None:
        players: tuple[Player, Player] = (judge.reference, judge.peer)
        for player in players:
            player.close()
