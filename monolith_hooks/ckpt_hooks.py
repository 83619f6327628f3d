"""What happens around a checkpoint: the barrier that holds workers, and their iterators."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Final

import tensorflow as tf
from absl import logging

from monolith_hooks.barrier_ops import BarrierAlreadyPlacedError, BarrierCallback, BarrierOp
from monolith_hooks.ckpt_hooks_pb2 import WorkerCkptInfo
from monolith_hooks.clock import SYSTEM_CLOCK, Clock, nanoseconds

SAVE_ACTION: Final = "Save"
"""The barrier's action when a save places it."""

_GRAPH_META: Final = "monolith_graph_meta"
_GLOBAL_ITERATORS: Final = "iterators"
"""TensorFlow's collection of iterators' resources."""
_KEPT_CHECKPOINTS: Final = 5


@dataclass
class _GraphMeta:
    """What this module keeps of a graph, in a collection of it (B51, B52).

    TensorFlow can't write such a collection into a meta graph: it warns, and goes on.
    """

    info: Any = None
    """Value of the info's variable, a string scalar."""
    new_info: Any = None
    """Placeholder of the info to assign."""
    assign_info: Any = None
    """Op that assigns it."""
    saves_iterators: bool = True


def _graph_meta() -> _GraphMeta:
    found: list[_GraphMeta] = tf.compat.v1.get_collection_ref(_GRAPH_META)
    if not found:
        found.append(_GraphMeta())
    return found[0]


def _info_of_graph() -> _GraphMeta:
    """Return the ops of the info, which are made if the graph has none yet (B51)."""
    meta = _graph_meta()
    if meta.info is None:
        variable = tf.compat.v1.Variable(
            "",
            name="WorkerCkptMetaInfo",
            trainable=False,
            collections=[tf.compat.v1.GraphKeys.LOCAL_VARIABLES],
            use_resource=True,
        )
        meta.info = variable.read_value()
        meta.new_info = tf.compat.v1.placeholder(tf.string, [])
        meta.assign_info = variable.assign(meta.new_info).op
    return meta


def assign_ckpt_info(session: Any, info: WorkerCkptInfo) -> None:
    """Replace the info that all processes of the graph share (B51).

    Raises:
        RuntimeError: The graph is finalized, and nothing has made the info before.
    """
    with session.graph.as_default():
        meta = _info_of_graph()
    session.run(meta.assign_info, {meta.new_info: info.SerializeToString()})


def get_ckpt_info(session: Any) -> WorkerCkptInfo:
    """Return the info; an empty one if none was assigned in this session (B51).

    Raises:
        RuntimeError: The graph is finalized, and nothing has made the info before.
    """
    with session.graph.as_default():
        meta = _info_of_graph()
    return WorkerCkptInfo.FromString(session.run(meta.info))


