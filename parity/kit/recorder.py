"""The recorder of a run's events, which also observes the barrier and the state files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from fakes.lane import LaneLeftError
from parity.kit.state_files import StateFiles
from parity.spec.trace import BarrierEvent, Event, RaisedEvent, StateFileEvent, ThreadEvent


class HookThread(Protocol):
    """A thread that a hook started, as a recorder needs it."""

    @property
    def label(self) -> str:
        """The name of its lane."""

    @property
    def ended(self) -> bool:
        """True once it has ended."""

    @property
    def error(self) -> BaseException | None:
        """The error that ended it, or None."""


class RecorderClock(Protocol):
    """Clock that gives the time and the lane of events."""

    on_give_way: Callable[[], None] | None
    on_thread_end: Callable[[Any], None] | None

    @property
    def milliseconds(self) -> int:
        """Milliseconds since the start of the run."""

    @property
    def label(self) -> str:
        """The current lane."""

    @property
    def threads(self) -> Sequence[HookThread]:
        """The threads that hooks started, in order."""

    @property
    def is_over(self) -> bool:
        """True once the run has ended, so that nothing more is recorded."""


class EventSink(Protocol):
    """Receiver of events."""

    def record(self, event: Callable[..., Event], **fields: Any) -> None:
        """Record an event at the current time and lane."""


class Recorder:
    """Recorder of events in their order, for the lane that has the turn.

    It looks at the barrier of the open session, and at the state files if it is given them, before
    it records an event and whenever a lane gives the turn away (docs/trace-format.md).

    Args:
        clock: The clock of the run.
        model_dir: The model directory, whose path is ``<model_dir>`` in what is recorded.
        state_files: The state files to look at.
        message_of: Returns the message of an error.
    """

    def __init__(
        self,
        clock: RecorderClock,
        model_dir: Path,
        state_files: StateFiles | None = None,
        *,
        message_of: Callable[[BaseException], str] = str,
    ) -> None:
        self._clock = clock
        self._model_dir = str(model_dir)
        self._message_of = message_of
        self._look_at_barrier: Callable[[], Sequence[int] | None] | None = None
        self._blocked: list[int] = []
        self._looking = False
        self._ended: set[str] = set()
        """The labels of the hooks' threads whose end is recorded."""
        self._state_files = state_files
        self.events: list[Event] = []
        clock.on_give_way = self.look
        clock.on_thread_end = self._thread_ended

    def open(self, look: Callable[[], Sequence[int] | None]) -> None:
        """Observe the barrier of a session that was created from now on.

        Args:
            look: Returns the indices that are set, ascending, or None while there is no session.
                It must not wait.
        """
        self._look_at_barrier = look

    def close(self) -> None:
        """Read the barrier a last time in this session."""
        self.look()
        self._look_at_barrier = None

    def record(self, event: Callable[..., Event], **fields: Any) -> None:
        """Record an event at the current time and lane.

        Raises:
            LaneLeftError: The run has ended; an abandoned lane stops here.
        """
        if self._clock.is_over:
            raise LaneLeftError
        self.look()
        self._append(event, **fields)

    def raised(self, error: BaseException) -> None:
        """Record an exception that left the session, or a worker's step."""
        self.record(RaisedEvent, error=type(error).__name__, message=self.message(error))

    def message(self, error: BaseException) -> str:
        """Return the error's message, without the path of this run."""
        return self._message_of(error).replace(self._model_dir, "<model_dir>")

    def threads_left(self) -> None:
        """Record each hook's thread that hasn't ended, and whose end isn't recorded already."""
        for lane in self._clock.threads:
            if not lane.ended and lane.label not in self._ended:
                left = ThreadEvent(
                    ms=self._clock.milliseconds,
                    lane=lane.label,
                    thread=lane.label,
                    fate="left",
                    error=None,
                )
                self.events.append(left)

    def look(self) -> None:
        """Record the state files that have changed, and the barrier if it has."""
        for change in self._state_files.changes() if self._state_files else ():
            self._append(StateFileEvent, **change)
        if self._look_at_barrier is None or self._looking:
            return
        self._looking = True
        try:
            looked = self._look_at_barrier()
        finally:
            self._looking = False
        if looked is not None and list(looked) != self._blocked:
            self._blocked = list(looked)
            self._append(BarrierEvent, blocked=tuple(looked))

    def let_files_go(self) -> None:
        """Let the state files go, and look at them no more."""
        if self._state_files is not None:
            self._state_files.close()
            self._state_files = None

    def _thread_ended(self, lane: HookThread) -> None:
        self._ended.add(lane.label)
        self.record(
            ThreadEvent,
            thread=lane.label,
            fate="returned" if lane.error is None else "died",
            error=None if lane.error is None else type(lane.error).__name__,
        )

    def _append(self, event: Callable[..., Event], **fields: Any) -> None:
        self.events.append(event(ms=self._clock.milliseconds, lane=self._clock.label, **fields))
