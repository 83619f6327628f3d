"""The recorder of a run on the reference: its barrier, reports, saves and log messages."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import tensorflow as tf

from fakes.errors import error_message, error_name
from monolith_hooks import logging_ops_pb2
from monolith_hooks.barrier_ops import BarrierOp
from parity.kit.recorder import Recorder as KitRecorder
from parity.kit.recorder import RecorderClock
from parity.kit.state_files import StateFiles
from parity.players.python.implementation import OURS, Implementation, Role
from parity.spec.trace import LogEvent, PsResult, ReportEvent, SaveEvent, SaveFailedEvent


class Recorder(KitRecorder):
    """Recorder that reads a BarrierOp and knows what the reference's hooks report."""

    def __init__(
        self,
        clock: RecorderClock,
        barrier_op: BarrierOp,
        model_dir: Path,
        state_files: StateFiles | None = None,
    ) -> None:
        super().__init__(clock, model_dir, state_files, message_of=error_message)
        self._barrier_op = barrier_op

    def session_opens(self, session: Any) -> None:
        """Observe the barrier of this session from now on."""
        # A cluster's is no Session of TensorFlow's, and prepares nothing.
        looks = _QuickRuns(session) if isinstance(session, tf.compat.v1.Session) else session

        def blocked() -> list[int] | None:
            try:
                return self._barrier_op.get_blocked_indices(looks)
            except (RuntimeError, tf.errors.CancelledError):
                return None  # This session is closed, and the next one isn't open yet.

        self.open(blocked)

    def report(self, results: Mapping[int, logging_ops_pb2.MachineHealthResult]) -> None:
        """Record the results passed to report_fn, in their order."""
        self.record(
            ReportEvent, results=tuple(_ps_result(ps, result) for ps, result in results.items())
        )

    def saved(self, step: int) -> None:
        """Record a checkpoint that was written."""
        self.record(SaveEvent, step=step)

    def save_failed(self, step: int, error: BaseException) -> None:
        """Record a write that raised."""
        self.record(
            SaveFailedEvent, step=step, error=error_name(error), message=self.message(error)
        )


class _QuickRuns:
    """A session that prepares each fetch once: a recorder makes the same one all the time."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._prepared: dict[Hashable, Callable[[], Any]] = {}

    def run(self, fetch: tf.Tensor) -> Any:
        """Return the value of one tensor that needs no feed."""
        key = fetch.ref()
        if key not in self._prepared:
            self._prepared[key] = self._session.make_callable(fetch)
        return self._prepared[key]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


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


_ROLES: Final[tuple[Role, ...]] = ("controller_hooks", "ps_check_hooks", "save_utils")
"""The roles whose messages are recorded."""
_SPECIFIED: Final = ("PS are not healthy:", "Failed to save, retrying ...")
"""What the messages begin with whose text is specified (B16, B31)."""


class _ToRecorder(logging.Handler):
    def __init__(self, recorder: Recorder, implementation: Implementation) -> None:
        super().__init__(logging.WARNING)
        self._recorder = recorder
        self._implementation = implementation

    def emit(self, record: logging.LogRecord) -> None:
        if self._implementation.role_of(record.pathname) not in _ROLES:
            return
        message = record.getMessage()
        error = record.exc_info[1] if record.exc_info else None
        if not message.startswith(_SPECIFIED):
            if error is None:
                return
            message = error_name(error)  # Each implementation has words of its own.
        self._recorder.record(LogEvent, level=record.levelname, message=message)


@contextmanager
def hook_logs_go_to(recorder: Recorder, implementation: Implementation = OURS) -> Iterator[None]:
    """Record messages that hooks log through absl during the block; drop those of others."""
    logger, handler = logging.getLogger("absl"), _ToRecorder(recorder, implementation)
    before = logger.handlers, logger.propagate, logger.level
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.handlers, logger.propagate = before[:2]
        logger.setLevel(before[2])
