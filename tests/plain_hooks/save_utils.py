"""The saver hook and what belongs to it (B30 to B32, B72 to B77)."""

import os
import threading
import time

import tensorflow as tf
from absl import logging
from google.protobuf import text_format
from monolith_hooks import monolith_checkpoint_state_pb2
from tensorflow.python.lib.io import file_io

MONOLITH_CKPT_STATE_FILE_NAME = "monolith_checkpoint"

_latest_states = {}  # Folder -> (the step it was kept for, its CheckpointState).


def get_monolith_checkpoint_state(checkpoint_dir, filename=None, remove_invalid_path=False):
    """Reads a MonolithCheckpointState; None if there is none or it isn't readable."""
    path = os.path.join(checkpoint_dir, filename or MONOLITH_CKPT_STATE_FILE_NAME)
    if not tf.io.gfile.exists(path):
        return None
    state = monolith_checkpoint_state_pb2.MonolithCheckpointState()
    try:
        with tf.io.gfile.GFile(path) as f:
            text_format.Parse(f.read(), state)
    except (tf.errors.OpError, text_format.ParseError, UnicodeDecodeError) as e:
        logging.warning("Can't read %s: %s", path, e)
        return None
    if remove_invalid_path:
        kept = []
        for exempt in state.exempt_model_checkpoint_paths:
            exempt = os.path.join(checkpoint_dir, exempt)  # An absolute one stays as it is.
            if tf.compat.v1.train.checkpoint_exists(exempt):
                kept.append(exempt)
            else:
                logging.warning("No checkpoint at the exempt path %s, removing it.", exempt)
        state.exempt_model_checkpoint_paths[:] = kept
    return state


def get_latest_checkpoint_state(checkpoint_dir, global_step_value):
    """`tf.train.get_checkpoint_state`, kept until asked with a larger step."""
    step, state = _latest_states.get(checkpoint_dir, (None, None))
    if state is None or global_step_value > step:
        state = tf.train.get_checkpoint_state(checkpoint_dir)
        _latest_states[checkpoint_dir] = (global_step_value, state)
    return state


class SaveHelper:
    """Names of checkpoints, and the steps in them (B75)."""

    def __init__(self, basename):
        self._basename = basename

    def get_ckpt_prefix(self, step):
        """The prefix of the checkpoint of a step."""
        return f"{self._basename}-{step}"

    def get_ckpt_asset_dir(self, prefix):
        """The folder of the assets of a checkpoint."""
        return f"{prefix}.assets/"

    def get_global_step_value(self, prefix):
        """The step in a prefix, 0 where there is no dash."""
        _, dash, step = prefix.rpartition("-")
        return int(step) if dash else 0

    def get_existing_checkpoint_steps(self):
        """The steps of all checkpoints that the state file names."""
        state = tf.train.get_checkpoint_state(os.path.dirname(self._basename))
        return {self.get_global_step_value(path) for path in state.all_model_checkpoint_paths}


class SecondOrStepTimerWithTideSetting(tf.compat.v1.train.SecondOrStepTimer):
    """A timer with another interval outside of the tide's hours (B76)."""

    def __init__(
        self,
        every_secs=None,
        every_steps=None,
        tide_start_hour=None,
        tide_start_minute=None,
        tide_end_hour=None,
        tide_end_minute=None,
        tide_every_secs=None,
        save_helper=None,
    ):
        super().__init__(every_secs, every_steps)
        self._enabled = True
        self._save_helper = save_helper
        self._tide_every_secs = tide_every_secs
        self._tide = None
        if None not in (tide_start_hour, tide_end_hour, tide_every_secs):
            start = (tide_start_hour, tide_start_minute or 0)
            end = (tide_end_hour, tide_end_minute or 0)
            if start < end:  # Else it is always on.
                self._tide = (start, end)

    def enable(self):
        """Lets the timer be due again."""
        self._enabled = True

    def disable(self):
        """Keeps the timer from being due."""
        self._enabled = False

    def should_trigger_for_step(self, step):
        if not self._enabled:
            return False
        last = self._last_triggered_step
        if last is None or last == step or self._in_tide():
            return super().should_trigger_for_step(step)
        return time.time() >= self._last_triggered_time + self._tide_every_secs

    def _in_tide(self):
        if self._tide is None:
            return True
        now = time.gmtime(time.time())
        return self._tide[0] <= (now.tm_hour, now.tm_min) < self._tide[1]


