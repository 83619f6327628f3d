"""Commands that play scenarios: run, smoke, baseline, record, interop."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Annotated

import typer

from parity.app.commands.options import (
    LIMIT,
    AsForRun,
    Keyword,
    Limit,
    NoCache,
    On,
    Paths,
    Report,
    RunReport,
    Schedule,
    Seed,
    Workers,
    processes,
    schedule_of,
    stdout,
)
from parity.base import project


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
    workers: Workers = None,
    on: On = None,
    keyword: Keyword = None,
    report: RunReport = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report itself.")] = False,
    seed: Seed = None,
    schedule: Schedule = None,
    limit: Limit = LIMIT,
    channels: Annotated[
        str | None,
        typer.Option(
            help="Compare the peer by these alone, such as reports,barrier; by default all."
        ),
    ] = None,
    no_cache: NoCache = False,
    known: Annotated[
        Path | None,
        typer.Option(help="Known differences of this peer, instead of the catalogue's own."),
    ] = None,
    shard: Annotated[
        str | None, typer.Option(help="Play one of N parts only: I/N, such as 2/5.")
    ] = None,
    last_failed: Annotated[
        bool, typer.Option("--last-failed", help="Play what failed in the last run, or all.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Again whenever a source or a scenario changes.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="A line for each scenario, and all details.")
    ] = False,
) -> None:
    """Play scenarios on both sides and compare."""
    if watch:
        from parity.app.watching import watch_run  # noqa: PLC0415

        again = [word for word in sys.argv[1:] if word != "--watch"]
        raise typer.Exit(watch_run(again, paths or [], (peer, reference), sys.stdout))
    if no_cache:
        from parity.base import content_cache  # noqa: PLC0415 - pydantic isn't needed for --help

        content_cache.disable()
    from parity.base.cargo_build import begun_for  # noqa: PLC0415

    with begun_for(peer) as build:
        from parity.app.run import RunOptions, run  # noqa: PLC0415 - pytest isn't needed for --help
        from parity.app.selection import Shard  # noqa: PLC0415
        from parity.verdict.compare import parse_channels  # noqa: PLC0415

        gc.freeze()  # Imported objects stay; collections that scan them all take 8 % of the time.
        options = RunOptions(
            paths=paths or [],
            peer=peer,
            reference=reference,
            workers=processes(workers, on),
            keyword=keyword,
            report=report,
            seed=seed,
            schedule=schedule_of(schedule, seed),
            limit=limit,
            as_json=as_json,
            channels=parse_channels(channels),
            verbose=verbose,
            shard=None if shard is None else Shard.parse(shard),
            last_failed=last_failed,
            known=known,
            on=on,
        )
        raise typer.Exit(run(options, stdout(), build))


def smoke(
    peer: Annotated[str, typer.Argument(help="A driver's command line, or rust.")],
    limit: Limit = LIMIT,
) -> None:
    """Say hello to a driver, have it play, and say what is wrong."""
    from parity.app.smoke import smoke  # noqa: PLC0415

    raise typer.Exit(smoke(peer, limit, stdout()))


def interop(
    peer: Annotated[
        str | None,
        typer.Option(
            help="rust, python, or a driver's command line. By default rust, which is skipped "
            "where it can't be built."
        ),
    ] = None,
    report: Report = project.REPORTS,
    limit: Limit = LIMIT,
) -> None:
    """Have each language call a controller of each, and compare."""
    from parity.players.python.quiet import quiet_grpc  # noqa: PLC0415

    quiet_grpc()
    from parity.app.interop import interop  # noqa: PLC0415 - imports gRPC and TensorFlow

    raise typer.Exit(interop(peer, report, limit, stdout()))


def record(
    paths: Paths = None,
    peer: Annotated[str, typer.Option(help="Whose traces to record.")] = "rust",
    out: Annotated[Path | None, typer.Option(help="Folder for them.")] = None,
    limit: Limit = LIMIT,
) -> None:
    """Keep the traces of a player for machines without it."""
    from parity.app.record import record  # noqa: PLC0415

    raise typer.Exit(record(paths or [], peer, out or project.RECORDED, limit, stdout()))


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
    peer: AsForRun = None,
    reference: AsForRun = None,
    workers: Workers = None,
    keyword: Keyword = None,
    report: RunReport = None,
    limit: Limit = LIMIT,
) -> None:
    """Play, and bring the list of known differences up to date."""
    from datetime import date  # noqa: PLC0415

    from parity.app.baseline import BaselineOptions, baseline  # noqa: PLC0415
    from parity.app.run import RunOptions  # noqa: PLC0415

    options = BaselineOptions(update=update, prune=prune, reason=reason, today=date.today())
    play = RunOptions(
        paths=paths or [],
        peer=peer,
        reference=reference,
        workers=processes(workers),
        keyword=keyword,
        report=report,
        seed=None,
        limit=limit,
        as_json=False,
    )
    raise typer.Exit(baseline(options, play, stdout()))
