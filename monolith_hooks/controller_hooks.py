"""Stopping and saving from inside the graph, and from a file that an operator writes.

Two flags in variables of the graph ask the chief's ControllerHook for a stop or a
save. Whoever can run an op of the graph can set them; QueryActionHook does, on
behalf of an operator who has only a file system.
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
"""The action that a stop places the barrier with."""
QUERY_INTERVAL: Final = 60
"""Seconds between two looks for an action file."""

_ALL_BLOCKED_SECONDS: Final = 30
_LOOK_SECONDS: Final = 2

_Action = controller_hooks_pb2.ControllerHooksProto


class ControllerHook(tf.compat.v1.train.SessionRunHook):
    """Does after a step what the graph's flags ask for (B46).

    The flags are local variables of the chief: a new session clears them. The stop
    flag is never reset, so each later step places the barrier anew; the save flag is
    reset before the save, so that what is asked for meanwhile isn't lost. While a
    stop is asked for, a save is not looked at.

    Args:
        num_ps: How many PS there are; the flags live on the first, if any.
        barrier_op: What a stop places.
        trigger_save: Called without arguments on the training thread.
        clock: Where the wait for the workers comes from.
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
        """Run it to ask for a stop."""
        return self._stop_op

    @property
    def trigger_save_op(self) -> tf.Operation:
        """Run it to ask for a save."""
        return self._trigger_save_op

    def after_run(self, run_context: Any, run_values: Any) -> None:  # noqa: ARG002
        """Look at the flags as they are now that the step is over.

        Raises:
            BarrierAlreadyPlacedError: A stop is asked for while the barrier is placed.
            RuntimeError: What is asked for has nobody to do it.
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
        """Hold the workers until all of them are blocked, or for 30 s."""
        if self._barrier_op is None:
            raise RuntimeError("a stop was asked for; this ControllerHook has no barrier_op")
        self._barrier_op.place_barrier(session, STOP_ACTION)
        deadline = self._clock.now_ns() + _ALL_BLOCKED_SECONDS * NANOSECONDS
        while not self._barrier_op.is_all_blocked(session) and self._clock.now_ns() < deadline:
            self._clock.sleep(_LOOK_SECONDS)
        self._barrier_op.remove_barrier(session)


class StopHelper:
    """Ends a process's training once the barrier was placed with the action "Stop" (B46).

    Threads: the callback runs on whichever thread places or waits, the hook on the
    training thread; what they share is one event that is only ever set.
    """

    def __init__(self) -> None:
        self._stop_seen = threading.Event()

    def create_barrier_callback(self) -> BarrierCallback:
        """For ``BarrierOp(barrier_callbacks=...)``; heeds the action "Stop" alone."""
        return self._on_barrier

    def create_stop_hook(self) -> tf.compat.v1.train.SessionRunHook:
        """Requests stop after the next step; listed before ControllerHook, one step later."""
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
    """Does what the file ``monolith_action`` in the model directory asks for (B47).

    The file is a ControllerHooksProto in text format. It is looked for at once and
    then each 60 s, on one thread a session, ``query_action``; acted on; answered in
    ``monolith_action_response``, with ``OK`` or with what is wrong with the text; and
    deleted. A file that asks for nothing is logged and deleted, without an answer; one
    that isn't UTF-8 stays, and is read again at each look.

    Concurrency. The thread belongs to a coordinator of this hook's own, which ``end``
    stops and joins; an exception that leaves the session doesn't call ``end``, so the
    thread goes on, and dies when it acts on the closed session. A recreated session
    asks the thread before to stop, without waiting for it. No lock is held.

    Args:
        model_dir: Where the files are.
        hook: Whose ops are run.
        clock: Where the thread and its waits come from.
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
        """Start looking."""
        if self._coord is not None:
            self._coord.request_stop()
        own = self._coord = tf.train.Coordinator()
        self._clock.start_thread(lambda: self._look(session, own), name="query_action", coord=own)

    def end(self, session: Any) -> None:  # noqa: ARG002
        """Stop looking, and wait until the look that is under way is over."""
        self._coord.request_stop()
        self._coord.join()

    def _look(self, session: Any, coord: Any) -> None:
        while not coord.should_stop():
            self._query(session)
            self._clock.wait_for_stop(coord, QUERY_INTERVAL)

    def _query(self, session: Any) -> None:
        """One look: act, then answer, then delete the file."""
        try:
            with tf.io.gfile.GFile(self._action_path) as file:
                text = file.read()
        except (tf.errors.NotFoundError, UnicodeDecodeError):
            return  # Nothing is asked for; or it isn't text, and may still become so.
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
