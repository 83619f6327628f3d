"""What a model directory says of its checkpoints: their names, steps and state files."""

from __future__ import annotations

import os
from typing import Any, Final

import tensorflow as tf
from absl import logging
from google.protobuf import text_format

from monolith_hooks.files import write_atomically
from monolith_hooks.monolith_checkpoint_state_pb2 import MonolithCheckpointState

MONOLITH_CKPT_STATE_FILE_NAME: Final = "monolith_checkpoint"
"""The state file that is Monolith's own; TensorFlow's is ``checkpoint``."""

_latest: dict[str, tuple[int, Any]] = {}
"""Of each folder, the step that a state was asked for with, and the state."""


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
        """Return the number after the last ``-`` of the whole prefix, or 0 without one (B75).

        Raises:
            ValueError: The text after it isn't an integer.
        """
        _, dash, step = prefix.rpartition("-")
        return int(step) if dash else 0

    def get_existing_checkpoint_steps(self) -> set[int]:
        """Return the steps of all checkpoints in the folder's state file (B75).

        Raises:
            AttributeError: The folder has no state file.
            ValueError: A checkpoint's name doesn't end with a step.
        """
        state: Any = tf.train.get_checkpoint_state(os.path.dirname(self._basename))
        return {self.get_global_step_value(path) for path in state.all_model_checkpoint_paths}


def get_monolith_checkpoint_state(
    checkpoint_dir: str, filename: str | None = None, remove_invalid_path: bool = False
) -> MonolithCheckpointState | None:
    """Read the file ``monolith_checkpoint``, which is in text format (B74).

    Args:
        checkpoint_dir: The file's folder.
        filename: Another name of the file.
        remove_invalid_path: True to put the folder in front of relative exempt paths, and to
            leave out those without a checkpoint, with a warning each.

    Returns:
        The message; None where there is no file, or none that can be read, with a warning.
    """
    path = os.path.join(checkpoint_dir, filename or MONOLITH_CKPT_STATE_FILE_NAME)
    if not tf.io.gfile.exists(path):
        return None
    try:
        with tf.io.gfile.GFile(path) as file:
            state = text_format.Parse(file.read(), MonolithCheckpointState())
    except (tf.errors.OpError, UnicodeDecodeError, text_format.ParseError) as error:
        logging.warning("%s can't be read: %s", path, error)
        return None
    if remove_invalid_path:
        given = [os.path.join(checkpoint_dir, each) for each in state.exempt_model_checkpoint_paths]
        state.exempt_model_checkpoint_paths[:] = [each for each in given if _is_checkpoint(each)]
    return state


def write_monolith_checkpoint_state(checkpoint_dir: str, state: MonolithCheckpointState) -> None:
    """Write the file ``monolith_checkpoint``.

    Raises:
        tf.errors.OpError: It can't be written.
    """
    path = os.path.join(checkpoint_dir, MONOLITH_CKPT_STATE_FILE_NAME)
    write_atomically(path, text_format.MessageToString(state))


def get_latest_checkpoint_state(checkpoint_dir: str, global_step_value: int) -> Any:
    """Return ``tf.train.get_checkpoint_state``, which is read anew only for a larger step (B74).

    It is also read anew while it is None.
    """
    step, state = _latest.get(checkpoint_dir, (global_step_value, None))
    if state is None or global_step_value > step:
        state = tf.train.get_checkpoint_state(checkpoint_dir)
        _latest[checkpoint_dir] = (global_step_value, state)
    return state


def _is_checkpoint(path: str) -> bool:
    found: bool = tf.compat.v1.train.checkpoint_exists(path)
    if not found:
        logging.warning("%s isn't exempt any more: there is no such checkpoint.", path)
    return found
