"""The command that plays a scenario again as it was played: the line that reports show."""

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
    """A line for a shell that replays a scenario, and writes nothing.

    Args:
      path: the scenario file.
      on: the peer, as ``--on`` has it; without a reference the only player.
      reference: the other side, None if there is none.
      seed: the seed that was played, if one was.
      schedule: the schedule that was played, if one was.
    """
    words = ["monolith-parity", "replay", _called(path)]
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


def _called(path: Path) -> str:
    """The name of a scenario of the catalogue, the path of another one."""
    real, scenarios = path.resolve(), project.SCENARIOS.resolve()
    if real.is_relative_to(scenarios) and real.suffix == ".yaml":
        called = real.relative_to(scenarios).with_suffix("").as_posix()
    else:
        called = project.shown(path)
    return f"./{called}" if called.startswith("-") else called