class BarrierSaverListener(tf.compat.v1.train.CheckpointSaverListener):
    """Listener that holds all workers at the barrier during a save (B53-B59).

    It doesn't look whose barrier it removes: one that somebody else placed after its own
    was removed is removed too (B55).

    Threads: those that save call it, with the saver hook's lock held.

    Args:
        barrier_op: The barrier of the graph.
        wait_seconds: Seconds between two checks of whether all workers are blocked.
        max_pending_seconds: Seconds after which, at the next check, the save goes on without
            the workers that are missing.
        clock: Provides the wait.
    """

    def __init__(
        self,
        barrier_op: BarrierOp,
        wait_seconds: float = 1,
        max_pending_seconds: float = 30,
        *,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._barrier_op = barrier_op
        self._wait_seconds = wait_seconds
        self._max_pending = nanoseconds(max_pending_seconds)
        self._clock = clock
        self._has_placed = False
        _info_of_graph()

    def before_save(self, session: Any, global_step_value: int) -> None:
        """Assign the info, place the barrier, and wait for all workers to be blocked.

        Raises:
            Exception: An error of a callback of the barrier; the barrier stays placed (B56).
        """
        assign_ckpt_info(session, WorkerCkptInfo(global_step=int(global_step_value)))
        begin = self._clock.now_ns()
        logging.info("Placing the barrier for the save at step %d.", global_step_value)
        try:
            self._barrier_op.place_barrier(session, SAVE_ACTION)
            self._has_placed = True
        except BarrierAlreadyPlacedError:
            logging.info("Somebody else has placed the barrier.")
        while not self._barrier_op.is_all_blocked(session):
            self._clock.sleep(self._wait_seconds)
            if self._clock.now_ns() - begin > self._max_pending:
                break
        missing = self._barrier_op.get_unblocked_indices(session)
        logging.info("All workers are blocked." if not missing else f"Not blocked: {missing}.")

    def after_save(self, session: Any, global_step_value: int) -> None:  # noqa: ARG002
        """Remove the barrier if this listener has placed it.

        It still owes a removal that fails.
        """
        if self._has_placed:
            logging.info("Removing the barrier.")
            self._barrier_op.remove_barrier(session)
            self._has_placed = False


class WorkerCkptHelper:
    """Saves and restores the positions of a process's iterators (B60-B66).

    Processes that share the info do so by the device scope in which it is made, such as a
    PS's, which is that of the first helper or listener of the graph.

    The graph's iterators are those that exist by now. Their files are in the model
    directory, beside the checkpoints, and only the last five are kept. Nobody else's state
    file is touched.

    Args:
        model_dir: The directory of the files; its parent must exist when they are saved.
        index: The worker's index, a part of the files' names.
    """

    def __init__(self, model_dir: str, index: int) -> None:
        name = f"input_worker_{index}"
        self._model_dir = model_dir
        self._prefix = os.path.join(model_dir, f"{name}.ckpt")
        self._state_filename = f"checkpoint_{name}"
        meta = _info_of_graph()
        resources = tf.compat.v1.get_collection(_GLOBAL_ITERATORS) if meta.saves_iterators else []
        saveables = [
            tf.data.experimental.make_saveable_from_iterator(_Iterator(each), "ignore")
            for each in resources
        ]
        self._saver: Any = None
        if saveables:
            # Iterators are this process's, wherever the caller places the variables.
            with tf.device(None):
                self._saver = tf.compat.v1.train.Saver(saveables, max_to_keep=_KEPT_CHECKPOINTS)

    def create_save_iterator_callback(self) -> BarrierCallback:
        """Return a callback for ``BarrierOp`` that reacts to the action "Save" only (B61).

        It raises a ValueError if neither the directory nor its parent exists.
        """
        return self._save

    def create_restorer_hook(self) -> tf.compat.v1.train.SessionRunHook:
        """Return a hook that restores the iterators in each new session (B63).

        It raises a NotFoundError if the graph has more iterators than were saved (B64).
        """
        return _RestorerHook(self)

    def _save(self, action: str, session: Any) -> None:
        if action != SAVE_ACTION or self._saver is None:
            return
        try:
            self._saver.save(
                session,
                self._prefix,
                global_step=get_ckpt_info(session).global_step,
                latest_filename=self._state_filename,
                write_meta_graph=False,
            )
        except tf.errors.UnimplementedError as error:
            logging.warning("An iterator can't be saved: %s", error.message)

    def restore(self, session: Any) -> None:
        """Restore the iterators, if there is a checkpoint of them."""
        if self._saver is None:
            return
        latest = tf.train.latest_checkpoint(self._model_dir, self._state_filename)
        if latest is None:
            logging.info("There is no checkpoint %s-*; iterators start anew.", self._prefix)
            return
        self._saver.restore(session, latest)


class _RestorerHook(tf.compat.v1.train.SessionRunHook):
    def __init__(self, helper: WorkerCkptHelper) -> None:
        self._helper = helper

    def after_create_session(self, session: Any, coord: Any) -> None:  # noqa: ARG002
        self._helper.restore(session)


def disable_iterator_save_restore() -> None:
    """Let helpers that are constructed for this graph from now on do nothing (B65)."""
    _graph_meta().saves_iterators = False


@dataclass(frozen=True)
class _Iterator:
    """What TensorFlow's function takes of an iterator, of which the graph has the resource."""

    _iterator_resource: Any
