"""Variables that hooks keep their state in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf


def state_variable(initial_value: Any, name: str, collections: Sequence[str]) -> Any:
    """A variable of the graph that no optimizer trains, in these collections alone.

    It is a ``tf.Variable`` and not one of ``get_variable``: a partitioner or reuse in the
    caller's variable scope must not reach it.
    """
    return tf.compat.v1.Variable(
        initial_value, name=name, trainable=False, collections=list(collections), use_resource=True
    )
