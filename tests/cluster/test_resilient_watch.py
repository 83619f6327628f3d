"""A resilient watch over real PS processes, which are stopped, killed, or grow."""

from __future__ import annotations

import random

import pytest

from tests.cluster.watching import SECONDS_OF_EXIT, Ward


@pytest.fixture
def ward():
    with Ward(num_ps=2) as ward:
        yield ward


def test_a_ps_that_is_stopped_is_reported_and_one_that_goes_on_is_healthy_again(ward):
    ward.stop(1)
    ward.until_reported(1)
    ward.go_on(1)
    ward.until_healthy()


@pytest.mark.nightly
def test_a_ps_that_is_killed_is_reported_while_the_other_one_is_watched(ward):
    ward.kill(0)
    ward.until_reported(0)
    ward.grow(1)
    ward.until_reported(0, 1)


@pytest.mark.parametrize(
    "fault",
    ["hang", *(pytest.param(each, marks=pytest.mark.nightly) for each in ("stop", "kill"))],
)
def test_the_exit_keeps_to_its_bound(ward, fault):
    match fault:
        case "stop":
            ward.stop(0)
        case "kill":
            ward.kill(0)
        case "hang":
            ward.let_the_next_report_hang()
            ward.grow(0)
            ward.until_reported(0)
    assert ward.end() < SECONDS_OF_EXIT


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.nightly
def test_one_fault_after_the_other_is_reported_and_the_watch_ends_in_time(ward, seed):
    ward.survive(random.Random(seed), faults=4)
    assert ward.end() < SECONDS_OF_EXIT
