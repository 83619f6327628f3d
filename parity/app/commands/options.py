"""Arguments and options that several commands share."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parity.base.problems import UsageError

if TYPE_CHECKING:
    from rich.console import Console

DAY = 86_400.0
"""The longest wait that can be asked for, in seconds."""
MOST = 2**63 - 1
"""The largest seed, which a signed 64-bit integer of any language can hold."""


def number(value: float | None) -> float | None:
    """Return the number, but refuse nan, which would pass any check of bounds."""
    if value is not None and math.isnan(value):
        raise typer.BadParameter("expected a number, got nan")
    return value


Paths = Annotated[
    list[Path] | None, typer.Argument(help="Scenario files or folders; all of them by default.")
]
AsForRun = Annotated[str | None, typer.Option(help="As for run.")]
LivePeer = Annotated[str | None, typer.Option(help="The peer: rust, or a driver's command line.")]
_OF_PROCESSES = "Processes that play on this machine; not with --on."
Workers = Annotated[
    int | None, typer.Option("-n", min=1, max=256, show_default="1", help=_OF_PROCESSES)
]
SearchWorkers = Annotated[
    int | None, typer.Option("-n", min=1, max=256, show_default="2", help=_OF_PROCESSES)
]
On = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Use the workers of this Dask scheduler, or local:N; see docs/many-machines.md.",
    ),
]
Keyword = Annotated[str | None, typer.Option("-k", help="Only scenarios that match.")]
NoCache = Annotated[
    bool, typer.Option("--no-cache", help="Play everything, also what was played before.")
]
RunReport = Annotated[
    Path | None,
    typer.Option(
        help="Folder of the report: reports, or reports/partial with paths or -k, by default."
    ),
]
Report = Annotated[Path, typer.Option(help="Folder of the report.")]
Seed = Annotated[
    int | None,
    typer.Option(min=0, max=MOST, help="Explore another order of what is simultaneous."),
]
Schedule = Annotated[
    str | None,
    typer.Option(help="Play this schedule, by name: s:0.2.1 (see explore); not with --seed."),
]
Limit = Annotated[
    float,
    typer.Option(
        min=0.1,
        max=DAY,
        callback=number,
        help="Real seconds that a driver may take, and above 60 the reference too.",
    ),
]

LIMIT = 60.0


def processes(workers: int | None, on: str | None = None, default: int = 1) -> int:
    """Return how many processes are to play on this machine.

    Raises:
        UsageError: It was asked for as well as workers elsewhere.
    """
    if workers is not None and on is not None:
        raise UsageError("expected -n for this machine or --on for others, got both")
    return default if workers is None else workers


def schedule_of(name: str | None, seed: int | None) -> tuple[int, ...] | None:
    """Return the schedule of this name, or None without a name.

    Raises:
        UsageError: A seed was given as well, or it isn't the name of a schedule.
    """
    if name is None:
        return None
    if seed is not None:
        raise UsageError("expected --seed or --schedule, got both")
    from parity.spec.schedules import parse_schedule  # noqa: PLC0415

    return parse_schedule(name)


def stdout() -> Console:
    """Return the console of standard output."""
    from parity.app.commands.terminal import console_on  # noqa: PLC0415 - --help has no use for it

    return console_on(sys.stdout)
