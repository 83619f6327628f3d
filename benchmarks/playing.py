"""The cost of plays: relative to bare sessions, through a driver's pipe, and as they grow."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.measuring import Growth, Ratio, Work, growth, ratio
from parity.base.model import frozen
from parity.players.choose import PlayerSpec, choose_player, open_player
from parity.players.outcome import Played, Player
from parity.spec.loading import ScenarioFile
from parity.spec.scenario import Scenario

_DAY_POLLS = 2880
"""The health hook's polls in a day, one every 30 s."""
_DAY_ROUNDS = 5


def scenario(steps: list[Any], **keys: Any) -> ScenarioFile:
    """Return a scenario of these steps."""
    document = {"about": "A benchmark.", "steps": steps, "expect": {"reports": 0}, **keys}
    return ScenarioFile("bench", Path("bench.yaml"), Scenario.model_validate(frozen(document)))


def playing(player: Player, file: ScenarioFile) -> Work:
    """Return the work of playing a scenario."""

    def play() -> None:
        outcome = player.play(file)
        assert isinstance(outcome, Played), outcome

    return play


@contextlib.contextmanager
def players() -> Iterator[tuple[Player, Player]]:
    """Yield the reference and the port."""
    reference = open_player(PlayerSpec(kind="python"), 600)
    port = open_player(choose_player("rust").spec, 600)
    try:
        yield reference, port
    finally:
        port.close()


def bare_sessions(steps: int) -> Work:
    """Return the work of a monitored session of this many steps, without the project's hooks."""
    import tensorflow as tf

    tf1 = tf.compat.v1

    def train() -> None:
        config = tf1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=2)
        with tf.Graph().as_default():
            step = tf1.assign_add(tf1.train.get_or_create_global_step(), 1)
            creator = tf1.train.ChiefSessionCreator(config=config)
            with tf1.train.MonitoredSession(creator) as session:
                for _ in range(steps):
                    session.run(step)

    return train


def fetches(count: int, runs: int) -> Work:
    """Return the work of ``runs`` runs of a session that fetch ``count`` fed strings each."""
    import tensorflow as tf

    tf1 = tf.compat.v1
    graph = tf.Graph()
    with graph.as_default():
        texts = [tf1.placeholder(tf.string, []) for _ in range(count)]
    session = tf1.Session(graph=graph)
    fed = dict.fromkeys(texts, b"")

    def run() -> None:
        for _ in range(runs):
            session.run(texts, fed)

    return run


def ratios(reference: Player, port: Player) -> Iterator[Ratio]:
    """Yield the ratios of a play and of a poll."""
    twenty = scenario([{"train": 20}], hooks=["ps_health"])
    for name, player in (("Python", reference), ("Rust, through the pipe", port)):
        yield ratio(
            f"a play of 20 steps on {name}",
            playing(player, twenty),
            "a bare monitored session of its steps",
            bare_sessions(20),
        )
    day = scenario([{"advance": "24h"}], cluster={"ps": 16}, hooks=["ps_health"])
    for name, player in (("Python", reference), ("Rust, through the pipe", port)):
        yield ratio(
            f"a day of 16 PS on {name}",
            playing(player, day),
            "bare runs that fetch as many strings",
            fetches(16, _DAY_POLLS),
            _DAY_ROUNDS,
        )


def growths(reference: Player, port: Player) -> Iterator[Growth]:
    """Yield the growth of plays."""

    def one_poll(player: Player) -> Any:
        return lambda ps: playing(
            player, scenario([{"train": 1}], cluster={"ps": ps}, hooks=["ps_health"])
        )

    def steps(player: Player) -> Any:
        return lambda count: playing(player, scenario([{"train": count}], hooks=["ps_health"]))

    def held(player: Player) -> Any:
        def work(count: int) -> Work:
            arrive = [{"worker": {"index": i, "train": 1}} for i in range(1, count)]
            return playing(
                player,
                scenario(
                    [
                        {"rpc": "StopTraining"},
                        *arrive,
                        {"rpc": "ResumeTraining"},
                        {"advance": "1s"},
                    ],
                    cluster={"workers": count},
                ),
            )

        return work

    for name, player in (("Python", reference), ("Rust", port)):
        yield growth(f"PS, one poll, {name}", one_poll(player), (100, 1000, 10_000))
        yield growth(f"steps of the chief, {name}", steps(player), (1000, 10_000, 100_000))
        yield growth(f"held workers, {name}", held(player), (20, 60, 180))
