"""The life of the chief's session: opened once, trained in, and left once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from parity.kit.recorder import Recorder
from parity.kit.unplayable import Unplayable
from parity.spec.trace import ElementEvent, SessionEvent, StepEvent

_LEAVES: Final = (Exception, KeyboardInterrupt, SystemExit)
"""Errors that can leave a session; others, such as LaneLeftError, end the run itself."""


@dataclass(frozen=True)
class Trained:
    """The global step after a training step's own addition, and the element that it took."""

    global_step: int
    element: int | None = None


class ChiefJob(Protocol):
    """The chief of a job, whose session it is; ``parity.kit.port.Job`` describes the methods."""

    def open(self) -> None:
        """Open the session."""

    def train(self) -> Trained | None:
        """Take one training step; None if a hook requested a stop."""

    def leave(self, error: BaseException | None) -> None:
        """Leave the session."""


class Session:
    """The session of a job, with the events that are the same for every port."""

    def __init__(self, job: ChiefJob, recorder: Recorder) -> None:
        self._job = job
        self._recorder = recorder
        self.is_open = False
        """True while the session was opened and not yet left."""

    def open(self) -> None:
        """Open it; an exception that leaves it meanwhile is recorded."""
        try:
            self._job.open()
        except _LEAVES as error:
            self._was_left(error)
        else:
            self.is_open = True

    def train(self, steps: int) -> None:
        """Take training steps; an exception in one leaves the session.

        Raises:
            Unplayable: The session was left.
        """
        self.must_be_open()
        for _ in range(steps):
            try:
                trained = self._job.train()
            except _LEAVES as error:
                self.leave(error)
                return
            if trained is None:
                return
            if trained.element is not None:
                self._recorder.record(ElementEvent, value=trained.element)
            self._recorder.record(StepEvent, worker=0, global_step=trained.global_step)

    def leave(self, error: BaseException | None = None) -> None:
        """Leave it as its ``with`` block would be left, with an error of its body or without.

        Raises:
            Unplayable: The session was left before.
        """
        self.must_be_open()
        try:
            self._job.leave(error)
        except _LEAVES as left:
            self._was_left(left)
        else:
            self._was_left(None)

    def must_be_open(self) -> None:
        """Refuse a step that needs a session if there is none.

        Raises:
            Unplayable: The session was left.
        """
        if not self.is_open:
            raise Unplayable("the session was left before")

    def _was_left(self, error: BaseException | None) -> None:
        self._recorder.close()
        self.is_open = False
        if error is not None:
            self._recorder.raised(error)
        self._recorder.record(SessionEvent, state="closed")
