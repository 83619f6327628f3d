"""Stops and saves that are requested through the graph, or through an operator's file.

Two flags in variables of the graph request a stop or a save from the chief's
ControllerHook. Any code that can run an op of the graph can set them. QueryActionHook
sets them for an operator who has only a file system.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any, Final

import tensorflow as tf
from absl import logging
from google.protobuf import text_format

from monolith_hooks import controller_hooks_pb2
from monolith_hooks.action_files import ACTION_FILENAME, RESPONSE_FILENAME
from monolith_hooks.barrier_ops import BarrierCallback, BarrierOp
from monolith_hooks.clock import SYSTEM_CLOCK, Clock, nanoseconds
from monolith_hooks.device_utils import ps_device
from monolith_hooks.files import write_atomically
from monolith_hooks.variables import state_variable

STOP_ACTION: Final = "Stop"
"""The barrier's action when a stop places it."""
QUERY_INTERVAL: Final = 60
"""The original's seconds between two checks for an action file."""
_STOP_GRACE: Final = 365 * 24 * 60 * 60
"""Seconds that ``end`` waits for a check under way: in effect without a limit (B47)."""

_STOP, _SAVE = 0, 1
"""Places of the two flags in their variable."""
_ALL_BLOCKED_SECONDS: Final = 30
_LOOK_SECONDS: Final = 2

_Action = controller_hooks_pb2.ControllerHooksProto


