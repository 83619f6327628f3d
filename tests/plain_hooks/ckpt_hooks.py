"""A barrier around a save, and the iterators of workers (B51 to B66)."""

import os
import time

import tensorflow as tf
from absl import logging
from monolith_hooks import ckpt_hooks_pb2
from tensorflow.python.data.ops import iterator_ops, options

from plain_hooks import barrier_ops

SAVE_ACTION = "Save"

_GRAPH_META = "monolith_graph_meta"


class _GraphMeta:
    """What a graph keeps for this module."""

    def __init__(self):
        info = tf.compat.v1.get_variable(
            "WorkerCkptMetaInfo",
            [],
            tf.string,
            tf.compat.v1.constant_initializer(""),
            trainable=False,
            collections=[tf.compat.v1.GraphKeys.LOCAL_VARIABLES],
            use_resource=True,
        )
        self.info = info.read_value()
        self.info_in = tf.compat.v1.placeholder(tf.string, [])
        self.assign_info = info.assign(self.info_in, read_value=False)


class _NoIterators:
    """Marks a graph whose iterators are neither saved nor restored."""


def _graph_meta(graph):
    for item in graph.get_collection(_GRAPH_META):
        if isinstance(item, _GraphMeta):
            return item
    with graph.as_default():
        meta = _GraphMeta()
    graph.add_to_collection(_GRAPH_META, meta)
    return meta


def assign_ckpt_info(session, info):
    """Replaces the info of the session."""
    meta = _graph_meta(session.graph)
    session.run(meta.assign_info, {meta.info_in: info.SerializeToString()})


def get_ckpt_info(session):
    """The info of the session, empty if none was assigned."""
    return ckpt_hooks_pb2.WorkerCkptInfo.FromString(session.run(_graph_meta(session.graph).info))


def disable_iterator_save_restore():
    """Helpers of this graph that are constructed from now on do nothing."""
    tf.compat.v1.add_to_collection(_GRAPH_META, _NoIterators())


class BarrierSaverListener(tf.compat.v1.train.CheckpointSaverListener):
    """Blocks the workers while a checkpoint is saved."""

    def __init__(self, barrier_op, wait_seconds=1, max_pending_seconds=30):
        self._barrier_op = barrier_op
        self._wait_seconds = wait_seconds
        self._max_pending_seconds = max_pending_seconds
        self._placed = False
        _graph_meta(tf.compat.v1.get_default_graph())

    def before_save(self, session, global_step_value):
        assign_ckpt_info(session, ckpt_hooks_pb2.WorkerCkptInfo(global_step=int(global_step_value)))
        start = time.time()
        try:
            logging.info("Placing the barrier for a save.")
            self._barrier_op.place_barrier(session, SAVE_ACTION)
            self._placed = True
        except barrier_ops.BarrierAlreadyPlacedError:
            logging.info("The barrier was placed already by someone else.")
        while not self._barrier_op.is_all_blocked(session):
            time.sleep(self._wait_seconds)
            if time.time() - start > self._max_pending_seconds:
                break
        unblocked = self._barrier_op.get_unblocked_indices(session)
        if unblocked:
            logging.info("Not blocked: %s", unblocked)
        else:
            logging.info("All are blocked.")

    def after_save(self, session, global_step_value):
        if self._placed:
            self._placed = False
            logging.info("Removing the barrier of the save.")
            self._barrier_op.remove_barrier(session)


class _RestorerHook(tf.compat.v1.train.SessionRunHook):
    def __init__(self, helper):
        self._helper = helper

    def after_create_session(self, session, coord):
        self._helper.restore(session)


class WorkerCkptHelper:
    """Saves and restores the positions of a worker's iterators."""

    def __init__(self, model_dir, index):
        graph = tf.compat.v1.get_default_graph()
        _graph_meta(graph)
        self._model_dir = model_dir
        self._prefix = os.path.join(model_dir, f"input_worker_{index}.ckpt")
        self._state_file = f"checkpoint_input_worker_{index}"
        self._saver = None
        iterators = graph.get_collection(iterator_ops.GLOBAL_ITERATORS)
        disabled = any(isinstance(x, _NoIterators) for x in graph.get_collection(_GRAPH_META))
        if iterators and not disabled:
            self._saver = tf.compat.v1.train.Saver(
                [
                    iterator_ops._IteratorSaveable(it, it.name, options.ExternalStatePolicy.IGNORE)
                    for it in iterators
                ],
                max_to_keep=5,
                sharded=True,
            )  # Sharded, so that it doesn't create the folder (B60).

    def create_save_iterator_callback(self):
        """A callback for BarrierOp that saves the positions when a save begins."""

        def callback(action, session):
            if action == SAVE_ACTION:
                self.save(session)

        return callback

    def create_restorer_hook(self):
        """A hook that restores the last saved positions into each new session."""
        return _RestorerHook(self)

    def save(self, session):
        """Saves the positions under the step of the info."""
        if self._saver is None:
            return
        step = get_ckpt_info(session).global_step
        try:
            with session.graph.as_default():
                self._saver.save(
                    session,
                    self._prefix,
                    global_step=step,
                    latest_filename=self._state_file,
                    write_meta_graph=False,
                )
        except tf.errors.UnimplementedError as e:
            logging.warning("The iterators can't be saved: %s", e)

    def restore(self, session):
        """Restores the last saved positions, if there are any."""
        if self._saver is None:
            return
        path = tf.compat.v1.train.latest_checkpoint(self._model_dir, self._state_file)
        if path is None:
            logging.info("No checkpoint of iterators in %s.", self._model_dir)
            return
        with session.graph.as_default():
            self._saver.restore(session, path)
