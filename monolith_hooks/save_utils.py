"""Checkpoints that are written on a schedule or on request."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import tensorflow as tf
from absl import logging

from monolith_hooks.checkpoint_state import (
    MONOLITH_CKPT_STATE_FILE_NAME,
    SaveHelper,
    get_latest_checkpoint_state,
    get_monolith_checkpoint_state,
    write_monolith_checkpoint_state,
)
from monolith_hooks.clock import NANOSECONDS, SYSTEM_CLOCK, Clock
from monolith_hooks.metrics import Metrics
from monolith_hooks.monolith_checkpoint_state_pb2 import MonolithCheckpointState
from monolith_hooks.save_timer import SecondOrStepTimerWithTideSetting

__all__ = [
    "MONOLITH_CKPT_STATE_FILE_NAME",
    "NoFirstSaveCheckpointSaverHook",
    "SaveHelper",
    "SecondOrStepTimerWithTideSetting",
    "get_latest_checkpoint_state",
    "get_monolith_checkpoint_state",
]

_META_GRAPH_FILENAME: Final = "meta_graph_for_debugging.pb"


class LastSave(NamedTuple):
    """A save that was tried.

    Attributes:
        step: The global step.
        ended_ns: The time of its end, by the hook's clock.
        error: The name of the error that it ended with, or None.
    """

    step: int
    ended_ns: int
    error: str | None


class NoFirstSaveCheckpointSaverHook(tf.compat.v1.train.CheckpointSaverHook):
    """TensorFlow's saver hook without the save at session creation, and with saves on request.

    Concurrency. ``_lock`` is held by each thread that may write, while it writes:

    - the training thread throughout ``after_create_session`` and ``after_run``,
      and in ``end`` if there is something to write;
    - any other thread in ``trigger_save``, twice: to reset the timer, and to save.

    ``before_run`` takes no lock: a step may begin and run while a checkpoint is being
    written, so that its update may or may not be in it, and waits at its end (B30). With
    ``step_wait_seconds`` it takes the lock for a moment to note that a step is under way, and
    ``trigger_save`` waits, with the lock held, until none is.

    ``end`` takes no lock if there is nothing to write, so the session may be closed
    during a save that was requested at the last step; that save then fails (B34).

    The lock is released on every way out. It isn't reentrant, and listeners are
    called while it is held: a listener that triggers a save never returns.

    Args:
        checkpoint_dir: The directory of the checkpoints.
        save_secs: Interval in seconds; this or ``save_steps``, not both.
        save_steps: Interval in steps.
        saver: The saver; else ``scaffold``'s saver, else the only one of the graph.
        checkpoint_basename: First part of the checkpoints' names.
        scaffold: The scaffold whose saver is used.
        listeners: Called before and after each attempt to save. A listener's request for a
            stop is obeyed after a scheduled save, and ignored after ``trigger_save`` (B30).
        save_graph_def: True to write the graph as well.
        tide_start_hour: Hour (UTC) at which the tide of the timer begins (B76).
        tide_start_minute: Minute of that hour.
        tide_end_hour: Hour (UTC) at which the tide has ended.
        tide_end_minute: Minute of that hour.
        tide_save_secs: Interval in seconds outside the tide.
        ignore_save_errors: True to continue training after a scheduled save that failed
            twice with an OpError. ``trigger_save`` has an argument of its own (B31).
        is_dense_only: True to skip a step that this hook has written last, and step 0 while
            it has written none, and to do nothing in ``end`` (B32, B73).
        use_native_multi_hash_table: The kind of hash tables that the file
            ``monolith_checkpoint`` names if this hook makes it (B74).
        no_first_save: True to skip the first save, which is the one at session
            creation unless another was requested before it (B30, B32).
        guard_saver_listeners: Called around each save that isn't skipped, once whatever
            its tries: ``before_save`` in order, ``after_save`` in reverse order and whatever
            came of the save. What they raise is logged; ``begin`` and ``end`` are never
            called (B72).
        clock: Provides the lock and the time of the schedule.
        metrics: Told of saves and of tries that failed (B77).
        step_wait_seconds: Time for which ``trigger_save`` waits for a step of this session to end,
            and while a checkpoint is being written no step begins. None, the original's, doesn't
            wait. Steps of other workers are held by a BarrierSaverListener.

    Raises:
        ValueError: Both or neither of ``save_secs`` and ``save_steps``, or both
            of ``saver`` and ``scaffold``, were given; or ``step_wait_seconds`` is negative or
            not finite.
    """

    _has_dense_only = False
    """True if the process also has a dense-only hook: the exit always writes (B73)."""
    _in_model_dump_mode = False
    """True if the process dumps its model: the exit always writes (B73)."""

    def __init__(
        self,
        checkpoint_dir: str,
        save_secs: float | None = None,
        save_steps: int | None = None,
        saver: Any = None,
        checkpoint_basename: str = "model.ckpt",
        scaffold: Any = None,
        listeners: Sequence[Any] | None = None,
        save_graph_def: bool = True,
        tide_start_hour: int | None = None,
        tide_start_minute: int | None = None,
        tide_end_hour: int | None = None,
        tide_end_minute: int | None = None,
        tide_save_secs: float | None = None,
        ignore_save_errors: bool = False,
        is_dense_only: bool = False,
        use_native_multi_hash_table: bool = False,
        no_first_save: bool = True,
        guard_saver_listeners: Sequence[Any] | None = None,
        *,
        clock: Clock = SYSTEM_CLOCK,
        metrics: Metrics | None = None,
        step_wait_seconds: float | None = None,
    ) -> None:
        if step_wait_seconds is not None and not 0 <= step_wait_seconds < math.inf:
            raise ValueError(f"step_wait_seconds: expected 0 or more, got {step_wait_seconds}")
        super().__init__(
            checkpoint_dir,
            save_secs=save_secs,
            save_steps=save_steps,
            saver=saver,
            checkpoint_basename=checkpoint_basename,
            scaffold=scaffold,
            listeners=listeners,
            save_graph_def=save_graph_def,
        )
        self._timer = SecondOrStepTimerWithTideSetting(
            save_secs,
            save_steps,
            tide_start_hour,
            tide_start_minute,
            tide_end_hour,
            tide_end_minute,
            tide_save_secs,
            SaveHelper(self._save_path),
            clock=clock,
        )
        self._ignore_save_errors = ignore_save_errors
        self._is_dense_only = is_dense_only
        self._last_dense_step = 0
        table_type = MonolithCheckpointState.HashTableType
        self._table_type = (
            table_type.MULTI_CUCKOO_HASH_MAP
            if use_native_multi_hash_table
            else table_type.CUCKOO_HASH_MAP
        )
        self._skip_next_save = no_first_save
        self._guards = tuple(guard_saver_listeners or ())
        self._clock = clock
        self._metrics = metrics
        self._lock = clock.lock()
        self._last_save: LastSave | None = None
        self._step_wait_seconds = step_wait_seconds
        self._step_under_way: tf.train.Coordinator | None = None

    @property
    def last_save(self) -> LastSave | None:
        """The newest save that was tried; any thread may read it. The original has no such note."""
        return self._last_save

    @property
    def timer(self) -> SecondOrStepTimerWithTideSetting:
        """Timer of the schedule; while it is disabled, only the exit writes (B32)."""
        return self._timer

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Write the graph, and save for the first time unless that is disabled."""
        self._step_has_ended()  # What the last session ran came to nothing.
        with self._lock:
            if self._save_graph_def:
                self._write_meta_graph(session)
                if get_monolith_checkpoint_state(self._checkpoint_dir) is None:
                    write_monolith_checkpoint_state(self._checkpoint_dir, self._new_state())
            super().after_create_session(session, coord)

    def before_run(self, run_context: Any) -> Any:
        """Ask for the step; with ``step_wait_seconds`` wait for a running save to end first."""
        if self._step_wait_seconds is not None:
            self._step_has_ended()  # The last run has ended, if only with an error.
            with self._lock:
                self._step_under_way = tf.train.Coordinator()
        return super().before_run(run_context)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Wait for a running save to end, then save if the schedule says so."""
        self._step_has_ended()
        with self._lock:
            super().after_run(run_context, run_values)

    def end(self, session: Any) -> None:
        """Save, unless the timer has recorded a save at this step, written or failed (B31, B73)."""
        if self._is_dense_only:
            return
        last_step = session.run(self._global_step_tensor)
        if self._has_dense_only or self._in_model_dump_mode:
            with self._lock, self._noting(last_step):
                self._attempt(session, last_step)
        elif last_step != self._timer.last_triggered_step():
            with self._lock:
                self._save(session, last_step)
        for listener in self._listeners:
            listener.end(session, last_step)

    def trigger_save(self, session: Any, ignore_save_errors: bool = False) -> None:
        """Save now, and return when the checkpoint is written; any thread may call it.

        It restarts the schedule, even if it fails (B30, B31). It returns without
        writing anything while the timer is disabled, if another thread has saved this step
        in between, if this is the first save and first saves are skipped, and as
        ``is_dense_only`` says (B32).

        Args:
            session: The session, or one that shares its variables.
            ignore_save_errors: True to log an OpError instead of raising it.

        Raises:
            Exception: An error of the saver or a listener; an OpError only after a second
                attempt.
            tf.errors.DeadlineExceededError: A step was under way for ``step_wait_seconds``.
        """
        with self._lock:
            self._timer.reset()
        # A new thread has a default graph of its own, in eager mode; a saver needs the session's.
        with self._lock, session.graph.as_default():
            self._wait_for_step()
            step = session.run(self._global_step_tensor)
            if self._timer.should_trigger_for_step(step):
                self._timer.update_last_triggered_step(step)
                self._try_to_save(session, step, ignore_save_errors)

    def _wait_for_step(self) -> None:
        """Wait until no step is under way; none begins before the lock is released."""
        step = self._step_under_way
        wait = self._step_wait_seconds
        if step is None or wait is None or self._clock.wait_for_stop(step, wait):
            return
        raise tf.errors.DeadlineExceededError(
            None, None, f"A step didn't end within {wait:.10g} seconds."
        )

    def _step_has_ended(self) -> None:
        """Let go who waits for the step that was under way, if one was."""
        if self._step_under_way is not None:
            self._step_under_way.request_stop()
            self._step_under_way = None

    def _save(self, session: Any, step: int) -> bool:
        """Save for the base class, and return True if a listener requests a stop."""
        return self._try_to_save(session, step, self._ignore_save_errors)

    def _try_to_save(self, session: Any, step: int, ignore_save_errors: bool) -> bool:
        skipped, self._skip_next_save = self._skip_next_save, False
        if skipped:
            logging.info("Skipped the first save, at step %d.", step)
        if skipped or (self._is_dense_only and step == self._last_dense_step):
            return False
        for guard in self._guards:
            _call_guard(guard.before_save, session, step)
        try:
            with self._noting(step):
                return self._save_in_two_tries(session, step)
        except tf.errors.OpError:
            if not ignore_save_errors:
                raise
            return False
        finally:
            for guard in reversed(self._guards):
                _call_guard(guard.after_save, session, step)

    @contextlib.contextmanager
    def _noting(self, step: int) -> Iterator[None]:
        """Note what the save in this block comes to."""
        error: str | None = None
        try:
            yield
        except BaseException as raised:
            error = type(raised).__name__
            raise
        finally:
            self._last_save = LastSave(int(step), self._clock.now_ns(), error)

    def _save_in_two_tries(self, session: Any, step: int) -> bool:
        """Save; an OpError may be temporary, so that the whole attempt is repeated (B31)."""
        try:
            return self._try_once(session, step)
        except tf.errors.OpError:
            return self._try_once(session, step)

    def _try_once(self, session: Any, step: int) -> bool:
        begin = self._clock.now()
        try:
            wishes_stop = self._attempt(session, step)
        except tf.errors.OpError:
            logging.exception("Failed to save, retrying ...")
            self._count("save_checkpoint_failed")
            raise
        seconds = self._clock.now() - begin
        logging.info("saving checkpoint took %s seconds", seconds)
        self._count("save_checkpoint")
        if self._metrics is not None:
            self._metrics.emit_timer("save_checkpoint_time", seconds, self._tags)
        return wishes_stop

    def _attempt(self, session: Any, step: int) -> bool:
        """Save once: listeners, checkpoint, summary, listeners, ``monolith_checkpoint``."""
        wishes_stop = bool(super()._save(session, step))
        state = get_monolith_checkpoint_state(self._checkpoint_dir, remove_invalid_path=True)
        state = state or self._new_state()
        state.last_checkpoint_save_timestamp = self._clock.now_ns() // NANOSECONDS
        write_monolith_checkpoint_state(self._checkpoint_dir, state)
        self._last_dense_step = step
        return wishes_stop

    def _new_state(self) -> MonolithCheckpointState:
        """Return what ``monolith_checkpoint`` says where there is none that can be read."""
        return MonolithCheckpointState(builtin_hash_table_type=self._table_type)

    def _write_meta_graph(self, session: Any) -> None:
        """Write the graph in a form that TensorFlow can load."""
        with session.graph.as_default():
            tf.compat.v1.train.export_meta_graph(
                filename=os.path.join(self._checkpoint_dir, _META_GRAPH_FILENAME)
            )

    @property
    def _tags(self) -> dict[str, str]:
        return {"mode": "dense_only" if self._is_dense_only else "full"}

    def _count(self, name: str) -> None:
        if self._metrics is not None:
            self._metrics.emit_counter(name, 1, self._tags)


def _call_guard(method: Callable[[Any, int], object], session: Any, step: int) -> None:
    try:
        method(session, step)
    except Exception:  # noqa: BLE001 - a guard can't prevent a save (B72)
        logging.exception("A guard listener failed.")
