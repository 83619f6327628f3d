"""Checkpoints that are written on a schedule or on request."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from typing import Any, Final

import tensorflow as tf
from absl import logging

from monolith_hooks.clock import NANOSECONDS, SYSTEM_CLOCK, Clock

_INDEX_SUFFIX: Final = ".index"


class SaveTimer(tf.compat.v1.train.SecondOrStepTimer):
    """TensorFlow's timer with a given clock, which can be disabled.

    Any thread may enable or disable it, or read the step. The other methods are called
    with the saver hook's lock held.
    """

    _last_triggered_step: int | None
    _last_triggered_time: int
    """In nanoseconds; set together with the step."""

    def __init__(self, every_secs: float | None, every_steps: int | None, clock: Clock) -> None:
        super().__init__(every_secs=every_secs, every_steps=every_steps)
        self._clock = clock
        self._enabled = True

    @property
    def enabled(self) -> bool:
        """True if it can trigger, as it can initially."""
        return self._enabled

    def enable(self) -> None:
        """Trigger again, based on the step and time of the last trigger."""
        self._enabled = True

    def disable(self) -> None:
        """Don't trigger at any time or step until enabled."""
        self._enabled = False

    def should_trigger_for_step(self, step: int) -> bool:
        """Return True once the time or the steps since the last trigger reach the interval."""
        if not self._enabled:
            return False
        if self._last_triggered_step is None:
            return True
        if self._last_triggered_step == step:
            return False
        if self._every_secs is not None:
            due = self._last_triggered_time + round(self._every_secs * NANOSECONDS)
            return self._clock.now_ns() >= due
        return bool(step >= self._last_triggered_step + self._every_steps)

    def update_last_triggered_step(self, step: int) -> None:
        """Start a new interval at this step and the present time.

        TensorFlow's method also returns the elapsed time and steps, which no saver hook uses.
        """
        self._last_triggered_time = self._clock.now_ns()
        self._last_triggered_step = step


