"""Two saves at once, whose locks are taken in the order that the specification speaks of."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from monolith_hooks.clock import SystemClock
from monolith_hooks.save_utils import NoFirstSaveCheckpointSaverHook
from tests.contracts.stages import PATIENCE

tf1 = tf.compat.v1


@pytest.fixture
def stage(request):
    return request.getfixturevalue("system_stage")


class Meeting:
    """A lock that lets two callers take it a second time only once both have left it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._own = threading.local()
        self._both = threading.Barrier(2)

    def __enter__(self) -> None:
        called = threading.current_thread().name == "caller"
        if called and getattr(self._own, "times", 0) == 1:
            self._both.wait(PATIENCE)
        self._lock.acquire()

    def __exit__(self, *raised: object) -> None:
        self._own.times = getattr(self._own, "times", 0) + 1
        self._lock.release()


class MeetingClock(SystemClock):
    """The system's clock, whose locks have two callers meet."""

    def lock(self) -> Meeting:
        return Meeting()


class Writes:
    """A saver that counts its writes, and refuses some."""

    saver_def = None

    def __init__(self, refusals: int) -> None:
        self.count = 0
        self._refusals = refusals

    def save(self, *args: Any, **options: Any) -> None:
        self.count += 1
        if self.count <= self._refusals:
            raise tf.errors.InternalError(None, None, "refused")


@pytest.fixture
def graph() -> Iterator[None]:
    with tf.Graph().as_default():
        yield


@pytest.mark.usefixtures("graph")
@pytest.mark.covers("B30g", "B30j", "B30k")
@pytest.mark.parametrize(("refusals", "writes", "failed"), [(0, 1, 0), (1, 2, 0), (2, 2, 1)])
def test_of_two_saves_that_reset_the_timer_before_either_saves_one_writes(
    tmp_path: Path, config, refusals, writes, failed
):
    clock, saver = MeetingClock(), Writes(refusals)
    tf1.train.get_or_create_global_step()
    hook = NoFirstSaveCheckpointSaverHook(str(tmp_path), save_secs=10**6, saver=saver, clock=clock)
    results: list[str] = []

    def save() -> None:
        try:
            hook.trigger_save(session)
            results.append("OK")
        except tf.errors.InternalError as error:
            results.append(error.message)

    hook.begin()
    with tf1.Session(config=config) as session:
        session.run(tf1.global_variables_initializer())
        hook.after_create_session(session, None)
        threads = [clock.start_thread(save, name="caller") for _ in range(2)]
        for thread in threads:
            thread.join(PATIENCE)
    assert sorted(results) == ["OK"] * (2 - failed) + ["refused"] * failed
    assert saver.count == writes
