"""The command line: parses and prints; the work is elsewhere.

TensorFlow is imported only by the commands that play on it, and only then.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from parity import project
from parity.problems import PortUnavailableError, UsageError

app = typer.Typer(
    name="monolith-parity",
    help="Plays one scenario on several implementations and says where they differ.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

Paths = Annotated[
    list[Path] | None, typer.Argument(help="Scenario files or folders; all of them by default.")
]
Seed = Annotated[
    int | None,
    typer.Option(min=0, max=2**63 - 1, help="Explore another order of what is simultaneous."),
]
Schedule = Annotated[
    str | None,
    typer.Option(help="Play this schedule, by name: s:0.2.1 (see explore); not with --seed."),
]
Limit = Annotated[float, typer.Option(min=0.1, help="Real seconds that a driver may take.")]


@app.command()
def run(
    paths: Paths = None,
    peer: Annotated[
        str | None,
        typer.Option(
            help="rust, recorded, recorded:DIR, or a driver's command line. By default rust "
            "where it can be built, else recorded."
        ),
    ] = None,
    reference: Annotated[str | None, typer.Option(help="The other side; python.")] = None,
    workers: Annotated[int, typer.Option("-n", min=1, help="Processes that play.")] = 1,
    keyword: Annotated[str | None, typer.Option("-k", help="Only scenarios that match.")] = None,
    report: Annotated[Path, typer.Option(help="Folder of the report.")] = Path("reports"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the report itself.")] = False,
    seed: Seed = None,
    schedule: Schedule = None,
    limit: Limit = 60.0,
) -> None:
    """Play scenarios on both sides and compare."""
    from parity.runner import RunOptions, run  # noqa: PLC0415 - pytest isn't needed for --help

    options = RunOptions(
        paths=paths or [],
        peer=peer,
        reference=reference,
        workers=workers,
        keyword=keyword,
        report=report,
        seed=seed,
        schedule=_schedule(schedule, seed),
        limit=limit,
        as_json=as_json,
    )
    raise typer.Exit(run(options, _stdout()))


@app.command()
def replay(
    scenario: Annotated[Path, typer.Argument(help="A scenario file.")],
    on: Annotated[
        str | None,
        typer.Option(help="The player, as run has them; python by default. With --both, the peer."),
    ] = None,
    both: Annotated[bool, typer.Option(help="Side by side: python, and the peer.")] = False,
    step: Annotated[bool, typer.Option(help="Event by event, Enter for the next.")] = False,
    watch: Annotated[bool, typer.Option(help="Again whenever the file changes.")] = False,
    speed: Annotated[float, typer.Option(min=0.1, help="Events a second, on a terminal.")] = 4.0,
    seed: Seed = None,
    schedule: Schedule = None,
    out: Annotated[Path | None, typer.Option(help="Write the trace to this file.")] = None,
    limit: Limit = 60.0,
) -> None:
    """Play one scenario and show it: virtual clock, lanes, faults and events.

    Playing takes milliseconds; what a terminal shows is played back afterwards, one
    event after the other. Elsewhere all events are printed, a line each.
    """
    from parity.replaying import ReplayOptions, replay  # noqa: PLC0415 - may import TensorFlow

    options = ReplayOptions(
        path=scenario,
        on=on,
        both=both,
        seed=seed,
        schedule=_schedule(schedule, seed),
        out=out,
        limit=limit,
        step=step,
        watch=watch,
        speed=speed,
    )
    raise typer.Exit(replay(options, _stdout()))


@app.command()
def diff(
    left: Annotated[Path, typer.Argument(help="A trace, as replay --out writes it.")],
    right: Annotated[Path, typer.Argument(help="Another one.")],
) -> None:
    """Compare two traces; exits 1 if they differ."""
    from parity.replaying import diff  # noqa: PLC0415

    raise typer.Exit(diff(left, right, _stdout()))


@app.command()
def validate(paths: Paths = None) -> None:
    """Check scenario files and the list of known differences."""
    from parity.runner import check_known, load_all  # noqa: PLC0415

    files = load_all(paths or [])
    check_known(files)
    typer.echo(f"{len(files)} scenarios are valid")


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Folder and name: health/oom_at_start.")],
) -> None:
    """Write a commented scenario to start from."""
    from parity.starting import new_scenario  # noqa: PLC0415

    typer.echo(f"written: {project.shown(new_scenario(name, project.own_scenarios()))}")


@app.command()
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    from parity.generated import schema_text  # noqa: PLC0415

    typer.echo(schema_text(), nl=False)


@app.command()
def explain(
    key: Annotated[
        str | None,
        typer.Argument(help="A key, hook, step, fault, expectation, option or verdict."),
    ] = None,
) -> None:
    """Say what a word of a scenario or a verdict means; without one, list them."""
    from parity.explaining import explain  # noqa: PLC0415

    explain(key, _stdout())


@app.command()
def interop(
    peer: Annotated[
        str | None,
        typer.Option(
            help="rust, python, or a driver's command line. By default rust, which is skipped "
            "where it can't be built."
        ),
    ] = None,
    report: Annotated[Path, typer.Option(help="Folder of the report.")] = Path("reports"),
    limit: Limit = 60.0,
) -> None:
    """Have each language call a controller of each, and compare their messages."""
    from parity.interop.run import interop  # noqa: PLC0415 - imports TensorFlow

    code = interop(peer, report, limit, _stdout())
    _renew_page(report)
    raise typer.Exit(code)


@app.command()
def record(
    paths: Paths = None,
    peer: Annotated[str, typer.Option(help="Whose traces to record.")] = "rust",
    out: Annotated[Path | None, typer.Option(help="Folder for them.")] = None,
    limit: Limit = 60.0,
) -> None:
    """Have a player play scenarios and keep its traces, for machines without it."""
    from parity.recording import record  # noqa: PLC0415

    raise typer.Exit(record(paths or [], peer, out or project.RECORDED, limit, _stdout()))


@app.command()
def baseline(
    paths: Paths = None,
    update: Annotated[
        bool, typer.Option("--update", help="List what differs now, or otherwise than it did.")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove what agrees now, and scenarios that are gone.")
    ] = False,
    reason: Annotated[
        str | None, typer.Option(help="Why what is new is accepted; at least 10 characters.")
    ] = None,
    peer: Annotated[str | None, typer.Option(help="As for run.")] = None,
    reference: Annotated[str | None, typer.Option(help="As for run.")] = None,
    workers: Annotated[int, typer.Option("-n", min=1, help="Processes that play.")] = 1,
    keyword: Annotated[str | None, typer.Option("-k", help="Only scenarios that match.")] = None,
    report: Annotated[Path, typer.Option(help="Folder of the report.")] = Path("reports"),
    limit: Limit = 60.0,
) -> None:
    """Play, and bring scenarios/known_differences.yaml up to date."""
    from datetime import date  # noqa: PLC0415

    from parity.baseline import BaselineOptions, baseline  # noqa: PLC0415
    from parity.runner import RunOptions  # noqa: PLC0415

    options = BaselineOptions(update=update, prune=prune, reason=reason, today=date.today())
    play = RunOptions(
        paths=paths or [],
        peer=peer,
        reference=reference,
        workers=workers,
        keyword=keyword,
        report=report,
        seed=None,
        limit=limit,
        as_json=False,
    )
    raise typer.Exit(baseline(options, play, _stdout()))


@app.command()
def checklist(
    report: Annotated[Path, typer.Option(help="Folder of the last reports.")] = Path("reports"),
    as_json: Annotated[bool, typer.Option("--json", help="Print checklist.json itself.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 1 if a box is open that isn't said to be.")
    ] = False,
) -> None:
    """Tick the seed's checklists by what the last runs showed."""
    from parity.checklist.printing import checklist  # noqa: PLC0415

    code = checklist(report, as_json=as_json, strict=strict, console=_stdout())
    _renew_page(report)
    raise typer.Exit(code)