class ControllerHook(tf.compat.v1.train.SessionRunHook):
    """Hook that performs after a step the stop or save that the graph's flags request (B46).

    The flags are one local variable of the chief: a new session clears them. They are
    fetched with the step, so that a flag which is set while a step runs is seen with the
    next one. The stop flag is never reset, so each later step places the barrier again.
    The save flag is reset before the save, so that a request made meanwhile isn't lost.
    While a stop is requested, the save flag is ignored.

    Args:
        num_ps: The number of PS; the flags are on the first one, if any.
        barrier_op: The barrier that a stop places; without it a stop does nothing.
        trigger_save: Called without arguments on the training thread; without it a save
            resets its flag and does nothing else.
        clock: Provides the wait for the workers.
        wait_seconds: Seconds between two checks of whether all workers are blocked.
        max_pending_seconds: Seconds after which a stop gives up on the workers that are missing.

    Raises:
        ValueError: The graph already has a ControllerHook.
    """

    def __init__(
        self,
        num_ps: int = 0,
        barrier_op: BarrierOp | None = None,
        trigger_save: Callable[[], object] | None = None,
        *,
        clock: Clock = SYSTEM_CLOCK,
        wait_seconds: float = _LOOK_SECONDS,
        max_pending_seconds: float = _ALL_BLOCKED_SECONDS,
    ) -> None:
        self._barrier_op = barrier_op
        self._trigger_save = trigger_save
        self._clock = clock
        self._wait_seconds = wait_seconds
        self._max_pending = nanoseconds(max_pending_seconds)
        with tf.device(ps_device(0) if num_ps > 0 else None):
            flags = state_variable(
                "control_var", [False, False], tf.compat.v1.GraphKeys.LOCAL_VARIABLES
            )
            self._flags = flags.read_value()
            self._stop_op = flags.scatter_nd_update([[_STOP]], [True]).op
            self._trigger_save_op = flags.scatter_nd_update([[_SAVE]], [True]).op
            self._reset_save = flags.scatter_nd_update([[_SAVE]], [False]).op

    @property
    def stop_op(self) -> tf.Operation:
        """Op that requests a stop when it is run."""
        return self._stop_op

    @property
    def trigger_save_op(self) -> tf.Operation:
        """Op that requests a save when it is run."""
        return self._trigger_save_op

    def before_run(self, run_context: Any) -> Any:  # noqa: ARG002
        """Return the flags as a fetch of the step."""
        return tf.compat.v1.train.SessionRunArgs(self._flags)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Perform the stop or save that was requested when the step ran.

        Raises:
            BarrierAlreadyPlacedError: A stop is requested while the barrier is placed.
        """
        session = run_context.session
        if run_values.results[_STOP]:
            self._stop(session)
        elif run_values.results[_SAVE]:
            session.run(self._reset_save)
            if self._trigger_save is not None:
                self._trigger_save()

    def _stop(self, session: Any) -> None:
        """Place the barrier until all workers are blocked or the time is up, then remove it."""
        if self._barrier_op is None:
            return
        self._barrier_op.place_barrier(session, STOP_ACTION)
        deadline = self._clock.now_ns() + self._max_pending
        while self._clock.now_ns() < deadline and not self._barrier_op.is_all_blocked(session):
            self._clock.sleep(self._wait_seconds)
        self._barrier_op.remove_barrier(session)


class StopHelper:
    """Ends a process's training once the barrier was placed with the action "Stop" (B46).

    Threads: the callback runs on the thread that places the barrier or waits at it, the
    hook on the training thread. They share one event, which is never cleared.
    """

    def __init__(self) -> None:
        self._stop_seen = threading.Event()

    def create_barrier_callback(self) -> BarrierCallback:
        """Return a callback for ``BarrierOp`` that reacts to the action "Stop" only."""
        return self._on_barrier

    def create_stop_hook(self) -> tf.compat.v1.train.SessionRunHook:
        """Return a hook that requests stop after the next step.

        If it is listed before ControllerHook, it requests stop one step later.
        """
        return _StopHook(self._stop_seen)

    def _on_barrier(self, action: str, session: Any) -> None:  # noqa: ARG002
        if action == STOP_ACTION:
            self._stop_seen.set()


class _StopHook(tf.compat.v1.train.SessionRunHook):
    def __init__(self, stop_seen: threading.Event) -> None:
        self._stop_seen = stop_seen

    def after_run(self, run_context: Any, run_values: Any) -> None:  # noqa: ARG002
        if self._stop_seen.is_set():
            run_context.request_stop()


class QueryActionHook(tf.compat.v1.train.SessionRunHook):
    """Hook that performs the action requested by the file ``monolith_action`` (B47).

    The file is in the model directory and is a ControllerHooksProto in text format. A
    thread, ``query_action``, checks for it each ``query_seconds``, which also pass before the
    first check. It reads the file, performs the action in the newest session, writes ``OK`` or
    the parse error to ``monolith_action_response``, and deletes the file, whatever came of it.
    What goes wrong is logged at ERROR, and the thread checks again after as long. A file that
    requests no action is such an error; one that can't be read stays.

    Concurrency. Each session starts a thread, which has a coordinator of its own. ``end``
    stops all threads, and waits for the newest only. A recreated session starts another
    thread beside the first, and an exception that leaves the session stops none: they
    continue, and fail on the closed session. No lock is held.

    Args:
        model_dir: The directory of the files.
        hook: The hook whose ops are run.
        clock: Provides the threads and their waits.
        query_seconds: Seconds before each check for the file, the first one included.
    """

    def __init__(
        self,
        model_dir: str,
        hook: ControllerHook,
        *,
        clock: Clock = SYSTEM_CLOCK,
        query_seconds: float = QUERY_INTERVAL,
    ) -> None:
        self._action_path = os.path.join(model_dir, ACTION_FILENAME)
        self._response_path = os.path.join(model_dir, RESPONSE_FILENAME)
        self._ops = {_Action.STOP: hook.stop_op, _Action.TRIGGER_SAVE: hook.trigger_save_op}
        self._clock = clock
        self._query_seconds = query_seconds
        self._session: Any = None
        self._coords: list[Any] = []

    def after_create_session(self, session: Any, coord: Any) -> None:  # noqa: ARG002
        """Start a thread, and let those of earlier sessions use this session too."""
        self._session = session
        own = tf.train.Coordinator()
        self._coords.append(own)
        self._clock.start_thread(lambda: self._look(own), name="query_action", coord=own)

    def end(self, session: Any) -> None:  # noqa: ARG002
        """Stop all threads, and wait for the newest to end its check."""
        for each in self._coords:
            each.request_stop()
        if self._coords:
            self._coords[-1].join(stop_grace_period_secs=_STOP_GRACE)

    def _look(self, own: Any) -> None:
        while not self._clock.wait_for_stop(own, self._query_seconds):
            try:
                self._query()
            except Exception:  # noqa: BLE001 - nothing ends the watch (B47)
                logging.exception("%s can't be acted on.", self._action_path)

    def _query(self) -> None:
        """Check for the file once: perform its action, respond, and delete it."""
        if not tf.io.gfile.exists(self._action_path):
            return
        with tf.io.gfile.GFile(self._action_path) as file:
            text = file.read()
        try:
            self._act_on(text)
        finally:
            tf.io.gfile.remove(self._action_path)

    def _act_on(self, text: str) -> None:
        try:
            action = text_format.Parse(text, _Action()).action
        except text_format.ParseError as error:
            self._respond(str(error))
            return
        if action not in self._ops:
            raise TypeError(f"{text!r} requests no action")
        self._session.run(self._ops[action])
        self._respond("OK")

    def _respond(self, text: str) -> None:
        write_atomically(self._response_path, text)
