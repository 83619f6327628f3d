"""The inbox of a worker beside the chief, and the lane that works it off."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from parity.kit.recorder import Recorder
from parity.spec.trace import StepEvent


class WaitingClock(Protocol):
    """Clock by which a worker waits for its steps."""

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Park until the condition holds."""


class Inbox:
    """The training steps that a worker was given and hasn't taken."""

    def __init__(self) -> None:
        self._given: deque[int] = deque()

    def put(self, steps: int) -> None:
        """Add steps."""
        self._given.append(steps)

    def work_off(
        self,
        index: int,
        train: Callable[[], int],
        *,
        clock: WaitingClock,
        recorder: Recorder,
        is_open: Callable[[], bool],
    ) -> None:
        """Take the steps on the current lane and record each, until one raises or the run ends.

        Args:
            index: The worker's index, from 1.
            train: Takes one step and returns the global step.
            clock: The clock by which it waits for more steps.
            recorder: The recorder of steps, and of the error that ends the worker.
            is_open: Returns False once the chief has left its session: an error of a worker that
                was blocked meanwhile isn't one of its own, and isn't recorded.
        """
        while True:
            clock.wait_until(lambda: bool(self._given))
            for _ in range(self._given.popleft()):
                try:
                    global_step = train()
                except Exception as error:  # noqa: BLE001 - it ends this worker
                    if is_open():
                        recorder.raised(error)
                    return
                recorder.record(StepEvent, worker=index, global_step=global_step)
