"""The cost of the seed's five health-hook tests, as a ratio to five bare monitored sessions.

    .nox/shared/bin/python -m benchmarks.five_sessions

The seed's tests have a session with the health hook and nothing else, so the five
scenarios are played without saver, server and calls. The scenarios as they are, with
checkpoints written and real gRPC, are measured beside them. All run in this one
process, by turns, and their medians are compared.
"""

from __future__ import annotations

import statistics
from typing import Final

from benchmarks.measuring import seconds
from benchmarks.playing import bare_sessions
from parity.base import project
from parity.players.choose import PlayerSpec, open_player
from parity.players.outcome import Played, Player
from parity.spec.hooks import SaverEntry, ServerEntry
from parity.spec.loading import ScenarioFile, load_scenario
from parity.spec.steps import RpcStep

ROUNDS: Final = 9
SCENARIOS: Final = (
    "basic",
    "oom",
    "raise_in_after_create_session",
    "raise_in_before_run",
    "default_report",
)


def health_hook_alone(file: ScenarioFile) -> ScenarioFile:
    """Return the scenario without saver, server and what needs them."""
    scenario = file.scenario
    hooks = [hook for hook in scenario.hooks if not isinstance(hook, SaverEntry | ServerEntry)]
    steps = [step for step in scenario.steps if not isinstance(step, RpcStep)]
    alone = scenario.model_copy(update={"hooks": tuple(hooks), "steps": tuple(steps)})
    return ScenarioFile(file.name, file.path, alone)


def play(player: Player, files: list[ScenarioFile]) -> None:
    """Play the five tests on the reference."""
    for file in files:
        assert isinstance(player.play(file), Played)


def main() -> None:
    """Measure by turns and print medians and their ratio."""
    player = open_player(PlayerSpec(kind="python"), 60)
    folder = project.SCENARIOS / "health"
    files = [load_scenario(folder / f"{name}.yaml", project.SCENARIOS) for name in SCENARIOS]
    alone = [health_hook_alone(file) for file in files]
    bare_session = bare_sessions(steps=1)
    works = (
        lambda: [bare_session() for _ in SCENARIOS],
        lambda: play(player, alone),
        lambda: play(player, files),
    )
    rounds = [[seconds(work) for work in works] for _ in range(ROUNDS + 1)][1:]
    bare, tests, whole = (statistics.median(column) for column in zip(*rounds, strict=True))
    print(f"five bare monitored sessions:         {bare * 1000:.0f} ms")
    print(f"the five tests, health hook alone:    {tests * 1000:.0f} ms, {tests / bare:.2f} times")
    print(f"the five scenarios, saver and server: {whole * 1000:.0f} ms, {whole / bare:.2f} times")


if __name__ == "__main__":
    main()
