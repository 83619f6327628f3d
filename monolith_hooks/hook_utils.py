"""Wrappers that notify a checkpoint listener only before, or only after, a save."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


class BeforeSaveListener(tf.compat.v1.train.CheckpointSaverListener):
    """Listener that notifies the wrapped one before each save, and of nothing else (B42)."""

    def __init__(self, listener: Any) -> None:
        self._listener = listener

    def before_save(self, session: Any, global_step_value: int) -> None:
        """Forward the call to the wrapped listener."""
        self._listener.before_save(session, global_step_value)

    def __repr__(self) -> str:
        return f"{super().__repr__()}{self._listener!r}"


class AfterSaveListener(tf.compat.v1.train.CheckpointSaverListener):
    """Listener that notifies the wrapped one after each save, and of nothing else (B42)."""

    def __init__(self, listener: Any) -> None:
        self._listener = listener

    def after_save(self, session: Any, global_step_value: int) -> None:
        """Forward the call; the result is dropped, so the listener can't stop training."""
        self._listener.after_save(session, global_step_value)

    def __repr__(self) -> str:
        return f"{super().__repr__()}{self._listener!r}"
