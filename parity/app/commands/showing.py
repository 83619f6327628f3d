"""Commands that show one play: replay, and diff of two traces."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from parity.app.commands.options import (
    LIMIT,
    Limit,
    Schedule,
    Seed,
    number,
    schedule_of,
    stdout,
)


def replay(
    scenario: Annotated[
        Path, typer.Argument(help="A scenario file, or its name such as health/oom.")
    ],
    on: Annotated[
        str | None,
        typer.Option(help="The player, as run has them; python by default. With --both, the peer."),
    ] = None,
    both: Annotated[bool, typer.Option(help="Side by side: python, and the peer.")] = False,
    reference: Annotated[
        str | None, typer.Option(help="With --both, the other side; python by default.")
    ] = None,
    step: Annotated[bool, typer.Option(help="Event by event, Enter for the next.")] = False,
    watch: Annotated[bool, typer.Option(help="Again whenever the file changes.")] = False,
    speed: Annotated[
        float,
        typer.Option(min=0.1, max=1000, callback=number, help="Events a second, on a terminal."),
    ] = 4.0,
    seed: Seed = None,
    schedule: Schedule = None,
    out: Annotated[Path | None, typer.Option(help="Write the trace to this file.")] = None,
    limit: Limit = LIMIT,
) -> None:
    """Play one scenario and show it, event by event.

    Playing takes milliseconds; what a terminal shows is played back afterwards, one
    event after the other. Elsewhere all events are printed, a line each.
    """
    from parity.app.replay import ReplayOptions, replay  # noqa: PLC0415 - may import TensorFlow

    options = ReplayOptions(
        path=scenario,
        on=on,
        both=both,
        reference=reference,
        seed=seed,
        schedule=schedule_of(schedule, seed),
        out=out,
        limit=limit,
        step=step,
        watch=watch,
        speed=speed,
    )
    raise typer.Exit(replay(options, stdout()))


def diff(
    left: Annotated[Path, typer.Argument(help="A trace, as replay --out writes it.")],
    right: Annotated[Path, typer.Argument(help="Another one.")],
) -> None:
    """Compare two traces; exits 1 if they differ."""
    from parity.app.replay import diff  # noqa: PLC0415

    raise typer.Exit(diff(left, right, stdout()))
