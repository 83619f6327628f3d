"""The session in use (B45)."""

import tensorflow as tf

_current_session = None


class SetCurrentSessionHook(tf.compat.v1.train.SessionRunHook):
    """Makes its session the current one until it ends."""

    def after_create_session(self, session, coord):
        global _current_session
        _current_session = session

    def end(self, session):
        global _current_session
        _current_session = None


def get_current_session():
    """The session that the hook has set, else TensorFlow's default session."""
    if _current_session is not None:
        return _current_session
    return tf.compat.v1.get_default_session()