class NoFirstSaveCheckpointSaverHook(tf.compat.v1.train.CheckpointSaverHook):
    """A saver hook that skips the first save, tries twice and saves when asked."""

    _has_dense_only = False
    _in_model_dump_mode = False

    def __init__(
        self,
        checkpoint_dir,
        save_secs=None,
        save_steps=None,
        saver=None,
        checkpoint_basename="model.ckpt",
        scaffold=None,
        listeners=None,
        save_graph_def=True,
        tide_start_hour=None,
        tide_start_minute=None,
        tide_end_hour=None,
        tide_end_minute=None,
        tide_save_secs=None,
        ignore_save_errors=False,
        is_dense_only=False,
        use_native_multi_hash_table=False,
        no_first_save=True,
        guard_saver_listeners=None,
    ):
        super().__init__(
            checkpoint_dir,
            save_secs,
            save_steps,
            saver,
            checkpoint_basename,
            scaffold,
            listeners,
            save_graph_def,
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
        )
        self._ignore_save_errors = ignore_save_errors
        self._is_dense_only = is_dense_only
        self._use_native_multi_hash_table = use_native_multi_hash_table
        self._skip_next_save = no_first_save
        self._guard_saver_listeners = guard_saver_listeners or []
        self._last_written_step = 0
        self._lock = threading.RLock()

    @property
    def timer(self):
        """The timer of the hook."""
        return self._timer

    def after_create_session(self, session, coord):
        if self._save_graph_def:
            tf.io.gfile.makedirs(self._checkpoint_dir)
            tf.compat.v1.train.export_meta_graph(
                os.path.join(self._checkpoint_dir, "meta_graph_for_debugging.pb")
            )
            if get_monolith_checkpoint_state(self._checkpoint_dir) is None:
                self._write_state()
        super().after_create_session(session, coord)

    def after_run(self, run_context, run_values):
        with self._lock:
            # What the step has fetched may be old, so that only a later step can be due.
            if self._timer.should_trigger_for_step(run_values.results + self._steps_per_run):
                if self._save_if_due(run_context.session, self._ignore_save_errors):
                    run_context.request_stop()

    def trigger_save(self, session, ignore_save_errors=False):
        """Saves now, and starts the schedule anew."""
        with self._lock:
            self._timer.reset()
        with self._lock, session.graph.as_default():
            self._save_if_due(session, ignore_save_errors)

    def end(self, session):
        if self._is_dense_only:
            return
        step = session.run(self._global_step_tensor)
        if self._has_dense_only or self._in_model_dump_mode:
            with self._lock:
                self._save_once(session, step)
        elif step != self._timer.last_triggered_step():
            with self._lock:
                self._save(session, step)
        for listener in self._listeners:
            listener.end(session, step)

    def _save_if_due(self, session, ignore_save_errors):
        step = session.run(self._global_step_tensor)
        if not self._timer.should_trigger_for_step(step):
            return False
        self._timer.update_last_triggered_step(step)
        return self._save(session, step, ignore_save_errors)

    def _save(self, session, step, ignore_save_errors=None):
        """Saves with guards and a second try, returns should_stop."""
        if ignore_save_errors is None:
            ignore_save_errors = self._ignore_save_errors
        if self._skip_next_save:
            self._skip_next_save = False
            return False
        if self._is_dense_only and step == self._last_written_step:
            return False
        for guard in self._guard_saver_listeners:
            self._call_guard(guard.before_save, session, step)
        try:
            try:
                return self._save_once(session, step)
            except tf.errors.OpError:
                logging.exception("Failed to save, retrying ...")
            try:
                return self._save_once(session, step)
            except tf.errors.OpError:
                logging.exception("Failed to save, retrying ...")
                if not ignore_save_errors:
                    raise
                return False
        finally:
            for guard in reversed(self._guard_saver_listeners):
                self._call_guard(guard.after_save, session, step)

    def _save_once(self, session, step):
        start = time.time()
        should_stop = super()._save(session, step)
        self._write_state(timestamp=int(time.time()))
        self._last_written_step = step
        logging.info("saving checkpoint took %s seconds", time.time() - start)
        return should_stop

    def _call_guard(self, method, session, step):
        try:
            method(session, step)
        except Exception:  # pylint: disable=broad-except
            logging.exception("A guard listener failed, going on.")

    def _write_state(self, timestamp=None):
        state_class = monolith_checkpoint_state_pb2.MonolithCheckpointState
        state = get_monolith_checkpoint_state(self._checkpoint_dir, remove_invalid_path=True)
        if state is None:
            state = state_class()
            state.builtin_hash_table_type = (
                state_class.MULTI_CUCKOO_HASH_MAP
                if self._use_native_multi_hash_table
                else state_class.CUCKOO_HASH_MAP
            )
        if timestamp is not None:
            state.last_checkpoint_save_timestamp = timestamp
        file_io.atomic_write_string_to_file(
            os.path.join(self._checkpoint_dir, MONOLITH_CKPT_STATE_FILE_NAME),
            text_format.MessageToString(state),
        )
