"""A few of the random runs: the whole thousand is `python -m benchmarks.watching`."""

from __future__ import annotations

import pytest

from benchmarks.watching import losses

RUNS = 15


@pytest.mark.slow
@pytest.mark.nightly
def test_random_faults_end_the_default_watch_and_not_the_resilient_one():
    table = losses(RUNS)
    assert table["resilient"]["unhealthy"] == table["default"]["unhealthy"] > RUNS
    assert (table["resilient"]["watched"], table["resilient"]["unreported"]) == (RUNS, 0)
    # Or the faults would have shown nothing.
    assert table["default"]["watched"] < RUNS
    assert table["default"]["unreported"] > RUNS
