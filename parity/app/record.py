"""Recordings of a player's traces, for comparing on a machine or in a process without it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from parity.base.files import make_folder, writing
from parity.base.problems import UsageError
from parity.base.terminal_text import counted
from parity.players.choose import choose_player, open_players
from parity.players.needs import play_if_able
from parity.players.outcome import Played, Skipped
from parity.players.recorded import Provenance, write_recording
from parity.spec.loading import load_all
from parity.verdict.expectations import unmet


def record(paths: Sequence[Path], peer: str, out: Path, limit: float, console: Console) -> int:
    """Play each scenario on the player and write its trace; return 0, or 3 if one wasn't played.

    Recordings of scenarios that no longer exist are removed when all are recorded.

    Raises:
        UsageError: Something that was given is wrong.
        PortUnavailableError: The player isn't available, or stopped working.
        OutputError: A recording can't be written; each is written whole or not at all.
    """
    files = load_all(paths)
    spec = choose_player(peer).spec
    if spec.kind == "recorded":
        raise UsageError(f"--peer {peer}: expected rust or python, got a recording")
    if spec.kind == "cluster":
        raise UsageError(
            "--peer cluster: what it plays takes real time, which no recording can be held to; "
            "expected rust or python"
        )
    # Recordings of the reference aren't committed but made for each use, so they may come from the
    # cache; those of the port are committed, and made by a driver.
    cached = spec.kind == "python"
    with open_players([spec], limit, gives_up=True, cached=cached) as (player,):
        make_folder(out)
        written, failures = set(), 0
        for file in files:
            outcome = play_if_able(player, file)
            if isinstance(outcome, Skipped):
                console.print(f"{file.name}: skipped: {outcome.reason}", markup=False)
                continue
            if not isinstance(outcome, Played) or outcome.by is None:
                console.print(f"{file.name}: not recorded: {outcome}", soft_wrap=True, markup=False)
                failures += 1
                continue
            provenance = Provenance(
                scenario=file.name,
                scenario_digest=file.scenario.digest(),
                implementation=outcome.by.implementation,
                language=outcome.by.language,
                version=outcome.by.version,
                source_digest=outcome.by.source_digest,
                order=outcome.ordering,
            )
            written.add(write_recording(out, provenance, outcome.trace))
            for broken in unmet(file.scenario, outcome.trace):
                console.print(f"{file.name}: broken: {broken}", soft_wrap=True, markup=False)
        if not paths:
            for old in set(out.rglob("*.json")) - written:
                with writing(old):
                    old.unlink(missing_ok=True)
        console.print(
            f"{counted(len(written), 'trace')} recorded in {out}", soft_wrap=True, markup=False
        )
    return 3 if failures else 0
