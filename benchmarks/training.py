"""The cost of the hooks for a training step, relative to the same step without them."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Collection, Iterator
from typing import Any

from benchmarks.measuring import Ratio, Work, ratio

_STEPS = 200
_HOOKS = ("health hook", "saver", "controller", "barrier hook")


def ratios() -> Iterator[Ratio]:
    """Yield the ratios of an empty step with each hook and with all, and of a model's step."""
    cases: list[tuple[int, str, Collection[str]]] = [
        (0, f"an empty step with the {hook} alone", (hook,)) for hook in _HOOKS
    ]
    cases += [(0, "an empty step with all hooks", _HOOKS)]
    cases += [(512, "a small model's step with all hooks", _HOOKS)]
    for size, name, hooks in cases:
        with _session(size, hooks) as hooked, _session(size, ()) as bare:
            yield ratio(name, hooked, "the bare step", bare)


@contextlib.contextmanager
def _session(size: int, chosen: Collection[str]) -> Iterator[Work]:
    """Yield a step of a chief whose model multiplies square matrices of this size, if any."""
    import tensorflow as tf

    from monolith_hooks import ps_check_hooks, save_utils
    from monolith_hooks.barrier_ops import BarrierHook, BarrierOp
    from monolith_hooks.server.server_lib import ServerHook

    tf1 = tf.compat.v1
    with tempfile.TemporaryDirectory() as folder, tf.Graph().as_default():
        step = tf1.train.get_or_create_global_step()
        losses: list[Any] = []
        if size:
            weights = tf1.get_variable("weights", [size, size], use_resource=True)
            losses = [weights.assign_sub(1e-6 * tf.matmul(weights, weights))]
        with tf.control_dependencies(losses):
            train = tf1.assign_add(step, 1)
        barrier = BarrierOp(capacity=2)
        saver = save_utils.NoFirstSaveCheckpointSaverHook(folder, save_secs=3600)
        config = ps_check_hooks.Config(barrier, 1, ps_device_fn=lambda _: "")
        made = {
            "health hook": ps_check_hooks.PsHealthCheckerHook(config),
            "saver": saver,
            "controller": ServerHook(folder, barrier, saver),
            "barrier hook": BarrierHook(0, barrier),
        }
        hooks = [hook for name, hook in made.items() if name in chosen]
        creator = tf1.train.ChiefSessionCreator()
        with tf1.train.MonitoredSession(creator, hooks) as session:

            def steps() -> None:
                for _ in range(_STEPS if not size else _STEPS // 10):
                    session.run(train)

            yield steps
