"""What the seed's five health-hook tests cost, as a ratio to five bare monitored sessions.

    .nox/shared/bin/python benchmarks/five_sessions.py

Both are measured in this one process, by turns, and the medians compared.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Final

from parity import project
from parity.loading import ScenarioFile, load_scenario
from parity.peers import PlayerSpec, open_player
from parity.players.outcome import Played, Player

ROUNDS: Final = 9
SCENARIOS: Final = (
    "basic",
    "oom",
    "raise_in_after_create_session",
    "raise_in_before_run",
    "default_report",
)


def bare_sessions() -> None:
    """Five monitored sessions of one step, with nothing of ours."""
    import tensorflow as tf  # noqa: PLC0415 - the player has quieted it by now

    tf1 = tf.compat.v1
    config = tf1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=2)
    for _ in SCENARIOS:
        with tf.Graph().as_default():
            step = tf1.assign_add(tf1.train.get_or_create_global_step(), 1)
            with tf1.train.MonitoredSession(
                tf1.train.ChiefSessionCreator(config=config)
            ) as session:
                session.run(step)


def health_tests(player: Player, files: list[ScenarioFile]) -> None:
    """The five tests, as scenarios on the reference."""
    for file in files:
        assert isinstance(player.play(file), Played)


def seconds(work: Callable[[], None]) -> float:
    """How long one round takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    """Measure by turns and print medians and their ratio."""
    player = open_player(PlayerSpec(kind="python"), 60)
    folder = project.SCENARIOS / "health"
    files = [load_scenario(folder / f"{name}.yaml", project.SCENARIOS) for name in SCENARIOS]
    rounds = [
        (seconds(bare_sessions), seconds(lambda: health_tests(player, files)))
        for _ in range(ROUNDS + 1)
    ][1:]
    bare, ours = (statistics.median(column) for column in zip(*rounds, strict=True))
    print(f"five bare monitored sessions: {bare * 1000:.0f} ms")
    print(f"the five health-hook tests:   {ours * 1000:.0f} ms, {ours / bare:.1f} times that")


if __name__ == "__main__":
    main()
