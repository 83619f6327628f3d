"""From a seed to scenarios: the same ones in the same order, however many processes play them.

They are made in batches, each from the seed and its number alone, so that batches can
be made anywhere. Hypothesis begins each batch with the simplest scenario that there
is; it is left out.
"""

from __future__ import annotations

from typing import Final

import hypothesis
from hypothesis import strategies as st

from parity.fuzzing.case import Case
from parity.fuzzing.strategies import scenarios, seeds
from parity.scenario import Scenario

BATCH: Final = 25


def batch(seed: int, number: int, count: int = BATCH) -> list[Case]:
    """The scenarios of one batch; ``count`` leaves out those at its end."""
    made: list[tuple[Scenario, int | None]] = []

    @hypothesis.seed(f"{seed}/{number}")
    @hypothesis.settings(
        max_examples=BATCH + 1,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(st.tuples(scenarios(), seeds()))
    def take(case: tuple[Scenario, int | None]) -> None:
        made.append(case)

    take()
    first = number * BATCH
    return [
        Case(f"fuzz/{seed}/{first + i}", scenario, order)
        for i, (scenario, order) in enumerate(made[1 : count + 1])
    ]
