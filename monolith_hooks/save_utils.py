"""Checkpoints that are written on a schedule, or when somebody asks."""

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
    """TensorFlow's timer by a given clock, which can also be switched off.

    Any thread may switch it or read the step; the rest is called with the saver
    hook's lock held.
    """

    _last_triggered_step: int | None
    _last_triggered_time: int
    """In nanoseconds; there once a step is."""

    def __init__(self, every_secs: float | None, every_steps: int | None, clock: Clock) -> None:
        super().__init__(every_secs=every_secs, every_steps=every_steps)
        self._clock = clock
        self._enabled = True

    @property
    def enabled(self) -> bool:
        """Whether it can trigger; true at first."""
        return self._enabled

    def enable(self) -> None:
        """Trigger again, by the step and time of the last trigger before it was disabled."""
        self._enabled = True

    def disable(self) -> None:
        """Don't trigger, whatever the time and step, until enabled."""
        self._enabled = False

    def should_trigger_for_step(self, step: int) -> bool:
        """Whether the time, or the steps, since the last trigger have reached the interval."""
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
        """Start a new interval at this step, now.

        TensorFlow's returns what has passed since the last one, which no saver hook asks for.
        """
        self._last_triggered_time = self._clock.now_ns()
        self._last_triggered_step = step


class NoFirstSaveCheckpointSaverHook(tf.compat.v1.train.CheckpointSaverHook):
    """TensorFlow's saver hook without the save at session creation, and with one on request.

    Concurrency. ``_lock`` is held by whoever may write, for as long as it writes:

    - the training thread throughout ``after_create_session`` and ``after_run``,
      and in ``end`` if there is something to write;
    - any other thread throughout ``trigger_save``.

    ``before_run`` takes it and lets go at once, so that no step begins while a
    save runs; a step whose graph is already running finishes it and then waits in
    ``after_run``. A lock held from ``before_run`` to ``after_run`` would exclude
    such a step as well, but no hook is told of a step that failed: the first one
    would keep the lock for good, and the controller would hang instead of
    answering (B37).

    ``end`` takes no lock where there is nothing to write, so the session may be
    closed under a save that was asked for at the last step; that save then fails
    (B34).

    The lock is released on every way out. It is not reentrant, and listeners are
    called with it held: a listener that triggers a save never returns.

    Args:
        checkpoint_dir: Where checkpoints go.
        save_secs: Interval in seconds; this or ``save_steps``, not both.
        save_steps: Interval in steps.
        saver: What writes; else ``scaffold``'s saver, else the graph's only one.
        checkpoint_basename: First part of the checkpoints' names.
        scaffold: Where to look for a saver.
        listeners: Called before and after each save. One that asks for a stop is
            obeyed if the schedule saved, and ignored if ``trigger_save`` did (B30).
        save_graph_def: Whether to write the graph as well.
        ignore_save_errors: Whether a save by schedule that fails is logged, and
            training goes on. ``trigger_save`` has a switch of its own (B31).
        is_dense_only: Whether nothing is written at step 0 (B32).
        no_first_save: Whether the first save is skipped, which is the one at
            session creation unless one was asked for before it (B30, B32).
        guard_saver_listeners: Called around each save, outside ``listeners``.
            After a guard's ``before_save`` has returned its ``after_save`` is
            called however the save ends, the last guard's first.
        clock: Where the lock and the time of the schedule come from.

    Raises:
        ValueError: Both or neither of ``save_secs`` and ``save_steps``, or both
            of ``saver`` and ``scaffold`` were given.
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
        """The schedule. While it is disabled nothing is written but at the exit (B32)."""
        return self._timer

    def begin(self) -> None:
        """Find the global step, and begin the listeners."""
        super().begin()
        for guard in self._guards:
            guard.begin()

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Write the graph, and save for the first time unless that is skipped."""
        with self._lock:
            super().after_create_session(session, coord)

    def before_run(self, run_context: Any) -> Any:
        """Wait while a save runs, then let the step begin."""
        with self._lock:
            return super().before_run(run_context)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Wait while a save runs, then save if the schedule says so."""
        with self._lock:
            super().after_run(run_context, run_values)

    def end(self, session: Any) -> None:
        """Save, unless the timer counts a save at this step, written or failed (B31)."""
        last_step = session.run(self._global_step_tensor)
        if last_step != self._timer.last_triggered_step():
            with self._lock:
                self._save(session, last_step)
        for listener in (*self._listeners, *self._guards):
            listener.end(session, last_step)

    def trigger_save(self, session: Any, ignore_save_errors: bool = False) -> None:
        """Save now, and return when the checkpoint is written; any thread may ask.

        It restarts the schedule, also if it fails (B30, B31). It returns without
        having written anything while the timer is disabled, at step 0 if this
        hook is dense-only, and if it is the first save of all (B32).

        Args:
            session: The session, or one that shares its variables.
            ignore_save_errors: Whether to log what went wrong, instead of raising it.

        Raises:
            Exception: Whatever the saver or a listener raised; an OpError of the
                saver only after a second try.
        """
        # A thread begins with a default graph of its own, and eager; a saver needs the session's.
        with self._lock, session.graph.as_default():
            if not self._timer.enabled:
                return
            step = session.run(self._global_step_tensor)
            self._timer.update_last_triggered_step(step)
            self._try_to_save(session, step, ignore_save_errors)

    def _save(self, session: Any, step: int) -> bool:
        """What the base class calls to save; whether a listener wants training to stop."""
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
            # All are called, whatever the first one wants, so the list comes before any().
            wishes = [listener.after_save(session, step) for listener in self._listeners]
            return any(wishes)

    def _write(self, session: Any, step: int) -> None:
        """Write the checkpoint; an OpError may pass, so it gets a second try at once (B31)."""
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
        """``<basename>-<step>``."""
        return f"{self._basename}-{step}"

    def get_ckpt_asset_dir(self, prefix: str) -> str:
        """``<prefix>.assets/``."""
        return f"{prefix}.assets/"

    def get_global_step_value(self, prefix: str) -> int:
        """The step that a prefix ends with; 0 where its file name has no ``-``.

        Raises:
            ValueError: What follows the last ``-`` of the file name isn't a step.
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
        """The steps that a checkpoint of this basename is there for, ascending.

        A checkpoint is there when its index file is: TensorFlow writes that last.
        """
        folder, slash, name = self._basename.rpartition("/")
        folder = (folder + slash) or "."
        if not tf.io.gfile.isdir(folder):
            return []
        # Names are compared literally: in a pattern a basename with brackets finds nothing.
        index_file = re.compile(re.escape(name) + r"-([0-9]+)" + re.escape(_INDEX_SUFFIX))
        found = (index_file.fullmatch(file) for file in tf.io.gfile.listdir(folder))
        return sorted(int(match[1]) for match in found if match)
