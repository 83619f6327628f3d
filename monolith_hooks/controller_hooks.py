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
from monolith_hooks.clock import NANOSECONDS, SYSTEM_CLOCK, Clock
from monolith_hooks.device_utils import ps_device
from monolith_hooks.files import write_atomically
from monolith_hooks.variables import state_variable

STOP_ACTION: Final = "Stop"
"""The barrier's action when a stop places it."""
QUERY_INTERVAL: Final = 60
"""Seconds between two checks for an action file."""

_ALL_BLOCKED_SECONDS: Final = 30
_LOOK_SECONDS: Final = 2

_Action = controller_hooks_pb2.ControllerHooksProto


class ControllerHook(tf.compat.v1.train.SessionRunHook):
    """Hook that performs after a step the stop or save that the graph's flags request (B46).

    The flags are local variables of the chief: a new session clears them. The stop
    flag is never reset, so each later step places the barrier again. The save flag is
    reset before the save, so that a request made meanwhile isn't lost. While a stop is
    requested, the save flag is ignored.

    Args:
        num_ps: The number of PS; the flags are on the first one, if any.
        barrier_op: The barrier that a stop places.
        trigger_save: Called without arguments on the training thread.
        clock: Provides the wait for the workers.
    """

    def __init__(
        self,
        num_ps: int = 0,
        barrier_op: BarrierOp | None = None,
        trigger_save: Callable[[], object] | None = None,
        *,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._barrier_op = barrier_op
        self._trigger_save = trigger_save
        self._clock = clock
        with tf.device(ps_device(0) if num_ps > 0 else None):
            local = [tf.compat.v1.GraphKeys.LOCAL_VARIABLES]
            stop = state_variable(False, "monolith_controller_stop", local)
            save = state_variable(False, "monolith_controller_save", local)
            self._flags = [stop.read_value(), save.read_value()]
            self._stop_op = stop.assign(True).op
            self._trigger_save_op = save.assign(True).op
            self._reset_save = save.assign(False).op

    @property
    def stop_op(self) -> tf.Operation:
        """Op that requests a stop when it is run."""
        return self._stop_op

    @property
    def trigger_save_op(self) -> tf.Operation:
        """Op that requests a save when it is run."""
        return self._trigger_save_op

    def after_run(self, run_context: Any, run_values: Any) -> None:  # noqa: ARG002
        """Read the flags after the step, and perform the requested stop or save.

        Raises:
            BarrierAlreadyPlacedError: A stop is requested while the barrier is placed.
            RuntimeError: The hook has no barrier to stop with, or no function to save with.
        """
        session = run_context.session
        stop, save = session.run(self._flags)
        if stop:
            self._stop(session)
        elif save:
            session.run(self._reset_save)
            if self._trigger_save is None:
                raise RuntimeError("a save was asked for; this ControllerHook has no trigger_save")
            self._trigger_save()

    def _stop(self, session: Any) -> None:
        """Place the barrier until all workers are blocked, at most for 30 s, then remove it."""
        if self._barrier_op is None:
            raise RuntimeError("a stop was asked for; this ControllerHook has no barrier_op")
        self._barrier_op.place_barrier(session, STOP_ACTION)
        deadline = self._clock.now_ns() + _ALL_BLOCKED_SECONDS * NANOSECONDS
        while not self._barrier_op.is_all_blocked(session) and self._clock.now_ns() < deadline:
            self._clock.sleep(_LOOK_SECONDS)
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

    The file is in the model directory and is a ControllerHooksProto in text format. Each
    session has one thread, ``query_action``, which checks for the file at once and then
    every 60 s. The thread performs the action, writes ``OK`` or the parse error to
    ``monolith_action_response``, and deletes the file. A file that requests no action is
    logged and deleted, without a response. A file that isn't UTF-8 stays, and is read
    again at each check.

    Concurrency. The thread belongs to a coordinator of this hook's own, which ``end``
    stops and joins. An exception that leaves the session doesn't call ``end``, so the
    thread continues, and dies when it acts on the closed session. A recreated session
    asks the earlier thread to stop, without waiting for it. No lock is held.

    Args:
        model_dir: The directory of the files.
        hook: The hook whose ops are run.
        clock: Provides the thread and its waits.
    """

    def __init__(
        self, model_dir: str, hook: ControllerHook, *, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self._action_path = os.path.join(model_dir, ACTION_FILENAME)
        self._response_path = os.path.join(model_dir, RESPONSE_FILENAME)
        self._ops = {_Action.STOP: hook.stop_op, _Action.TRIGGER_SAVE: hook.trigger_save_op}
        self._clock = clock
        self._coord: Any = None

    def after_create_session(self, session: Any, coord: Any) -> None:  # noqa: ARG002
        """Start the thread of this session, and ask the earlier one to stop."""
        if self._coord is not None:
            self._coord.request_stop()
        own = self._coord = tf.train.Coordinator()
        self._clock.start_thread(lambda: self._look(session, own), name="query_action", coord=own)

    def end(self, session: Any) -> None:  # noqa: ARG002
        """Stop the thread, and wait for the check that is in progress."""
        self._coord.request_stop()
        self._coord.join()

    def _look(self, session: Any, coord: Any) -> None:
        while not coord.should_stop():
            self._query(session)
            self._clock.wait_for_stop(coord, QUERY_INTERVAL)

    def _query(self, session: Any) -> None:
        """Check for the file once: perform its action, respond, and delete it."""
        try:
            with tf.io.gfile.GFile(self._action_path) as file:
                text = file.read()
        except (tf.errors.NotFoundError, UnicodeDecodeError):
            return  # There is no request; or it isn't text yet, and may become so.
        try:
            action = text_format.Parse(text, _Action()).action
        except text_format.ParseError as error:
            self._respond(str(error))
        else:
            if action in self._ops:
                session.run(self._ops[action])
                self._respond("OK")
            else:
                logging.error("TypeError: %s asks for no action: %r.", self._action_path, text)
        tf.io.gfile.remove(self._action_path)

    def _respond(self, text: str) -> None:
        write_atomically(self._response_path, text, writer=ACTION_FILENAME)
