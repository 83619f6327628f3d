"""Listeners that forward half of another listener (B42)."""

import tensorflow as tf


class BeforeSaveListener(tf.compat.v1.train.CheckpointSaverListener):
    """Forwards `before_save` only."""

    def __init__(self, listener):
        self._listener = listener

    def before_save(self, session, global_step_value):
        self._listener.before_save(session, global_step_value)

    def __repr__(self):
        return super().__repr__() + repr(self._listener)


class AfterSaveListener(tf.compat.v1.train.CheckpointSaverListener):
    """Forwards `after_save` only, and drops what it returns."""

    def __init__(self, listener):
        self._listener = listener

    def after_save(self, session, global_step_value):
        self._listener.after_save(session, global_step_value)

    def __repr__(self):
        return super().__repr__() + repr(self._listener)
