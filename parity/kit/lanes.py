"""Lanes beside main: what is done in the background, branches, and workers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from fakes.lane import Lane
from fakes.lane_pool import BACKGROUND_PREFIX, CONCURRENT_PREFIX
from fakes.virtual_clock import VirtualClock
from parity.kit.recorder import Recorder
from parity.kit.unplayable import Unplayable
from parity.spec.steps import (
    BackgroundStep,
    ConcurrentlyStep,
    RpcStep,
    Step,
    WorkerStep,
    WorkerTrain,
)
from parity.spec.trace import StepEvent


class LanesBeside:
    """Starts these lanes, each of which does one step.

    Args:
        clock: The clock of the run.
        do: Does a step on the current lane; it is given the step's place.
    """

    def __init__(self, clock: VirtualClock, do: Callable[[Step, str], None]) -> None:
        self._clock = clock
        self._do = do
        self._background: list[Lane] = []

    def start_in_background(self, step: BackgroundStep, index: int) -> None:
        """Start the lane of a step in the background, the scenario's ``index``-th."""

        def do() -> None:
            self._clock.sleep(step.after / 1000)
            try:
                self._do(step.background, f"steps[{index}].background")
            except Unplayable as error:
                raise error.at(f"steps[{index}]: background", index) from None

        self._background.append(self._clock.start_lane(do, f"{BACKGROUND_PREFIX}{index}"))

    def do_concurrently(self, step: ConcurrentlyStep, index: int) -> None:
        """Do the branches of a step, each in a lane of its own, and wait for all of them.

        Raises:
            Unplayable: A branch can't be done.
        """
        branches = [
            self._clock.start_lane(
                lambda branch=branch: self._do(  # type: ignore[misc]
                    branch, f"steps[{index}].concurrently"
                ),
                f"{CONCURRENT_PREFIX}{index}",
                twin=_effect_of(branch),
            )
            for branch in step.concurrently
        ]
        self._wait_for(branches)

    def wait_for_background(self) -> None:
        """Wait until all that was started in the background is done.

        Raises:
            Unplayable: A step in the background can't be done.
        """
        self._wait_for(self._background)

    def _wait_for(self, lanes: Sequence[Lane]) -> None:
        self._clock.wait_until(lambda: all(lane.ended for lane in lanes))
        for lane in lanes:
            if lane.error is not None:
                raise lane.error


def _effect_of(branch: RpcStep | WorkerStep) -> str:
    """Return a text that is equal for branches that do the same, whatever they expect."""
    return branch.model_dump_json(include={"rpc", "deadline", "server", "worker"})


class WaitingClock(Protocol):
    """Clock by which a worker waits for its steps."""

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Park until the condition holds."""


class Inbox:
    """The training steps that a worker was given and hasn't taken."""

    def __init__(self) -> None:
        self._given: deque[WorkerTrain] = deque()

    def put(self, given: WorkerTrain) -> None:
        """Add steps."""
        self._given.append(given)

    def work_off(
        self,
        index: int,
        train: Callable[[float], int],
        *,
        clock: WaitingClock,
        recorder: Recorder,
        is_open: Callable[[], bool],
    ) -> None:
        """Take the steps on the current lane and record each, until one raises or the run ends.

        Args:
            index: The worker's index, from 1.
            train: Takes one step, which takes so many virtual seconds, and returns the global step.
            clock: The clock by which it waits for more steps.
            recorder: The recorder of steps, and of the error that ends the worker.
            is_open: Returns False once the chief has left its session: an error of a worker that
                was blocked meanwhile isn't one of its own, and isn't recorded.
        """
        while True:
            clock.wait_until(lambda: bool(self._given))
            given = self._given.popleft()
            for _ in range(given.train):
                try:
                    global_step = train(given.takes / 1000)
                except Exception as error:  # noqa: BLE001 - it ends this worker
                    if is_open():
                        recorder.raised(error)
                    return
                recorder.record(StepEvent, worker=index, global_step=global_step)
