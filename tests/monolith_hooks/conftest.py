"""A stage for hooks: a graph, a session with small thread pools, virtual time."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import pytest
import tensorflow as tf

from fakes.virtual_clock import VirtualClock

Play = Callable[[Callable[[], Any]], Any]


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def play(clock: VirtualClock) -> Play:
    """Plays a function in the lane ``main``, in a graph of its own."""

    def run(main: Callable[[], Any]) -> Any:
        def in_graph() -> Any:
            with tf.Graph().as_default():
                return main()

        return clock.run(in_graph)

    return run


@pytest.fixture
def config() -> Any:
    return tf.compat.v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
