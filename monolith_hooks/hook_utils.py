"""Halves of a checkpoint listener, for where it must be told of one side of a save only."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


class BeforeSaveListener(tf.compat.v1.train.CheckpointSaverListener):
    """Tells the wrapped listener before a save and of nothing else (B42)."""

    def __init__(self, listener: Any) -> None:
        self._listener = listener

    def before_save(self, session: Any, global_step_value: int) -> None:
        """Forwarded."""
        self._listener.before_save(session, global_step_value)

    def __repr__(self) -> str:
        return f"{super().__repr__()}{self._listener!r}"


class AfterSaveListener(tf.compat.v1.train.CheckpointSaverListener):
    """Tells the wrapped listener after a save and of nothing else (B42)."""

    def __init__(self, listener: Any) -> None:
        self._listener = listener

    def after_save(self, session: Any, global_step_value: int) -> None:
        """Forwarded; what the listener returns is dropped, so it can't stop training."""
        self._listener.after_save(session, global_step_value)

    def __repr__(self) -> str:
        return f"{super().__repr__()}{self._listener!r}"
