"""A parity run: pytest plays the scenarios, and this module prints and reports the results."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import pytest
from rich.console import Console

from parity.app.selection import PARTIAL, Shard, check_found, selected
from parity.base import project
from parity.base.cargo_build import DriverBuild
from parity.base.files import write_whole
from parity.base.folder_lock import held
from parity.base.problems import PortUnavailableError, UsageError
from parity.base.project import rust_source_digest
from parity.players.ahead import begin
from parity.players.choose import (
    PlayerChoice,
    PlayerSpec,
    choose_sides,
    close_players,
    open_drivers,
)
from parity.players.outcome import Player
from parity.players.remote import remote_players
from parity.pytest_plugin import HandedOn, record_of, unavailable_of, wrong_at_the_end
from parity.report.folder import JUNIT, PAGE, begin_report, write_rendered
from parity.report.report import Header, Report, ReportWriter, make_footer, versions
from parity.report.terminal.console import RunPrinter
from parity.report.terminal.github import annotation_lines, write_job_summary
from parity.spec.injections import injections
from parity.spec.loading import ScenarioFile, find_scenarios, load_all
from parity.spec.schedules import Schedule, schedule_name
from parity.spec.trace import CHANNELS, Channel
from parity.verdict.compare import COMPARED_CHANNELS, ComparedChannel, shared_channels
from parity.verdict.known import KnownDifferences, catalogue, check_known
from parity.verdict.record import Record, Verdict, was_compared
from parity.verdict.replay_line import replay_line


@dataclass(frozen=True)
class RunOptions:
    """Options of ``monolith-parity run``.

    ``report`` None is the default folder. ``on`` is the scheduler to play on, as for ``executor``,
    instead of ``workers``.
    """

    paths: Sequence[Path]
    peer: str | None
    reference: str | None
    workers: int
    keyword: str | None
    report: Path | None
    seed: int | None
    limit: float
    as_json: bool
    schedule: Schedule | None = None
    channels: tuple[ComparedChannel, ...] = COMPARED_CHANNELS
    verbose: bool = False
    shard: Shard | None = None
    last_failed: bool = False
    known: Path | None = None
    on: str | None = None

    @property
    def partial(self) -> bool:
        """True if only a part of the catalogue is played."""
        return bool(self.paths or self.keyword or self.shard or self.last_failed)

    @property
    def folder(self) -> Path:
        """Folder of the report."""
        return self.report or (PARTIAL if self.partial else project.REPORTS)


def run(options: RunOptions, console: Console, build: DriverBuild | None = None) -> int:
    """Play every scenario on both sides, and return the exit code.

    ``build`` is the build of the driver, if it has begun.

    Raises:
        UsageError: Something that was given is wrong.
        PortUnavailableError: A player isn't available, and nothing was played; or one stopped
            working, and the report says so.
        OutputError: The report can't be written.
    """
    return play(options, console, build).footer.exit_code


def play(options: RunOptions, console: Console, build: DriverBuild | None = None) -> Report:
    """Play every scenario on both sides, and write a report; ``build`` is as in ``run``.

    An earlier run's report, with its page and everything else that was made from it, is
    replaced once the first record of this run is written.

    Raises:
        UsageError: Something that was given is wrong.
        PortUnavailableError: A player isn't available, and nothing was played; or one stopped
            working, and the report says so.
        OutputError: The report can't be written.
    """
    files = selected(load_all(options.paths), options.shard, last=options.last_failed)
    known = check_known(files, options.known)
    reference, peer = choose_sides(options.reference, options.peer, build)
    with _begun([reference.spec, peer.spec], files, options) as (handed_on, has):
        options = replace(options, channels=shared_channels(options.channels, has))
        with held(options.folder, "--report"):
            return _play(options, files, known, reference, peer, handed_on, console)


def _play(
    options: RunOptions,
    files: Sequence[ScenarioFile],
    known: KnownDifferences,
    reference: PlayerChoice,
    peer: PlayerChoice,
    handed_on: HandedOn,
    console: Console,
) -> Report:
    header = Header(
        reference=reference.spec.kind,
        peer=peer.spec.kind,
        note="; ".join(filter(None, (reference.note, peer.note))),
        seed=options.seed,
        scenarios=len(files),
        catalogue=not (options.paths or options.shard or options.last_failed),
        channels=options.channels,
        rust_source_digest=rust_source_digest(project.SOURCES) if project.SOURCES else "unknown",
        began=datetime.now(UTC).isoformat(timespec="seconds"),
        versions=versions(),
    )
    printer = RunPrinter(
        Console(file=open(os.devnull, "w")) if options.as_json else console,  # noqa: SIM115
        width=max(len(file.name) for file in files),
        total=len(files),
        verbose=options.verbose,
    )
    printer.note(header.note)
    results = _Results(
        files,
        begin=lambda: begin_report(options.folder, header),
        printer=printer,
        replay=lambda file: replay_line(
            file.path,
            peer.spec.asked,
            reference=reference.spec.asked,
            seed=options.seed,
            schedule=options.schedule,
        ),
    )
    with tempfile.TemporaryDirectory(prefix="parity-junit-") as folder:
        # A temporary file, so that a report folder that can't be written is no internal error of
        # pytest.
        junit = Path(folder) / JUNIT
        args = _pytest_args(options, files, reference, peer, junit)
        # xdist's workers don't report an invalid -k, so it is checked here first.
        status = pytest.main([*args, "-n", "0", "--collect-only"]) if options.keyword else 0
        if status != pytest.ExitCode.USAGE_ERROR:
            with printer:
                status = pytest.main(args, plugins=[results, handed_on])
        results.raise_failure()
        if status != pytest.ExitCode.INTERRUPTED and not results.gone_wrong:
            check_found(files, options.keyword, len(results.records))
        if status == pytest.ExitCode.USAGE_ERROR:
            raise UsageError("pytest refused these options; see above")
        if status == pytest.ExitCode.INTERNAL_ERROR:
            raise PortUnavailableError("pytest failed; see above")
        junit_xml = junit.read_bytes() if junit.exists() else None
    results.list_what_was_not_run("filtered out" if options.keyword else "the run was interrupted")
    records = list(results.records.values())
    footer = make_footer(
        header,
        records,
        interrupted=status == pytest.ExitCode.INTERRUPTED,
        notes=results.gone_wrong,
        stale=_unused(known, records),
    )
    results.writer.finish(footer)
    report = Report(header=header, records=tuple(records), footer=footer)
    write_rendered(report, options.folder)
    if junit_xml is not None:
        write_whole(options.folder / JUNIT, junit_xml)
    path = results.writer.path
    printer.causes(records)
    printer.cached(records)
    for line in annotation_lines(report, os.environ):
        printer.plain(line)
    write_job_summary(report, os.environ)
    printer.totals(footer, project.shown(path), project.shown(options.folder / PAGE))
    if options.report is None and options.partial:
        printer.note(f"a part of the catalogue was played; {project.REPORTS}/ is as it was")
    if options.as_json:
        console.file.write(path.read_text(encoding="utf-8"))
    if results.gone_wrong:
        raise PortUnavailableError("\n".join(results.gone_wrong))
    return report


def _unused(known: KnownDifferences, records: Sequence[Record]) -> list[str]:
    made_by = next((record.peer_by for record in records if record.peer_by), None)
    found = {record.scenario: record.differences for record in records if was_compared(record)}
    judged = {record.scenario for record in records if record.verdict != "not run"}
    not_run = catalogue() - judged
    return known.unused(None if made_by is None else made_by.implementation, found, not_run)


@contextmanager
def _begun(
    specs: Sequence[PlayerSpec], files: Sequence[ScenarioFile], options: RunOptions
) -> Iterator[tuple[HandedOn, Collection[Channel]]]:
    """Yield the players, here or on a scheduler's workers, and the channels that the peer has.

    Raises:
        UsageError: ``--on`` has no address.
        PortUnavailableError: A player isn't available there.
    """
    if options.on is not None:
        with remote_players(options.on, specs, options.limit) as remote:
            yield _handed_on(remote, files, options), remote[-1].channels
        return
    players, has = _greet(specs, options)
    handed_on = _handed_on(players, files, options)
    try:
        yield handed_on, has
    finally:
        close_players([each for each in handed_on.players if each is not None])


def _handed_on(
    players: Sequence[Player | None], files: Sequence[ScenarioFile], options: RunOptions
) -> HandedOn:
    opened = [player for player in players if player is not None]

    def begin_each(file: ScenarioFile) -> None:
        begin(opened, file, options.seed, options.schedule)

    if options.keyword:  # Which scenarios it selects pytest knows, later.
        return HandedOn(players, files, begin_each)
    for file in files:
        begin_each(file)
    return HandedOn(players, files)


def _greet(
    specs: Sequence[PlayerSpec], options: RunOptions
) -> tuple[list[Player | None], Collection[Channel]]:
    """Start and greet the drivers; return those that play in this process, and the peer's channels.

    Raises:
        PortUnavailableError: One can't be started.
    """
    players = open_drivers(specs, options.limit)
    peer = players[-1]
    has = CHANNELS if peer is None else peer.channels
    if options.workers > 1:
        # An error on closing is ignored here, as the processes that play will report it.
        close_players([player for player in players if player is not None])
        players = [None for _ in specs]
    return players, has


def _pytest_args(
    options: RunOptions,
    files: Sequence[ScenarioFile],
    reference: PlayerChoice,
    peer: PlayerChoice,
    junit: Path,
) -> list[str]:
    args = [
        "-c", os.devnull, "--rootdir", str(project.ROOT), "--noconftest",
        # Plugins in the user's environment could reorder the scenarios, or print.
        "--disable-plugin-autoload", "-p", "xdist.plugin", "-p", "parity.pytest_plugin",
        "-p", "no:terminalreporter", "-p", "no:cacheprovider", "-p", "no:doctest",
        "-p", "no:unittest", "-p", "no:logging", "-p", "no:warnings",
        "-p", "no:unraisableexception", "-p", "no:threadexception",
        # xunit1 has the file and the line of each case, which GitLab links.
        "--junitxml", str(junit), "-o", "junit_family=xunit1", "-o", "junit_suite_name=parity",
        "--parity-reference", reference.spec.model_dump_json(),
        "--parity-peer", peer.spec.model_dump_json(),
        "--parity-limit", str(options.limit),
        "--parity-channels", ",".join(options.channels),
        "--parity-known", str((options.known or project.KNOWN_DIFFERENCES).resolve()),
    ]  # fmt: skip
    for base in dict.fromkeys(find_scenarios(list(options.paths), project.SCENARIOS).values()):
        args += ["--parity-root", str(base.resolve())]
    if options.seed is not None:
        args += ["--parity-seed", str(options.seed)]
    if options.schedule is not None:
        args += ["--parity-schedule", schedule_name(options.schedule)]
    if options.workers > 1 and options.on is None:
        args += ["-n", str(options.workers)]
    if options.keyword:
        args += ["-k", options.keyword]
    # pytest is given the common folder: with files it would scan a folder once for each of them.
    only = [str(file.path.resolve()) for file in files]
    for path in only:
        args += ["--parity-only", path]
    return [*args, os.path.commonpath(only)]


class _Results:
    """The records as they come in; on xdist's controller, from all workers.

    The report is begun with the first of them.
    """

    def __init__(
        self,
        files: Sequence[ScenarioFile],
        begin: Callable[[], ReportWriter],
        printer: RunPrinter,
        replay: Callable[[ScenarioFile], str],
    ) -> None:
        self._files = {file.path.resolve(): file for file in files}
        self._begin = begin
        self._printer = printer
        self._replay = replay
        self._failure: Exception | None = None
        self.records: dict[str, Record] = {}
        self.gone_wrong: tuple[str, ...] = ()
        """Errors of players that stopped working or failed to close."""

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Collect the errors that the plugin found at the end."""
        self.gone_wrong += tuple(wrong_at_the_end(session.config))

    @cached_property
    def writer(self) -> ReportWriter:
        """Writer of the report, which is begun when this is first used."""
        return self._begin()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add the scenario's record, even if its process has died.

        An error here, such as a full disk, ends the run and is raised after it, as pytest would
        report it as an internal error of its own.
        """
        try:
            self._take(report)
        except Exception as error:  # noqa: BLE001 - raised by raise_failure
            self._failure = error
            pytest.exit(f"the report can't be written: {error}")

    def raise_failure(self) -> None:
        """Raise the error that ended the run, if there was one."""
        if self._failure is not None:
            raise self._failure

    def _take(self, report: pytest.TestReport) -> None:
        unavailable = unavailable_of(report)
        if unavailable:
            self.gone_wrong = self.gone_wrong or (unavailable,)  # The first worker's is enough.
            return
        record = record_of(report) if report.when == "call" else None
        if record is None and report.failed:
            file = self._files[(project.ROOT / report.nodeid.split("::")[0]).resolve()]
            record = self._record(file, "failed", report.longreprtext)
        if record is not None and record.scenario not in self.records:
            self._add(record)

    def list_what_was_not_run(self, why: str) -> None:
        """Record every scenario that was not played, with the reason."""
        if self.gone_wrong:
            why = self.gone_wrong[0].partition("\n")[0]
        for file in self._files.values():
            if file.name not in self.records:
                self._add(self._record(file, "not run", why))

    def _add(self, record: Record) -> None:
        self.records[record.scenario] = record
        self.writer.add(record)
        self._printer.record(record)

    def _record(self, file: ScenarioFile, verdict: Verdict, reason: str) -> Record:
        return Record(
            scenario=file.name,
            file=project.shown(file.path),
            about=file.scenario.about,
            covers=file.scenario.covers,
            digest=file.scenario.digest(),
            reference="",
            peer="",
            verdict=verdict,
            reasons=(reason,),
            replay=self._replay(file),
            yaml=file.text,
            cluster=file.scenario.cluster,
            injections=injections(file.scenario, None),
        )
