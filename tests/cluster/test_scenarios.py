from __future__ import annotations

from collections.abc import Iterator

import pytest

from parity.base import project
from parity.players.cluster.player import ClusterPlayer
from parity.players.outcome import Played
from parity.spec.loading import load_scenario
from parity.verdict.expectations import unmet, unmet_bounds

ONLY_HERE = sorted((project.SCENARIOS / "cluster").glob("*.yaml"))


@pytest.fixture(scope="module")
def player() -> Iterator[ClusterPlayer]:
    player = ClusterPlayer(limit=60)
    yield player
    player.close()


# By the scenario's name, as `monolith-parity checklist` finds it in the results.
@pytest.mark.parametrize("path", ONLY_HERE, ids=lambda path: f"cluster/{path.stem}")
def test_what_only_real_processes_can_show_is_as_expected(player, path):
    file = load_scenario(path, project.SCENARIOS)
    outcome = player.play(file)
    assert isinstance(outcome, Played), outcome
    assert unmet(file.scenario, outcome.trace, outcome.ordering) == ()
    assert unmet_bounds(outcome.late) == ()
