"""Commands that read reports: checklist, export-trace, compare, merge, render."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from parity.app.commands.options import stdout
from parity.base import project
from parity.base.problems import UsageError
from parity.base.terminal_text import counted


def checklist(
    report: Annotated[Path, typer.Option(help="Folder of the last reports.")] = project.REPORTS,
    as_json: Annotated[bool, typer.Option("--json", help="Print checklist.json itself.")] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Show the evidence for every box, ticked ones too.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 1 if a box or clause is open.")
    ] = False,
) -> None:
    """Tick the seed's checklists by what the last runs showed."""
    from parity.app.evidence import open_clauses  # noqa: PLC0415
    from parity.base.folder_lock import held  # noqa: PLC0415
    from parity.report.checklist import printing  # noqa: PLC0415
    from parity.report.folder import render_again  # noqa: PLC0415

    if not report.is_dir():
        raise UsageError(f"{report}: no such folder; expected that of a run's reports")
    with held(report, "--report"):
        code = printing.checklist(
            report, as_json=as_json, strict=strict, everything=everything, console=stdout()
        )
        render_again(report)  # The page also shows the new checklists.
    if project.SOURCES and not as_json:  # An installed package has no tests.
        still_open = open_clauses()
        printing.print_clause_counts(still_open, stdout())
        code = max(code, strict and bool(still_open))
    raise typer.Exit(code)


def export_trace(
    report: Annotated[Path, typer.Argument(help="A report, or the folder of one.")],
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(help="Such as health/oom; all by default."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for them.")] = Path("traces"),
) -> None:
    """Write traces for ui.perfetto.dev and chrome://tracing.

    Those of a report: NAME.pftrace for the one, NAME.json for the other.
    """
    from parity.app.export_trace import export_traces  # noqa: PLC0415
    from parity.report.folder import report_file  # noqa: PLC0415
    from parity.report.report import read_report  # noqa: PLC0415

    for path in export_traces(read_report(report_file(report)), scenarios or [], out):
        typer.echo(project.shown(path))


def compare(
    old: Annotated[Path, typer.Argument(help="A report, or the folder of one.")],
    new: Annotated[Path, typer.Argument(help="A later one.")],
) -> None:
    """Say what changed between two runs.

    It exits with 1 if anything got worse.
    """
    from parity.report.changes import show_changes  # noqa: PLC0415
    from parity.report.folder import report_file  # noqa: PLC0415
    from parity.report.report import read_report  # noqa: PLC0415

    before, after = (read_report(report_file(path)) for path in (old, new))
    raise typer.Exit(show_changes(before, after, stdout()))


def merge(
    shards: Annotated[list[Path], typer.Argument(help="Folders that run --report wrote.")],
    out: Annotated[Path, typer.Option(help="Folder of the joined report.")] = project.REPORTS,
) -> None:
    """Join the reports of a run's shards into one.

    It exits as one run would have.
    """
    from parity.report.folder import PAGE  # noqa: PLC0415
    from parity.report.merge import merge  # noqa: PLC0415

    report = merge(shards, out)
    typer.echo(
        f"{counted(len(report.records), 'scenario')} of {counted(len(shards), 'shard')}: "
        f"{out / PAGE}"
    )
    raise typer.Exit(report.footer.exit_code)


def render(
    report: Annotated[Path, typer.Argument(help="A report, or the folder of one.")],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the page, by default that of the report."),
    ] = None,
) -> None:
    """Write the page of a report, also of a run that was killed.

    It exits as the run did.
    """
    from parity.report.folder import render_report  # noqa: PLC0415
    from parity.report.report import incomplete  # noqa: PLC0415

    found, page = render_report(report, out)
    if not found.ended:
        typer.echo(f"{incomplete(found)}.")
    typer.echo(f"to look at: {project.shown(page)}")
    raise typer.Exit(found.footer.exit_code)
