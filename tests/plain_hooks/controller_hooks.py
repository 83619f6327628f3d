"""Flags that stop or save from outside of the loop (B46, B47)."""

import contextlib
import os
import threading
import time

import tensorflow as tf
from absl import logging
from google.protobuf import text_format
from monolith_hooks import controller_hooks_pb2
from tensorflow.python.lib.io import file_io

from plain_hooks.device_utils import ps_device

STOP_ACTION = "Stop"
QUERY_INTERVAL = 60

_STOP, _SAVE = 0, 1
_STOP_PENDING_SECONDS = 30
_STOP_WAIT_SECONDS = 2


class ControllerHook(tf.compat.v1.train.SessionRunHook):
    """Acts on the stop flag and the save flag after each step."""

    def __init__(self, num_ps=0, barrier_op=None, trigger_save=None):
        self._barrier_op = barrier_op
        self._trigger_save = trigger_save
        with tf.device(ps_device(0)) if num_ps > 0 else contextlib.nullcontext():
            flags = tf.compat.v1.get_variable(
                "control_var",
                [2],
                tf.bool,
                tf.compat.v1.zeros_initializer(),
                trainable=False,
                collections=[tf.compat.v1.GraphKeys.LOCAL_VARIABLES],
                use_resource=True,
            )
            self._flags = flags.read_value()
            self._stop_op = tf.compat.v1.scatter_update(flags, _STOP, True).op
            self._trigger_save_op = tf.compat.v1.scatter_update(flags, _SAVE, True).op
            self._reset_save_op = tf.compat.v1.scatter_update(flags, _SAVE, False).op

    @property
    def stop_op(self):
        """The op that sets the stop flag."""
        return self._stop_op

    @property
    def trigger_save_op(self):
        """The op that sets the save flag."""
        return self._trigger_save_op

    def before_run(self, run_context):
        return tf.compat.v1.train.SessionRunArgs(self._flags)

    def after_run(self, run_context, run_values):
        if run_values.results[_STOP]:
            if self._barrier_op is not None:
                self._stop(run_context.session)
        elif run_values.results[_SAVE]:
            run_context.session.run(self._reset_save_op)
            if self._trigger_save is not None:
                self._trigger_save()

    def _stop(self, session):
        self._barrier_op.place_barrier(session, STOP_ACTION)
        start = time.time()
        while time.time() - start < _STOP_PENDING_SECONDS and not self._barrier_op.is_all_blocked(
            session
        ):
            time.sleep(_STOP_WAIT_SECONDS)
        self._barrier_op.remove_barrier(session)


class _StopHook(tf.compat.v1.train.SessionRunHook):
    def __init__(self, helper):
        self._helper = helper

    def after_run(self, run_context, run_values):
        if self._helper.stopped:
            run_context.request_stop()


class StopHelper:
    """Stops a process's training when its barrier is placed with the stop action."""

    def __init__(self):
        self.stopped = False

    def create_barrier_callback(self):
        """A callback for BarrierOp that notes a stop action."""

        def callback(action, session):
            if action == STOP_ACTION:
                self.stopped = True

        return callback

    def create_stop_hook(self):
        """A hook that requests stop once a stop action was noted."""
        return _StopHook(self)


class QueryActionHook(tf.compat.v1.train.SessionRunHook):
    """Runs the actions that are asked for by a file in the model dir."""

    def __init__(self, model_dir, hook):
        self._path = os.path.join(model_dir, "monolith_action")
        self._response_path = os.path.join(model_dir, "monolith_action_response")
        self._hook = hook
        self._session = None
        self._threads = []  # Of (thread, its event to stop).

    def after_create_session(self, session, coord):
        self._session = session
        stop = threading.Event()
        thread = threading.Thread(target=self._watch, args=(stop,), daemon=True)
        self._threads.append((thread, stop))
        thread.start()

    def end(self, session):
        for _, stop in self._threads:
            stop.set()
        if self._threads:
            self._threads[-1][0].join()

    def _watch(self, stop):
        while not stop.wait(QUERY_INTERVAL):
            try:
                self._look()
            except Exception:  # pylint: disable=broad-except
                logging.exception("Failed to query the action, will look again.")

    def _look(self):
        if not tf.io.gfile.exists(self._path):
            return
        with tf.io.gfile.GFile(self._path) as f:
            text = f.read()
        try:
            self._act(text)
        finally:
            tf.io.gfile.remove(self._path)

    def _act(self, text):
        proto_class = controller_hooks_pb2.ControllerHooksProto
        try:
            action = text_format.Parse(text, proto_class()).action
        except text_format.ParseError as e:
            self._respond(str(e))
            return
        if action == proto_class.TRIGGER_SAVE:
            op = self._hook.trigger_save_op
        elif action == proto_class.STOP:
            op = self._hook.stop_op
        else:
            raise TypeError(f"No op for the action {proto_class.Action.Name(action)}.")
        self._session.run(op)
        self._respond("OK")

    def _respond(self, text):
        file_io.atomic_write_string_to_file(self._response_path, text)
