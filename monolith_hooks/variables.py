"""Variables that hold the state of hooks."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def state_variable(name: str, initial_value: Any, collection: str) -> Any:
    """Return a new variable that no optimizer trains, in this collection only.

    Its name is that of the current variable scope and ``name``, as processes that share a PS
    find each other's variables by their names. A partitioner of the scope doesn't affect it.

    Raises:
        ValueError: The scope has a variable of this name.
    """
    scope = tf.compat.v1.get_variable_scope()
    with tf.compat.v1.variable_scope(scope) as unpartitioned:
        unpartitioned.set_partitioner(None)
        return tf.compat.v1.get_variable(
            name,
            initializer=tf.constant(initial_value),
            trainable=False,
            collections=[collection],
            use_resource=True,
        )
