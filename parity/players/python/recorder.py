"""The recorder of a run's events, which also observes the barrier."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from fakes.faults import error_message, error_name
from fakes.lane import LaneLeftError
from monolith_hooks import logging_ops_pb2
from monolith_hooks.barrier_ops import BarrierOp
from parity.players.python.state_files import StateFiles
from parity.spec.trace import (
    BarrierEvent,
    Event,
    PsResult,
    RaisedEvent,
    ReportEvent,
    SaveEvent,
    SaveFailedEvent,
    StateFileEvent,
    ThreadEvent,
)


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
    """

    def __init__(
        self,
        clock: RecorderClock,
        barrier_op: BarrierOp,
        model_dir: Path,
        state_files: StateFiles | None = None,
    ) -> None:
        self._clock = clock
        self._model_dir = str(model_dir)
        self._barrier_op = barrier_op
        self._session: object | None = None
        self._blocked: list[int] = []
        self._looking = False
        self._state_files = state_files
        self.events: list[Event] = []
        clock.on_give_way = self.look
        clock.on_thread_end = self._thread_ended

    def session_opens(self, session: object) -> None:
        """Observe the barrier of this session from now on."""
        self._session = session

    def session_closes(self) -> None:
        """Read the barrier a last time."""
        self.look()
        self._session = None

    def record(self, event: Callable[..., Event], **fields: Any) -> None:
        """Record an event at the current time and lane.

        Raises:
            LaneLeftError: The run has ended; an abandoned lane stops here.
        """
        if self._clock.is_over:
            raise LaneLeftError
        self.look()
        self._append(event, **fields)

    def report(self, results: Mapping[int, logging_ops_pb2.MachineHealthResult]) -> None:
        """Record the results passed to report_fn, in their order."""
        self.record(
            ReportEvent, results=tuple(_ps_result(ps, result) for ps, result in results.items())
        )

    def raised(self, error: BaseException) -> None:
        """Record an exception that left the session."""
        self.record(RaisedEvent, error=error_name(error), message=self._message(error))

    def saved(self, step: int) -> None:
        """Record a checkpoint that was written."""
        self.record(SaveEvent, step=step)

    def save_failed(self, step: int, error: BaseException) -> None:
        """Record a write that raised."""
        self.record(
            SaveFailedEvent, step=step, error=error_name(error), message=self._message(error)
        )

    def threads_left(self) -> None:
        """Record each hook's thread that hasn't ended."""
        for lane in self._clock.threads:
            if not lane.ended:
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
        self._look_at_barrier()

    def close(self) -> None:
        """Let the state files go, and look at them no more."""
        if self._state_files is not None:
            self._state_files.close()
            self._state_files = None

    def _look_at_barrier(self) -> None:
        if self._session is None or self._looking:
            return
        self._looking = True
        try:
            blocked = self._barrier_op.get_blocked_indices(self._session)
        except RuntimeError:
            return  # This session is closed, and the next one isn't open yet.
        finally:
            self._looking = False
        if blocked != self._blocked:
            self._blocked = blocked
            self._append(BarrierEvent, blocked=tuple(blocked))

    def _message(self, error: BaseException) -> str:
        """Return the error's message, without the path of this run."""
        return error_message(error).replace(self._model_dir, "<model_dir>")

    def _thread_ended(self, lane: HookThread) -> None:
        self.record(
            ThreadEvent,
            thread=lane.label,
            fate="returned" if lane.error is None else "died",
            error=None if lane.error is None else error_name(lane.error),
        )

    def _append(self, event: Callable[..., Event], **fields: Any) -> None:
        self.events.append(event(ms=self._clock.milliseconds, lane=self._clock.label, **fields))


def _readable(text: str | bytes) -> str:
    """Return text for a string of protobuf, whose bytes that aren't UTF-8 become U+FFFD."""
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def _ps_result(ps: int, result: logging_ops_pb2.MachineHealthResult) -> PsResult:
    known = result.HasField("status")
    return PsResult(
        ps=ps,
        status=logging_ops_pb2.MachineHealthResult.MachineHealthStatus.Name(result.status)
        if known
        else None,
        message=_readable(result.message),
    )
