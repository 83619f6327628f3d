"""A parity run: pytest plays, this prints and reports."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from parity import project
from parity.console import RunPrinter
from parity.digest import rust_source_digest
from parity.injections import injections
from parity.known import KnownDifferences, catalogue
from parity.loading import ScenarioFile, find_scenarios, load_scenario
from parity.peers import (
    Choice,
    PlayerSpec,
    choose_player,
    close_players,
    greet_drivers,
    open_drivers,
)
from parity.problems import PortUnavailableError, ScenarioError, UsageError
from parity.pytest_plugin import HandedOnPlayers, record_of, unavailable_of, wrong_at_the_end
from parity.report import Header, Report, ReportWriter, empty_channels, make_footer, versions
from parity.reports.folder import PAGE, remove_rendered, write_rendered
from parity.schedules import Schedule, schedule_name
from parity.verdict import Record, exit_code


@dataclass(frozen=True)
class RunOptions:
    """What ``monolith-parity run`` was asked for."""

    paths: Sequence[Path]
    peer: str | None
    reference: str | None
    workers: int
    keyword: str | None
    report: Path
    seed: int | None
    limit: float
    as_json: bool
    schedule: Schedule | None = None
    pytest_args: Sequence[str] = ()


def load_all(paths: Sequence[Path]) -> list[ScenarioFile]:
    """Every scenario at and below these paths.

    Raises:
      ScenarioError: with the problems of all of them.
      UsageError: there is none, or one has the name of another.
    """
    files, problems = [], []
    for path, base in find_scenarios(list(paths), project.SCENARIOS).items():
        try:
            files.append(load_scenario(path, base))
        except ScenarioError as error:
            problems += error.problems
    if problems:
        raise ScenarioError(problems)
    by_name: dict[str, Path] = {}
    for file in files:
        if by_name.setdefault(file.name, file.path) != file.path:
            raise UsageError(
                f"{file.path}: named {file.name} like {by_name[file.name]}; "
                "paths in one folder would be right"
            )
    return files


def check_known(files: Sequence[ScenarioFile]) -> KnownDifferences:
    """The list of known differences, which may name these scenarios and all of the catalogue.

    Raises:
      ScenarioError: it isn't valid.
    """
    known = KnownDifferences.load(project.KNOWN_DIFFERENCES)
    known.check_names(catalogue() | {file.name for file in files})
    return known


def run(options: RunOptions, console: Console) -> int:
    """Play every scenario on both sides; the exit code.

    Raises:
      UsageError: something that was given is wrong.
      PortUnavailableError: a player that was asked for can't be had, and nothing was
        played; or one went wrong for good, and the report says so.
    """
    files = load_all(options.paths)
    check_known(files)
    reference, peer = choose_player(options.reference or "python"), choose_player(options.peer)
    handed_on = _greet([reference.spec, peer.spec], options)
    try:
        return _play(options, files, reference, peer, handed_on, console)
    finally:
        close_players([each for each in handed_on.players if each is not None])


def _play(
    options: RunOptions,
    files: Sequence[ScenarioFile],
    reference: Choice,
    peer: Choice,
    handed_on: HandedOnPlayers,
    console: Console,
) -> int:
    header = Header(
        reference=reference.spec.kind,
        peer=peer.spec.kind,
        note=peer.note,
        seed=options.seed,
        scenarios=len(files),
        rust_source_digest=rust_source_digest(project.SOURCES) if project.SOURCES else "unknown",
        began=datetime.now(UTC).isoformat(timespec="seconds"),
        versions=versions(),
    )
    writer = ReportWriter(options.report, header)
    remove_rendered(options.report)
    printer = RunPrinter(
        Console(file=open(os.devnull, "w")) if options.as_json else console,  # noqa: SIM115
        width=max(len(file.name) for file in files),
        total=len(files),
    )
    printer.note(peer.note)
    results = _Results(files, writer, printer)
    with printer:
        args = _pytest_args(options, files, reference, peer)
        status = pytest.main(args, plugins=[results, handed_on])
    if status in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR):
        raise UsageError("pytest refused these options; see above")
    results.list_what_was_not_run("filtered out" if options.keyword else "the run was interrupted")
    records = list(results.records.values())
    code = max(exit_code([record.verdict for record in records]), 3 if results.gone_wrong else 0)
    interrupted = status == pytest.ExitCode.INTERRUPTED
    if interrupted or all(record.verdict == "not run" for record in records):
        code = max(code, 2)
    whole = not (options.paths or options.keyword or interrupted)
    empty = empty_channels(records) if whole else ()
    if empty:
        code = max(code, 1)
    footer = make_footer(
        records,
        interrupted=interrupted,
        exit_code=code,
        empty_channels=empty,
        notes=results.gone_wrong,
    )
    writer.finish(footer)
    report = Report(header=header, records=tuple(records), footer=footer)
    write_rendered(report, options.report)
    printer.totals(footer, project.shown(writer.path), project.shown(options.report / PAGE))
    if options.as_json:
        console.file.write(writer.path.read_text(encoding="utf-8"))
    if results.gone_wrong:
        raise PortUnavailableError("\n".join(results.gone_wrong))
    return code


def _greet(specs: Sequence[PlayerSpec], options: RunOptions) -> HandedOnPlayers:
    """Start the drivers and greet them; they are kept if they are to play in this process.

    Raises:
      PortUnavailableError: one can't be started.
    """
    if options.workers > 1:
        greet_drivers(specs, options.limit)
        return HandedOnPlayers()
    return HandedOnPlayers(open_drivers(specs, options.limit))


def _pytest_args(
    options: RunOptions, files: Sequence[ScenarioFile], reference: Choice, peer: Choice
) -> list[str]:
    args = [
        "-c", os.devnull, "--rootdir", str(project.ROOT), "--noconftest",
        "-p", "parity.pytest_plugin", "-p", "no:terminalreporter", "-p", "no:cacheprovider",
        "--junitxml", str(options.report / "junit.xml"), "-o", "junit_family=xunit2",
        "--parity-reference", reference.spec.model_dump_json(),
        "--parity-peer", peer.spec.model_dump_json(),
        "--parity-limit", str(options.limit),
    ]  # fmt: skip
    for base in dict.fromkeys(find_scenarios(list(options.paths), project.SCENARIOS).values()):
        args += ["--parity-root", str(base.resolve())]
    if options.seed is not None:
        args += ["--parity-seed", str(options.seed)]
    if options.schedule is not None:
        args += ["--parity-schedule", schedule_name(options.schedule)]
    if options.workers > 1:
        args += ["-n", str(options.workers)]
    if options.keyword:
        args += ["-k", options.keyword]
    return [*args, *options.pytest_args, *(str(file.path.resolve()) for file in files)]


class _Results:
    """Takes the records as they come in; on xdist's controller, from all workers."""

    def __init__(
        self, files: Sequence[ScenarioFile], writer: ReportWriter, printer: RunPrinter
    ) -> None:
        self._files = {file.path.resolve(): file for file in files}
        self._writer = writer
        self._printer = printer
        self.records: dict[str, Record] = {}
        self.gone_wrong: tuple[str, ...] = ()
        """How players went wrong for good, or when they were closed."""

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Take what the plugin has to say of the end."""
        self.gone_wrong += tuple(wrong_at_the_end(session.config))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Every scenario ends in a record, also one whose process has died."""
        unavailable = unavailable_of(report)
        if unavailable:
            self.gone_wrong = self.gone_wrong or (unavailable,)  # Of one worker, if of several.
            return
        record = record_of(report) if report.when == "call" else None
        if record is None and report.failed:
            file = self._files[(project.ROOT / report.nodeid.split("::")[0]).resolve()]
            record = self._record(file, "failed", report.longreprtext)
        if record is not None and record.scenario not in self.records:
            self._add(record)

    def list_what_was_not_run(self, why: str) -> None:
        """Nothing is left out silently."""
        if self.gone_wrong:
            why = self.gone_wrong[0].partition("\n")[0]
        for file in self._files.values():
            if file.name not in self.records:
                self._add(self._record(file, "not run", why))

    def _add(self, record: Record) -> None:
        self.records[record.scenario] = record
        self._writer.add(record)
        self._printer.record(record)

    def _record(self, file: ScenarioFile, verdict: str, reason: str) -> Record:
        return Record(
            scenario=file.name,
            file=project.shown(file.path),
            about=file.scenario.about,
            covers=file.scenario.covers,
            digest=file.scenario.digest(),
            reference="",
            peer="",
            verdict=verdict,  # type: ignore[arg-type]
            reasons=(reason,),
            replay=f"monolith-parity run {project.shown(file.path)}",
            yaml=file.text,
            cluster=file.scenario.cluster,
            injections=injections(file.scenario, None),
        )
