"""Takes down what happens in a play, and looks at the barrier whenever something does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from fakes.faults import error_message, error_name
from fakes.lane import LaneLeftError
from monolith_hooks import logging_ops_pb2
from monolith_hooks.barrier_ops import BarrierOp
from parity.spec.trace import (
    BarrierEvent,
    Event,
    PsResult,
    RaisedEvent,
    ReportEvent,
    SaveEvent,
    SaveFailedEvent,
    ThreadEvent,
)


class ThreadOfHook(Protocol):
    """A thread that a hook started, as a recorder needs it."""

    @property
    def label(self) -> str:
        """The name of its lane."""

    @property
    def ended(self) -> bool:
        """Whether it is over."""

    @property
    def error(self) -> BaseException | None:
        """What it died of."""


class RecordedClock(Protocol):
    """A clock that says where and when something happens."""

    on_give_way: Callable[[], None] | None
    on_thread_end: Callable[[Any], None] | None

    @property
    def milliseconds(self) -> int:
        """Since the start of the play."""

    @property
    def label(self) -> str:
        """The lane that asks."""

    @property
    def threads(self) -> Sequence[ThreadOfHook]:
        """Those that hooks started, in order."""

    @property
    def is_over(self) -> bool:
        """Whether the play is, so that nothing more is taken down."""


class Records(Protocol):
    """Something that takes events down."""

    def record(self, event: Callable[..., Event], **fields: Any) -> None:
        """Take down an event of this type, here and now."""


class Recorder:
    """Events in the order in which they happen; used by the lane that has the turn.

    It looks at the barrier of the session that is open before it takes down
    anything, and whenever a lane gives way (docs/trace-format.md).
    """

    def __init__(self, clock: RecordedClock, barrier_op: BarrierOp, model_dir: Path) -> None:
        self._clock = clock
        self._model_dir = str(model_dir)
        self._barrier_op = barrier_op
        self._session: object | None = None
        self._blocked: list[int] = []
        self._looking = False
        self.events: list[Event] = []
        clock.on_give_way = self.look_at_barrier
        clock.on_thread_end = self._thread_ended

    def session_opens(self, session: object) -> None:
        """From now on the barrier of this session is looked at."""
        self._session = session

    def session_closes(self) -> None:
        """Look a last time."""
        self.look_at_barrier()
        self._session = None

    def record(self, event: Callable[..., Event], **fields: Any) -> None:
        """Take down an event of this type, here and now.

        Raises:
          LaneLeftError: the play is over; a lane that was given up as stalled ends here.
        """
        if self._clock.is_over:
            raise LaneLeftError
        self.look_at_barrier()
        self._append(event, **fields)

    def report(self, results: Mapping[int, logging_ops_pb2.MachineHealthResult]) -> None:
        """Take down what report_fn was given, in the order in which it was given."""
        self.record(
            ReportEvent, results=tuple(_ps_result(ps, result) for ps, result in results.items())
        )

    def raised(self, error: BaseException) -> None:
        """Take down that an exception left the session."""
        self.record(RaisedEvent, error=error_name(error), message=self._message(error))

    def saved(self, step: int) -> None:
        """Take down that a checkpoint was written."""
        self.record(SaveEvent, step=step)

    def save_failed(self, step: int, error: BaseException) -> None:
        """Take down that a write raised."""
        self.record(
            SaveFailedEvent, step=step, error=error_name(error), message=self._message(error)
        )

    def threads_left(self) -> None:
        """Take down each hook's thread that hasn't ended."""
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

    def look_at_barrier(self) -> None:
        """Take down the barrier if it isn't what it was when last seen."""
        if self._session is None or self._looking:
            return
        self._looking = True
        try:
            blocked = self._barrier_op.get_blocked_indices(self._session)
        except RuntimeError:
            return  # TensorFlow says that this session is closed; the next one isn't open yet.
        finally:
            self._looking = False
        if blocked != self._blocked:
            self._blocked = blocked
            self._append(BarrierEvent, blocked=tuple(blocked))

    def _message(self, error: BaseException) -> str:
        """Its message, without the path of this play."""
        return error_message(error).replace(self._model_dir, "<model_dir>")

    def _thread_ended(self, lane: ThreadOfHook) -> None:
        self.record(
            ThreadEvent,
            thread=lane.label,
            fate="returned" if lane.error is None else "died",
            error=None if lane.error is None else error_name(lane.error),
        )

    def _append(self, event: Callable[..., Event], **fields: Any) -> None:
        self.events.append(event(ms=self._clock.milliseconds, lane=self._clock.label, **fields))


def _readable(text: str | bytes) -> str:
    """Protobuf gives a string's bytes where they aren't UTF-8; what isn't becomes U+FFFD."""
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
