"""The session that this process trains in, for code that isn't handed one."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

_current: Any = None


def get_current_session() -> Any:
    """The session that a SetCurrentSessionHook has set, else TensorFlow's default session, or None.

    A set one comes first, also if it has been closed: after an exception nobody
    clears it (B45).
    """
    return tf.compat.v1.get_default_session() if _current is None else _current


class SetCurrentSessionHook(tf.compat.v1.train.SessionRunHook):
    """Makes its session the current one of this process, from creation to a clean end (B45).

    Threads: the current session is one reference, set and read in one step by any
    thread. With two such sessions in a process the one created last is current.
    """

    def after_create_session(self, session: Any, coord: Any) -> None:  # noqa: ARG002
        """Set it; a recreated session replaces the one before."""
        _set(session)

    def end(self, session: Any) -> None:  # noqa: ARG002
        """Clear it."""
        _set(None)


def _set(session: Any) -> None:
    global _current  # noqa: PLW0603 - one process, one current session
    _current = session
