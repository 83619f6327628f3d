"""Variables that hold the state of hooks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf


def state_variable(initial_value: Any, name: str, collections: Sequence[str]) -> Any:
    """Return a new variable that no optimizer trains, in these collections only.

    It is a ``tf.Variable``, not one of ``get_variable``, so that a partitioner or reuse in
    the caller's variable scope doesn't affect it.
    """
    return tf.compat.v1.Variable(
        initial_value, name=name, trainable=False, collections=list(collections), use_resource=True
    )
