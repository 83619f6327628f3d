"""Pytest plugin that collects scenario files: ``pytest -p parity.pytest_plugin scenarios/``.

Each file is one item, which passes or fails by its verdict. The record is an attribute of
the test report, so that xdist's workers return it too; as a user property it would also be
in junit.xml, with its traces. The reason why a player can't play any more, which ends the
session, is returned in the same way. Errors of closing the players, after the last item,
are returned as a worker's output.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from parity.base import project
from parity.base.model import frozen
from parity.base.problems import OutputError, PortUnavailableError, ScenarioError, UsageError
from parity.players.choose import PlayerSpec, choose_player, close_players, open_all
from parity.players.outcome import Player
from parity.spec.loading import ScenarioFile, load_scenario, scenario_name
from parity.spec.schedules import parse_schedule
from parity.verdict.causes import what_is_wrong
from parity.verdict.compare import parse_channels, shared_channels
from parity.verdict.judge import Judge
from parity.verdict.known import KnownDifferences, catalogue
from parity.verdict.record import EXIT_CODES, Record, was_compared

_TOLD: Final = (UsageError, PortUnavailableError, OutputError)
"""Errors whose message is enough, without a traceback."""
RECORD: Final = "parity_record"
UNAVAILABLE: Final = "parity_unavailable"
_JUDGE: Final = pytest.StashKey[Judge]()
_WRONG_AT_THE_END: Final = "parity_wrong_at_the_end"
_WRONG: Final = pytest.StashKey[list[str]]()
_ONLY: Final = pytest.StashKey[frozenset[str]]()


class ParityFailure(Exception):  # noqa: N818 - pytest prints it as a failure
    """A scenario with a failing verdict."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the players."""
    group = parser.getgroup("parity")
    group.addoption("--parity-reference", default=None, help="the reference player")
    group.addoption("--parity-peer", default=None, help="the peer")
    group.addoption("--parity-seed", default=None, type=int, help="the seed of the order")
    group.addoption("--parity-schedule", default=None, help="the schedule, by name")
    group.addoption("--parity-limit", default=60.0, type=float, help="seconds per answer")
    group.addoption("--parity-channels", default=None, help="channels to compare the peer by")
    known = str(project.KNOWN_DIFFERENCES)
    group.addoption("--parity-known", default=known, help="the file of known differences")
    group.addoption("--parity-root", default=[], action="append", help="folders that name files")
    group.addoption("--parity-only", default=[], action="append", help="files, and no others")


@pytest.hookimpl(tryfirst=True)
def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Pass over what ``--parity-only`` doesn't name, without a look into other folders."""
    only = _only(config)
    return (str(collection_path) not in only) if only else None


def _only(config: pytest.Config) -> frozenset[str]:
    """Return the files that are to be collected and all folders above them; empty means all."""
    if _ONLY not in config.stash:
        files = [Path(file) for file in config.getoption("--parity-only")]
        named = (each for file in files for each in (file, *file.parents))
        config.stash[_ONLY] = frozenset(map(str, named))
    return config.stash[_ONLY]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect scenario files of the requested folders."""
    if file_path.suffix == ".yaml" and file_path.name != project.KNOWN_DIFFERENCES.name:
        # For a file elsewhere, pytest's own node id would lack its path.
        nodeid = os.path.relpath(file_path, parent.config.rootpath)
        return ScenarioFileCollector.from_parent(parent, path=file_path, nodeid=nodeid)
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put items in the order in which they were asked for, and check the known differences.

    Raises:
        pytest.UsageError: There are known differences of scenarios that don't exist.
    """
    place = {file: i for i, file in enumerate(config.getoption("--parity-only"))}
    items.sort(key=lambda item: place.get(str(item.path), -1))
    collected = [item for item in items if isinstance(item, ScenarioItem)]
    if collected:
        try:
            known = KnownDifferences.load(Path(config.getoption("--parity-known")))
            known.check_names(catalogue() | {item.scenario for item in collected})
        except ScenarioError as error:
            raise pytest.UsageError(str(error)) from None


class HandedOn:
    """A plugin with what a run has before the session: scenarios, the reference and the peer.

    A player that wasn't opened is None. The creator of this plugin closes the players, unless
    ``complete`` has returned them. ``begin`` is called with each scenario that will be played,
    in that order, before any is.
    """

    def __init__(
        self,
        players: Sequence[Player | None] = (None, None),
        files: Iterable[ScenarioFile] = (),
        begin: Callable[[ScenarioFile], None] | None = None,
    ) -> None:
        self.players = list(players)
        self._begin = begin
        self._files = {file.path.resolve(): file for file in files}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Begin what was selected."""
        if self._begin is not None:
            for item in session.items:
                if isinstance(item, ScenarioItem):
                    self._begin(self.load(item.path, item.root))

    def load(self, path: Path, root: Path) -> ScenarioFile:
        """Return the scenario of a file, which is read unless that was done before.

        Raises:
            ScenarioError: It isn't valid.
        """
        return self._files.get(path) or load_scenario(path, root)

    def complete(self, specs: Sequence[PlayerSpec], limit: float) -> tuple[Player, Player]:
        """Open the missing players, and return both, which the caller must then close.

        Raises:
            PortUnavailableError: One can't be started.
        """
        missing = [i for i, player in enumerate(self.players) if player is None]
        opened = open_all([specs[i] for i in missing], limit, gives_up=True, cached=True)
        for i, player in zip(missing, opened, strict=True):
            self.players[i] = player
        reference, peer = self.players
        self.players = [None, None]
        assert reference is not None
        assert peer is not None
        return reference, peer


class ScenarioFileCollector(pytest.File):
    """Collector of the one item of a file."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield the item, which has the scenario's name."""
        roots = [Path(root) for root in self.config.getoption("--parity-root")]
        inside = [root for root in roots if self.path.is_relative_to(root.resolve())]
        root = inside[0] if inside else project.SCENARIOS
        yield ScenarioItem.from_parent(self, name=self.path.stem, root=root)


