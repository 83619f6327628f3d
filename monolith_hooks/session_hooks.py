"""The session that this process trains in, for code that isn't passed one."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

_current: Any = None


def get_current_session() -> Any:
    """Return the session set by a SetCurrentSessionHook, else TensorFlow's default one, or None.

    A session that was set comes first, even if it has been closed: after an exception
    it isn't cleared (B45).
    """
    return tf.compat.v1.get_default_session() if _current is None else _current


class SetCurrentSessionHook(tf.compat.v1.train.SessionRunHook):
    """Hook that makes its session the process's current one until it ends cleanly (B45).

    Threads: the current session is one reference, which any thread sets and reads
    atomically. With two such sessions in a process, the last one created is current.
    """

    def after_create_session(self, session: Any, coord: Any) -> None:  # noqa: ARG002
        """Make this session current; a recreated session replaces the earlier one."""
        _set(session)

    def end(self, session: Any) -> None:  # noqa: ARG002
        """Clear the current session."""
        _set(None)


def _set(session: Any) -> None:
    global _current  # noqa: PLW0603 - one process, one current session
    _current = session
