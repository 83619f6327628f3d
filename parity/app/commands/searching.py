"""Commands that search for differences: explore, fuzz, campaign, killmatrix, mutants."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from parity.app.commands.options import (
    DAY,
    LIMIT,
    MOST,
    Limit,
    LivePeer,
    On,
    SearchWorkers,
    Workers,
    number,
    processes,
    stdout,
)
from parity.base import project
from parity.base.problems import UsageError


def explore(
    scenario: Annotated[Path, typer.Argument(help="A scenario file.")],
    alone: Annotated[str | None, typer.Option(help="Explore this player alone.")] = None,
    peer: LivePeer = None,
    bound: Annotated[
        int | None,
        typer.Option(min=0, help="Context switches in a schedule, at most; all by default."),
    ] = None,
    workers: Workers = None,
    on: On = None,
    limit: Limit = LIMIT,
) -> None:
    """Play every order of what is simultaneous, on both sides.

    What can come of it is compared.
    """
    from parity.search.explore.command import ExploreOptions, explore  # noqa: PLC0415

    if alone is not None and peer is not None:
        raise UsageError("expected --alone or --peer, got both")
    options = ExploreOptions(
        scenario=scenario,
        reference=alone or "python",
        peer=peer,
        alone=alone is not None,
        bound=bound,
        seconds=limit,
        workers=processes(workers, on),
        on=on,
    )
    raise typer.Exit(explore(options, stdout()))


def fuzz(
    seed: Annotated[
        int,
        typer.Option(min=0, max=MOST, help="The same seed gives the same scenarios."),
    ],
    count: Annotated[int, typer.Option(min=1, help="How many scenarios.")] = 1000,
    peer: LivePeer = None,
    reference: Annotated[str, typer.Option(help="The other side.")] = "python",
    workers: SearchWorkers = None,
    on: On = None,
    limit: Limit = LIMIT,
    report: Annotated[Path, typer.Option(help="Folder of what was done so far.")] = project.ROOT
    / "reports"
    / "fuzz",
) -> None:
    """Make up scenarios, and keep those that show a difference.

    Each is played on both sides. One that differs is made smaller as long as it does.
    """
    from parity.search.fuzz.campaign import FuzzOptions, fuzz  # noqa: PLC0415 - takes a second

    options = FuzzOptions(
        seed=seed,
        count=count,
        reference=reference,
        peer=peer,
        workers=processes(workers, on, default=2),
        limit=limit,
        report=report,
        on=on,
    )
    raise typer.Exit(fuzz(options, stdout()))


class HookSetup(StrEnum):
    """The hooks of a campaign's job."""

    DEFAULT = "default"
    OPTIONS = "options"


def campaign(
    seed: Annotated[
        int, typer.Option(min=0, max=MOST, help="The first run's; each run takes the next.")
    ] = 0,
    runs: Annotated[int, typer.Option(min=1, help="How many runs.")] = 10,
    setup: Annotated[
        HookSetup, typer.Option(help="The original's hooks, or the options of docs/production.md.")
    ] = HookSetup.OPTIONS,
    workers: SearchWorkers = None,
    replay: Annotated[
        Path | None, typer.Option(help="Play this plan, or this history's, and no other.")
    ] = None,
    shrink: Annotated[
        int, typer.Option(min=0, help="Smaller plans tried for a run that broke a promise.")
    ] = 12,
    out: Annotated[
        Path, typer.Option(help="Folder of the histories that broke a promise.")
    ] = project.ROOT / "reports" / "campaign",
) -> None:
    """Attack a job on a real cluster, and check its history.

    Operators stop, resume, look and save meanwhile.
    """
    from parity.players.python.quiet import quiet_tensorflow  # noqa: PLC0415 - takes seconds

    quiet_tensorflow()
    from parity.campaign.command import CampaignOptions, campaign  # noqa: PLC0415

    options = CampaignOptions(
        seed=seed,
        runs=runs,
        setup=setup.value,
        workers=processes(workers, default=2),
        out=out,
        replay=replay,
        shrink=shrink,
    )
    raise typer.Exit(campaign(options, stdout()))


def killmatrix(
    only: Annotated[
        list[str] | None, typer.Option(help="This planted bug; may be given again.")
    ] = None,
    shard: Annotated[str | None, typer.Option(help="Every Nth bug from the Ith on: I/N.")] = None,
    out: Annotated[
        Path, typer.Option(help="Results so far; what is in it and still true is not done again.")
    ] = project.ROOT / "reports" / "killmatrix.jsonl",
    limit: Annotated[
        float,
        typer.Option(
            min=0.1,
            max=DAY,
            callback=number,
            help="Real seconds that a mutant may take for a scenario.",
        ),
    ] = 10.0,
    by: Annotated[
        str,
        typer.Option(help="Ways to look for each: catalogue,interop,contracts,fuzz,explore."),
    ] = "catalogue",
    until_caught: Annotated[
        bool, typer.Option("--until-caught", help="Try no other way after one has caught the bug.")
    ] = False,
    markdown: Annotated[Path | None, typer.Option(help="Write the table here as well.")] = None,
    on: On = None,
) -> None:
    """Plant bugs on both sides, and see what catches each.

    They are planted in copies of the sources, one at a time.
    """
    from parity.mutation.planted.command import KillOptions, killmatrix  # noqa: PLC0415
    from parity.mutation.planted.planted import parse_ways  # noqa: PLC0415

    options = KillOptions(
        only=only or [],
        shard=shard,
        ways=parse_ways(by),
        until_caught=until_caught,
        out=out,
        limit=limit,
        markdown=markdown,
        on=on,
    )
    raise typer.Exit(killmatrix(options, stdout()))


class MutatedSideName(StrEnum):
    """The side whose sources are mutated."""

    RUST = "rust"
    PYTHON = "python"


def mutants(
    side: Annotated[MutatedSideName, typer.Argument(help="Whose sources to mutate.")],
    only: Annotated[
        list[str] | None,
        typer.Option(help="Mutants with this in their FILE: MUTANT; may be given again."),
    ] = None,
    shard: Annotated[
        str | None, typer.Option(help="Every Nth mutant from the Ith on: I/N.")
    ] = None,
    sample: Annotated[
        int | None, typer.Option(min=1, help="So many of them, drawn at random by --seed.")
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, max=MOST, help="Another seed draws another sample.")
    ] = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Results so far; what is in it and still true is not done again. "
            "reports/mutants-SIDE.jsonl by default."
        ),
    ] = None,
    limit: Annotated[
        float,
        typer.Option(
            min=0.1,
            max=DAY,
            callback=number,
            help="Real seconds that a mutant may take for a scenario.",
        ),
    ] = 20.0,
    on: On = None,
) -> None:
    """Make every small change to one side, and see what catches it.

    The changes are those that a tool makes: cargo-mutants, mutmut.
    """
    from parity.mutation.generated.command import MutantOptions, mutants  # noqa: PLC0415

    options = MutantOptions(
        side=side.value,
        only=tuple(only or ()),
        shard=shard,
        out=out or project.ROOT / "reports" / f"mutants-{side}.jsonl",
        sample=sample,
        seed=seed,
        limit=limit,
        on=on,
    )
    raise typer.Exit(mutants(options, stdout()))
