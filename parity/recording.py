"""Keeps a driver's traces, so that a machine without it can still compare."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from parity.expectations import unmet
from parity.needs import play
from parity.peers import choose_player, open_player
from parity.players.driver import DriverPlayer
from parity.players.outcome import Played, Skipped
from parity.players.recorded import Provenance, write_recording
from parity.problems import UsageError
from parity.runner import load_all


def record(paths: Sequence[Path], peer: str, out: Path, limit: float, console: Console) -> int:
    """Play each scenario on the driver and write its trace; 0, or 3 if one couldn't be played.

    Recordings of scenarios that are gone are removed when all are recorded.

    Raises:
      UsageError: something that was given is wrong.
      PortUnavailableError: the driver can't be had.
    """
    files = load_all(paths)
    player = open_player(choose_player(peer).spec, limit)
    if not isinstance(player, DriverPlayer):
        raise UsageError(f"--peer {peer}: only a driver can be recorded; rust would be right")
    try:
        hello = player.hello or player.start()
        written, failures = set(), 0
        for file in files:
            outcome = play(player, file)
            if isinstance(outcome, Skipped):
                console.print(f"{file.name}: skipped: {outcome.reason}", markup=False)
                continue
            if not isinstance(outcome, Played):
                console.print(f"{file.name}: not recorded: {outcome}", soft_wrap=True, markup=False)
                failures += 1
                continue
            provenance = Provenance(
                scenario=file.name,
                scenario_digest=file.scenario.digest(),
                implementation=hello.implementation,
                language=hello.language,
                version=hello.version,
                source_digest=hello.source_digest,
            )
            written.add(write_recording(out, provenance, outcome.trace))
            for broken in unmet(file.scenario, outcome.trace):
                console.print(f"{file.name}: broken: {broken}", soft_wrap=True, markup=False)
    finally:
        player.close()
    if not paths:
        for old in set(out.rglob("*.json")) - written:
            old.unlink()
    console.print(f"{len(written)} traces recorded in {out}", soft_wrap=True, markup=False)
    return 3 if failures else 0