@app.command(name="export-trace")
def export_trace(
    report: Annotated[Path, typer.Argument(help="A report, or the folder of one.")],
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(help="Such as health/oom; all by default."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for them.")] = Path("traces"),
) -> None:
    """Write traces of a report for ui.perfetto.dev (.pftrace) and chrome://tracing (.json)."""
    from parity.report import read_report  # noqa: PLC0415
    from parity.reports.exporting import export_traces  # noqa: PLC0415
    from parity.reports.folder import report_file  # noqa: PLC0415

    for path in export_traces(read_report(report_file(report)), scenarios or [], out):
        typer.echo(project.shown(path))


@app.command()
def compare(
    old: Annotated[Path, typer.Argument(help="A report, or the folder of one.")],
    new: Annotated[Path, typer.Argument(help="A later one.")],
) -> None:
    """Say what changed between two runs; exits 1 if anything got worse."""
    from parity.report import read_report  # noqa: PLC0415
    from parity.reports.changes import show_changes  # noqa: PLC0415
    from parity.reports.folder import report_file  # noqa: PLC0415

    before, after = (read_report(report_file(path)) for path in (old, new))
    raise typer.Exit(show_changes(before, after, _stdout()))


@app.command()
def merge(
    shards: Annotated[list[Path], typer.Argument(help="Folders that run --report wrote.")],
    out: Annotated[Path, typer.Option(help="Folder of the joined report.")] = Path("reports"),
) -> None:
    """Join the reports of a run's shards into one; exits as one run would have."""
    from parity.reports.folder import PAGE  # noqa: PLC0415
    from parity.reports.merge import merge  # noqa: PLC0415

    report = merge(shards, out)
    typer.echo(f"{len(report.records)} scenarios of {len(shards)} shards: {out / PAGE}")
    raise typer.Exit(report.footer.exit_code)


def _renew_page(report: Path) -> None:
    """Show on the report's page what has come beside it."""
    from parity.reports.folder import render_again  # noqa: PLC0415

    render_again(report)


@app.command()
def explore(
    scenario: Annotated[Path, typer.Argument(help="A scenario file.")],
    on: Annotated[str | None, typer.Option(help="Explore this player alone.")] = None,
    peer: Annotated[
        str | None, typer.Option(help="The peer: rust, or a driver's command line.")
    ] = None,
    bound: Annotated[
        int | None,
        typer.Option(min=0, help="Context switches in a schedule, at most; all by default."),
    ] = None,
    max_schedules: Annotated[
        int, typer.Option(min=1, help="Schedules to visit on each side, at most.")
    ] = 10_000,
    limit: Limit = 60.0,
) -> None:
    """Play every order of what is simultaneous on both sides, and compare what can come of it."""
    from parity.exploring.command import ExploreOptions, explore  # noqa: PLC0415

    if on is not None and peer is not None:
        raise UsageError("--on and --peer are both given; one would be right")
    options = ExploreOptions(
        scenario=scenario,
        reference=on or "python",
        peer=peer,
        alone=on is not None,
        bound=bound,
        limit=max_schedules,
        seconds=limit,
    )
    raise typer.Exit(explore(options, _stdout()))


@app.command()
def fuzz(
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same scenarios.")],
    count: Annotated[int, typer.Option(min=1, help="How many scenarios.")] = 1000,
    minutes: Annotated[
        float | None, typer.Option(min=0.01, help="Stop after so long; the same command goes on.")
    ] = None,
    peer: Annotated[
        str | None, typer.Option(help="The peer: rust, or a driver's command line.")
    ] = None,
    reference: Annotated[str, typer.Option(help="The other side.")] = "python",
    workers: Annotated[int, typer.Option("-n", min=1, help="Processes that play.")] = 2,
    limit: Limit = 60.0,
    report: Annotated[Path, typer.Option(help="Folder of what was done so far.")] = project.ROOT
    / "reports"
    / "fuzz",
    found: Annotated[Path, typer.Option(help="Folder of what is found.")] = project.FOUND,
) -> None:
    """Make up scenarios, play them on both sides, and keep the smallest that show a difference."""
    from parity.fuzzing.campaign import FuzzOptions, fuzz  # noqa: PLC0415 - takes a second

    options = FuzzOptions(
        seed=seed,
        count=count,
        minutes=minutes,
        reference=reference,
        peer=peer,
        workers=workers,
        limit=limit,
        report=report,
        found=found,
    )
    raise typer.Exit(fuzz(options, _stdout()))


@app.command()
def killmatrix(
    only: Annotated[
        list[str] | None, typer.Option(help="This planted bug; may be given again.")
    ] = None,
    shard: Annotated[str | None, typer.Option(help="Every Nth bug from the Ith on: I/N.")] = None,
    out: Annotated[
        Path, typer.Option(help="Results so far; what is in it and still true is not done again.")
    ] = project.ROOT / "reports" / "killmatrix.jsonl",
    limit: Annotated[
        float, typer.Option(min=0.1, help="Real seconds that a mutant may take for a scenario.")
    ] = 10.0,
) -> None:
    """Plant bugs in copies of both sides, one by one, and see which scenarios catch each."""
    from parity.killing.command import KillOptions, killmatrix  # noqa: PLC0415

    options = KillOptions(only=only or [], shard=shard, out=out, limit=limit)
    raise typer.Exit(killmatrix(options, _stdout()))


class MutatedSideName(StrEnum):
    """Whose mutants."""

    RUST = "rust"
    PYTHON = "python"


@app.command()
def mutants(
    side: Annotated[MutatedSideName, typer.Argument(help="Whose sources to mutate.")],
    shard: Annotated[
        str | None, typer.Option(help="Every Nth mutant from the Ith on: I/N.")
    ] = None,
    sample: Annotated[
        int | None, typer.Option(min=1, help="So many of them, drawn at random by --seed.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another seed draws another sample.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Results so far; what is in it and still true is not done again. "
            "reports/mutants-SIDE.jsonl by default."
        ),
    ] = None,
    limit: Annotated[
        float, typer.Option(min=0.1, help="Real seconds that a mutant may take for a scenario.")
    ] = 5.0,
) -> None:
    """Make every mutant that a tool knows of one side, and see which the catalogue catches."""
    from parity.mutants.command import MutantOptions, mutants  # noqa: PLC0415

    options = MutantOptions(
        side=side.value,
        shard=shard,
        out=out or project.ROOT / "reports" / f"mutants-{side}.jsonl",
        sample=sample,
        seed=seed,
        limit=limit,
    )
    raise typer.Exit(mutants(options, _stdout()))


def _schedule(name: str | None, seed: int | None) -> tuple[int, ...] | None:
    if name is None:
        return None
    if seed is not None:
        raise UsageError("--seed and --schedule are both given; one would be right")
    from parity.schedules import parse_schedule  # noqa: PLC0415

    return parse_schedule(name)


def _stdout() -> Console:
    return Console(file=sys.stdout, highlight=False)


def main() -> NoReturn:
    """Run a command; what is the user's to mend is said without a traceback."""
    try:
        app()
    except UsageError as error:
        typer.echo(str(error), err=True)
        sys.exit(2)
    except PortUnavailableError as error:
        typer.echo(str(error), err=True)
        sys.exit(3)
    sys.exit(0)
