"""The command that replays a scenario in the same way, as reports show it."""

from __future__ import annotations

import shlex
from pathlib import Path

from parity.base import project
from parity.spec.schedules import Schedule, schedule_name


def replay_line(
    path: Path,
    on: str,
    *,
    reference: str | None = "python",
    seed: int | None = None,
    schedule: Schedule | None = None,
) -> str:
    """Return a shell command that replays a scenario, and writes nothing.

    Args:
        path: The scenario file.
        on: The peer, as in ``--on``; without a reference the only player.
        reference: The other side, or None.
        seed: The seed of the run, or None.
        schedule: The schedule of the run, or None.
    """
    words = ["monolith-parity", "replay", _name_of(path)]
    if reference is not None:
        words.append("--both")
    words += ["--on", on]
    if reference not in (None, "python"):
        words += ["--reference", str(reference)]
    if seed is not None:
        words += ["--seed", str(seed)]
    if schedule is not None:
        words += ["--schedule", schedule_name(schedule)]
    return shlex.join(words)


def _name_of(path: Path) -> str:
    """Return the name of a scenario of the catalogue, or the path of another one."""
    real, scenarios = path.resolve(), project.SCENARIOS.resolve()
    if real.is_relative_to(scenarios) and real.suffix == ".yaml":
        name = real.relative_to(scenarios).with_suffix("").as_posix()
    else:
        name = project.shown(path)
    return f"./{name}" if name.startswith("-") else name