class NoFirstSaveCheckpointSaverHook(tf.compat.v1.train.CheckpointSaverHook):
    """TensorFlow's saver hook without the save at session creation, and with saves on request.

    Concurrency. ``_lock`` is held by each thread that may write, while it writes:

    - the training thread throughout ``after_create_session`` and ``after_run``,
      and in ``end`` if there is something to write;
    - any other thread throughout ``trigger_save``.

    ``before_run`` takes it and releases it at once, so that no step begins during a
    save. A step whose graph is already running finishes it and then waits in
    ``after_run``. A lock held from ``before_run`` to ``after_run`` would exclude
    such a step as well, but hooks aren't called for a step that failed: the first
    failure would keep the lock for ever, and the controller would hang instead of
    answering (B37).

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
        listeners: Called before and after each save. A listener's request for a stop
            is obeyed after a scheduled save, and ignored after ``trigger_save`` (B30).
        save_graph_def: True to write the graph as well.
        ignore_save_errors: True to log a scheduled save that fails, and continue
            training. ``trigger_save`` has an argument of its own (B31).
        is_dense_only: True to write nothing at step 0 (B32).
        no_first_save: True to skip the first save, which is the one at session
            creation unless another was requested before it (B30, B32).
        guard_saver_listeners: Called around each save, outside ``listeners``.
            Once a guard's ``before_save`` has returned, its ``after_save`` is
            called however the save ends, the last guard's first.
        clock: Provides the lock and the time of the schedule.

    Raises:
        ValueError: Both or neither of ``save_secs`` and ``save_steps``, or both
            of ``saver`` and ``scaffold``, were given.
    """

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
        *,
        ignore_save_errors: bool = False,
        is_dense_only: bool = False,
        no_first_save: bool = True,
        guard_saver_listeners: Sequence[Any] | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
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
        self._timer = SaveTimer(save_secs, save_steps, clock)
        self._ignore_save_errors = ignore_save_errors
        self._is_dense_only = is_dense_only
        self._skip_next_save = no_first_save
        self._guards = tuple(guard_saver_listeners or ())
        self._lock = clock.lock()

    @property
    def timer(self) -> SaveTimer:
        """Timer of the schedule; while it is disabled, only the exit writes (B32)."""
        return self._timer

    def begin(self) -> None:
        """Find the global step, and call ``begin`` of the listeners and guards."""
        super().begin()
        for guard in self._guards:
            guard.begin()

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Write the graph, and save for the first time unless that is disabled."""
        with self._lock:
            super().after_create_session(session, coord)

    def before_run(self, run_context: Any) -> Any:
        """Wait for a running save to end, then let the step begin."""
        with self._lock:
            return super().before_run(run_context)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Wait for a running save to end, then save if the schedule says so."""
        with self._lock:
            super().after_run(run_context, run_values)

    def end(self, session: Any) -> None:
        """Save, unless the timer has recorded a save at this step, written or failed (B31)."""
        last_step = session.run(self._global_step_tensor)
        if last_step != self._timer.last_triggered_step():
            with self._lock:
                self._save(session, last_step)
        for listener in (*self._listeners, *self._guards):
            listener.end(session, last_step)

    def trigger_save(self, session: Any, ignore_save_errors: bool = False) -> None:
        """Save now, and return when the checkpoint is written; any thread may call it.

        It restarts the schedule, even if it fails (B30, B31). It returns without
        writing anything while the timer is disabled, at step 0 if this hook is
        dense-only, and if this is the first save and first saves are skipped (B32).

        Args:
            session: The session, or one that shares its variables.
            ignore_save_errors: True to log an error instead of raising it.

        Raises:
            Exception: An error of the saver or a listener; an OpError of the saver
                only after a second attempt.
        """
        # A new thread has a default graph of its own, in eager mode; a saver needs the session's.
        with self._lock, session.graph.as_default():
            if not self._timer.enabled:
                return
            step = session.run(self._global_step_tensor)
            self._timer.update_last_triggered_step(step)
            self._try_to_save(session, step, ignore_save_errors)

    def _save(self, session: Any, step: int) -> bool:
        """Save for the base class, and return True if a listener requests a stop."""
        return self._try_to_save(session, step, self._ignore_save_errors)

    def _try_to_save(self, session: Any, step: int, ignore_save_errors: bool) -> bool:
        skipped, self._skip_next_save = self._skip_next_save, False
        if skipped:
            logging.info("Skipped the first save, at step %d.", step)
        if skipped or (self._is_dense_only and step == 0):
            return False
        try:
            return self._save_between_listeners(session, step)
        except Exception:
            if not ignore_save_errors:
                raise
            logging.exception("Saving checkpoint %d failed; training goes on without it.", step)
            return False

    def _save_between_listeners(self, session: Any, step: int) -> bool:
        with contextlib.ExitStack() as guarded:
            for guard in self._guards:
                guard.before_save(session, step)
                guarded.callback(guard.after_save, session, step)
            for listener in self._listeners:
                listener.before_save(session, step)
            self._write(session, step)
            # A list, as any() would stop at the first request and skip the other listeners.
            wishes = [listener.after_save(session, step) for listener in self._listeners]
            return any(wishes)

    def _write(self, session: Any, step: int) -> None:
        """Write the checkpoint; an OpError may be temporary, so it is retried once (B31)."""
        try:
            self._write_once(session, step)
        except tf.errors.OpError:
            logging.warning("Saving checkpoint %d failed, trying again.", step, exc_info=True)
            self._write_once(session, step)
        self._summary_writer.add_session_log(
            tf.compat.v1.SessionLog(
                status=tf.compat.v1.SessionLog.CHECKPOINT, checkpoint_path=self._save_path
            ),
            step,
        )

    def _write_once(self, session: Any, step: int) -> None:
        self._get_saver().save(
            session, self._save_path, global_step=step, write_meta_graph=self._save_graph_def
        )


class SaveHelper:
    """Names of the checkpoints that share a basename.

    Args:
        basename: Folder and first part of the names, ``/models/m/model.ckpt``.
    """

    def __init__(self, basename: str) -> None:
        self._basename = basename

    def get_ckpt_prefix(self, step: int) -> str:
        """Return ``<basename>-<step>``."""
        return f"{self._basename}-{step}"

    def get_ckpt_asset_dir(self, prefix: str) -> str:
        """Return ``<prefix>.assets/``."""
        return f"{prefix}.assets/"

    def get_global_step_value(self, prefix: str) -> int:
        """Return the step at the end of a prefix, or 0 if its file name has no ``-``.

        Raises:
            ValueError: The text after the last ``-`` of the file name isn't a step.
        """
        _, dash, step = prefix.rpartition("/")[2].rpartition("-")
        if not dash:
            return 0
        if not (step.isascii() and step.isdigit()):
            raise ValueError(
                f"{prefix!r} ends with {step!r}: a step, such as -100, would be right."
            )
        return int(step)

    def get_existing_checkpoint_steps(self) -> list[int]:
        """Return the steps of the existing checkpoints of this basename, ascending.

        A checkpoint exists once its index file does, as TensorFlow writes that last.
        """
        folder, slash, name = self._basename.rpartition("/")
        folder = (folder + slash) or "."
        if not tf.io.gfile.isdir(folder):
            return []
        # Names are compared literally: as a pattern, a basename with brackets matches nothing.
        index_file = re.compile(re.escape(name) + r"-([0-9]+)" + re.escape(_INDEX_SUFFIX))
        found = (index_file.fullmatch(file) for file in tf.io.gfile.listdir(folder))
        return sorted(int(match[1]) for match in found if match)