class ScenarioItem(pytest.Item):
    """Test item that plays one scenario on both sides."""

    def __init__(self, *, root: Path, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.root: Final = root
        self.scenario: Final = scenario_name(self.path, root)
        self.record: Record | None = None

    def runtest(self) -> None:
        """Judge the scenario, keep the record, and fail or skip by its verdict.

        Raises:
            PortUnavailableError: A player can't play any more; the session ends.
        """
        try:
            file = _handed_on(self.config).load(self.path, self.root)
            record = _judge(self.config).judge(file)
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
            what = f"{record.verdict}: {what_is_wrong(record)}"
            raise ParityFailure("\n".join((what, *record.reasons, record.replay)))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return only the message for a verdict or an error the user can fix."""
        if isinstance(excinfo.value, (ParityFailure, *_TOLD)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return the location and name for pytest's listing."""
        return self.path, 0, self.name


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach the record to the report, or the reason why a player can't play any more."""
    report = yield
    if report.when == "call" and isinstance(item, ScenarioItem):
        if item.record is not None:
            # xdist returns a report as JSON.
            is_worker = hasattr(item.config, "workerinput")
            setattr(report, RECORD, item.record.model_dump_json() if is_worker else item.record)
        if call.excinfo is not None and isinstance(call.excinfo.value, PortUnavailableError):
            setattr(report, UNAVAILABLE, str(call.excinfo.value))
    return report


class _ComparedCounter:
    """Counter of a session's scenarios and of those compared, including xdist's workers."""

    def __init__(self) -> None:
        self._scenarios = self._compared = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count the record of a scenario that was judged."""
        record = record_of(report)
        if record is not None:
            self._scenarios += 1
            self._compared += was_compared(record) or EXIT_CODES[record.verdict] > 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Give a session in which nothing was compared the exit status of an empty one."""
        passed = session.exitstatus == pytest.ExitCode.OK
        if passed and self._scenarios and not self._compared:
            session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED


def pytest_configure(config: pytest.Config) -> None:
    """Count the scenarios' results, except in xdist's workers, which leave it to the controller."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_ComparedCounter())


def record_of(report: pytest.TestReport) -> Record | None:
    """Return the record of a test report, or None."""
    record: Record | str | None = getattr(report, RECORD, None)
    if isinstance(record, str):
        return Record.model_validate(frozen(json.loads(record)))
    return record


def unavailable_of(report: pytest.TestReport) -> str:
    """Return the reason why a player can't play any more, or empty text."""
    return getattr(report, UNAVAILABLE, "")


def wrong_at_the_end(config: pytest.Config) -> list[str]:
    """Return the errors of closing the players, each once."""
    wrong: list[str] = config.stash.setdefault(_WRONG, [])
    return list(dict.fromkeys(wrong))


def _judge(config: pytest.Config) -> Judge:
    """Return the judge of this process, whose players are opened once."""
    if _JUDGE not in config.stash:
        limit = config.getoption("--parity-limit")
        schedule = config.getoption("--parity-schedule")
        asked = (config.getoption("--parity-reference"), config.getoption("--parity-peer"))
        specs = [_spec(asked[0] or "python"), _spec(asked[1])]
        reference, peer = _handed_on(config).complete(specs, limit)
        config.stash[_JUDGE] = Judge(
            reference=reference,
            peer=peer,
            known=KnownDifferences.load(Path(config.getoption("--parity-known"))),
            seed=config.getoption("--parity-seed"),
            schedule=None if schedule is None else parse_schedule(schedule),
            channels=shared_channels(
                parse_channels(config.getoption("--parity-channels")), peer.channels
            ),
        )
    return config.stash[_JUDGE]


def _handed_on(config: pytest.Config) -> HandedOn:
    plugins = config.pluginmanager.get_plugins()
    found = [plugin for plugin in plugins if isinstance(plugin, HandedOn)]
    return found[0] if found else HandedOn()


def _spec(option: str | None) -> PlayerSpec:
    """Return the player of the user's text, or the one that ``monolith-parity run`` chose."""
    if option is not None and option.startswith("{"):
        return PlayerSpec.model_validate_json(option)
    return choose_player(option).spec


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Close the players, and fail the session if that goes wrong."""
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
    """Collect the errors of an xdist worker; one that was killed has none."""
    output = getattr(node, "workeroutput", {})
    _take_wrong(node.config, output.get(_WRONG_AT_THE_END, []))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the errors of closing the players."""
    for line in wrong_at_the_end(config):
        terminalreporter.write_line(line)


def _take_wrong(config: pytest.Config, wrong: list[str]) -> None:
    config.stash.setdefault(_WRONG, []).extend(wrong)
