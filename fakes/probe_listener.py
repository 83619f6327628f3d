"""A listener that shows what a saver hook tells it."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf


class ProbeListener(tf.compat.v1.train.CheckpointSaverListener):
    """Calls ``told(method, global_step)``; the step is None in ``begin``.

    It can ask for a stop after each save.
    """

    def __init__(
        self, told: Callable[[str, int | None], None], *, asks_to_stop: bool = False
    ) -> None:
        self._told = told
        self._asks_to_stop = asks_to_stop

    def begin(self) -> None:
        """The graph is being built."""
        self._told("begin", None)

    def before_save(self, session: object, global_step_value: int) -> None:
        """A checkpoint is about to be written."""
        del session
        self._told("before_save", int(global_step_value))

    def after_save(self, session: object, global_step_value: int) -> bool:
        """A checkpoint has been written."""
        del session
        self._told("after_save", int(global_step_value))
        return self._asks_to_stop

    def end(self, session: object, global_step_value: int) -> None:
        """The session is about to be closed."""
        del session
        self._told("end", int(global_step_value))
