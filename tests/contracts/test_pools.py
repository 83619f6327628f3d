"""Pools of handlers: tasks that come while all workers are busy, or some, or none is idle."""

from __future__ import annotations

import pytest

from tests.contracts.stages import MS


@pytest.mark.covers("B33a")
@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("before", [0, 1, 2, 3])
def test_tasks_that_come_at_once_run_side_by_side_whoever_is_idle(stage, clock, workers, before):
    def main():
        for _ in range(5):
            with clock.handler_pool(workers, name="handlers") as pool:
                for _ in range(before):
                    done(pool)
                clock.sleep(MS)
                side_by_side(pool)

    def done(pool):
        ended = []
        pool.submit(lambda: ended.append(True))
        stage.until(lambda: ended)

    def side_by_side(pool):
        began, ended = [], []

        def meet():
            began.append(True)
            stage.until(lambda: len(began) >= workers)
            ended.append(True)

        for _ in range(workers):
            pool.submit(meet)
        stage.until(lambda: len(ended) == workers)

    stage.play(main)


@pytest.mark.covers("B33a")
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_no_more_tasks_than_workers_run_and_those_that_wait_keep_their_order(stage, clock, workers):
    def main():
        order, running, most, released = [], [], [], []

        def task(number):
            running.append(number)
            most.append(len(running))
            order.append(number)
            stage.until(lambda: released)
            running.remove(number)

        with clock.handler_pool(workers, name="handlers") as pool:
            for number in range(workers):
                pool.submit(task, number)
            stage.until(lambda: len(order) == workers)
            for number in range(workers, 8):
                pool.submit(task, number)
            clock.sleep(5 * MS)
            assert len(order) == workers
            released.append(True)
            stage.until(lambda: len(order) == 8 and not running)
        assert max(most) == workers
        assert sorted(order) == list(range(8))
        if workers == 1:
            assert order == list(range(8))

    stage.play(main)
