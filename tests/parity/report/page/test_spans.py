"""How long the barrier is placed and workers are blocked."""

from __future__ import annotations

from parity.report.page.spans import barrier_spans
from tests.parity.samples import PLACED, SESSION, STEP, trace


def spans(*events):
    return [(each.lane, each.begin, each.end) for each in barrier_spans(trace(*events))]


def test_a_span_for_the_chief_and_for_each_worker_from_set_to_clear():
    both = {**PLACED, "blocked": [0, 2]}
    worker = {**PLACED, "blocked": [2]}
    free = {**PLACED, "blocked": []}
    assert spans(PLACED, STEP, both, worker, free) == [("main", 0, 3), ("worker-2", 2, 4)]


def test_a_barrier_that_stays_has_no_end():
    assert spans(SESSION, PLACED) == [("main", 1, None)]


def test_a_session_that_closes_takes_its_barrier_along():
    closed = {**SESSION, "state": "closed"}
    assert spans(PLACED, closed, SESSION) == [("main", 0, 1)]
