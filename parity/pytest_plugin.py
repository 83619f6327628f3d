"""pytest collects scenario files as tests: ``pytest -p parity.pytest_plugin scenarios/``.

Each file is one item; its verdict decides whether it passes. The record travels as an
attribute of the test report, so that it also comes back from xdist's workers; as a
user property it would be in junit.xml as well, traces and all. So does the reason why a
player can play nothing any more, which ends the session; what goes wrong when the players
are closed, after the last item, comes back as a worker's output.
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from parity.base import project
from parity.base.model import frozen
from parity.base.problems import OutputError, PortUnavailableError, ScenarioError, UsageError
from parity.players.choose import PlayerSpec, choose_player, close_players, open_all
from parity.players.outcome import Player
from parity.spec.loading import load_scenario, scenario_name
from parity.spec.schedules import parse_schedule
from parity.verdict.compare import parse_channels
from parity.verdict.judge import Judge
from parity.verdict.known import KnownDifferences, catalogue
from parity.verdict.verdict import EXIT_CODES, Record, was_compared

_TOLD: Final = (UsageError, PortUnavailableError, OutputError)
"""Errors that say all there is to say."""
RECORD: Final = "parity_record"
UNAVAILABLE: Final = "parity_unavailable"
_JUDGE: Final = pytest.StashKey[Judge]()
_WRONG_AT_THE_END: Final = "parity_wrong_at_the_end"
_WRONG: Final = pytest.StashKey[list[str]]()


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
    group.addoption("--parity-channels", default=None, help="channels to compare the peer by")
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


class HandedOnPlayers:
    """A plugin with the reference and the peer that were opened before the session.

    None is in the place of one that wasn't. They are to be closed by whoever made this,
    unless they were asked for.
    """

    def __init__(self, players: Sequence[Player | None] = (None, None)) -> None:
        self.players = list(players)

    def complete(self, specs: Sequence[PlayerSpec], limit: float) -> tuple[Player, Player]:
        """Both, of which those that are missing are opened; they are the caller's now.

        Raises:
          PortUnavailableError: one can't be started.
        """
        missing = [i for i, player in enumerate(self.players) if player is None]
        opened = open_all([specs[i] for i in missing], limit, gives_up=True)
        for i, player in zip(missing, opened, strict=True):
            self.players[i] = player
        reference, peer = self.players
        self.players = [None, None]
        assert reference is not None
        assert peer is not None
        return reference, peer


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
        """Judge, keep the record, and fail or skip as it says.

        Raises:
          PortUnavailableError: a player can play nothing any more; the session ends.
        """
        try:
            record = _judge(self.config).judge(load_scenario(self.path, self._root))
        except PortUnavailableError as error:
            self.session.shouldstop = str(error)
            raise
        self.record = record
        self.user_properties.append(("verdict", record.verdict))
        if record.not_compared:
            self.user_properties.append(("not compared", ", ".join(record.not_compared)))
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
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Send the record along, or why there is none and won't be any more."""
    report = yield
    if report.when == "call" and isinstance(item, ScenarioItem):
        if item.record is not None:
            setattr(report, RECORD, item.record.model_dump_json())
        if call.excinfo is not None and isinstance(call.excinfo.value, PortUnavailableError):
            setattr(report, UNAVAILABLE, str(call.excinfo.value))
    return report


class _Compared:
    """Counts the scenarios of a session and those that were compared, from xdist's workers too."""

    def __init__(self) -> None:
        self._scenarios = self._compared = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Look at the record of a scenario that was judged."""
        record = record_of(report)
        if record is not None:
            self._scenarios += 1
            self._compared += was_compared(record) or EXIT_CODES[record.verdict] > 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """End a session in which nothing was compared as one that collected nothing."""
        passed = session.exitstatus == pytest.ExitCode.OK
        if passed and self._scenarios and not self._compared:
            session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED


def pytest_configure(config: pytest.Config) -> None:
    """Watch what comes of the scenarios; xdist's workers leave that to their controller."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Compared())


def record_of(report: pytest.TestReport) -> Record | None:
    """The record that came with a test report."""
    text = getattr(report, RECORD, None)
    return None if text is None else Record.model_validate(frozen(json.loads(text)))


def unavailable_of(report: pytest.TestReport) -> str:
    """Why a player can play nothing any more, if this report says so."""
    return getattr(report, UNAVAILABLE, "")


def wrong_at_the_end(config: pytest.Config) -> list[str]:
    """What went wrong when the players were closed, once each."""
    wrong: list[str] = config.stash.setdefault(_WRONG, [])
    return list(dict.fromkeys(wrong))


def _judge(config: pytest.Config) -> Judge:
    """The players of this process, opened once."""
    if _JUDGE not in config.stash:
        limit = config.getoption("--parity-limit")
        schedule = config.getoption("--parity-schedule")
        asked = (config.getoption("--parity-reference"), config.getoption("--parity-peer"))
        specs = [_spec(asked[0] or "python"), _spec(asked[1])]
        reference, peer = _handed_on(config).complete(specs, limit)
        config.stash[_JUDGE] = Judge(
            reference=reference,
            peer=peer,
            known=KnownDifferences.load(project.KNOWN_DIFFERENCES),
            seed=config.getoption("--parity-seed"),
            schedule=None if schedule is None else parse_schedule(schedule),
            channels=parse_channels(config.getoption("--parity-channels")),
        )
    return config.stash[_JUDGE]


def _handed_on(config: pytest.Config) -> HandedOnPlayers:
    plugins = config.pluginmanager.get_plugins()
    found = [plugin for plugin in plugins if isinstance(plugin, HandedOnPlayers)]
    return found[0] if found else HandedOnPlayers()


def _spec(option: str | None) -> PlayerSpec:
    """What the user wrote, or what ``monolith-parity run`` has settled on already."""
    if option is not None and option.startswith("{"):
        return PlayerSpec.model_validate_json(option)
    return choose_player(option).spec


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Give the players back; a session in which that goes wrong isn't well."""
    config = session.config
    judge = config.stash.get(_JUDGE, None)
    if judge is not None:
        del config.stash[_JUDGE]
        _take_wrong(config, close_players([judge.reference, judge.peer]))
    if hasattr(config, "workeroutput"):
        config.workeroutput[_WRONG_AT_THE_END] = wrong_at_the_end(config)
    if wrong_at_the_end(config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a worker of xdist has to say; one that was killed says nothing."""
    output = getattr(node, "workeroutput", {})
    _take_wrong(node.config, output.get(_WRONG_AT_THE_END, []))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say what went wrong at the end."""
    for line in wrong_at_the_end(config):
        terminalreporter.write_line(line)


def _take_wrong(config: pytest.Config, wrong: list[str]) -> None:
    config.stash.setdefault(_WRONG, []).extend(wrong)
