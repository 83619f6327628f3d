"""What a run measures of itself, as scalars for TensorBoard. The original has nothing like it."""

from __future__ import annotations

from typing import Any, Final

import tensorflow as tf

from monolith_hooks.barrier_ops import BarrierOp
from monolith_hooks.clock import SYSTEM_CLOCK, Clock
from monolith_hooks.ps_check_hooks import PsHealthCheckerHook
from monolith_hooks.run_metrics import Measurement, RunMetrics
from monolith_hooks.save_utils import NoFirstSaveCheckpointSaverHook

_TIMESTAMP: Final = "_timestamp_seconds"


class RunSummaryHook(tf.compat.v1.train.SessionRunHook):
    """Hook that writes the metrics of a run as scalars ``monolith/...``.

    They are written by the training thread after a step, ``every_secs`` or more after the last.
    A scalar has 32 bits, too few for seconds since the epoch: what is a timestamp for Prometheus is
    an age here, ``last_save_age_seconds`` for ``last_save_timestamp_seconds``.

    Args:
        log_dir: Folder of the event file, such as the model directory.
        barrier_op: The barrier of the graph.
        saver_hook: The saver hook, if there is one.
        health_hook: A health hook with a resilient watch, if there is one.
        every_secs: Seconds between writes; 0 writes after every step.
        clock: The clock of the other hooks.
    """

    def __init__(
        self,
        log_dir: str,
        barrier_op: BarrierOp,
        saver_hook: NoFirstSaveCheckpointSaverHook | None = None,
        health_hook: PsHealthCheckerHook | None = None,
        *,
        every_secs: float = 60.0,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._log_dir = log_dir
        self._metrics = RunMetrics(barrier_op, saver_hook, health_hook)
        self._every_secs = every_secs
        self._clock = clock
        self._read_at: float | None = None
        self._writer: Any = None

    def after_run(self, run_context: Any, run_values: Any) -> None:  # noqa: ARG002
        """Write, if the last time is long enough ago and the global step can be read."""
        now = self._clock.now()
        if self._read_at is not None and now - self._read_at < self._every_secs:
            return
        self._read_at = now
        read = self._metrics.read(run_context.session)
        step = next((each.value for each in read if each.name == "global_step"), None)
        if step is None:
            return
        self._writer = tf.compat.v1.summary.FileWriterCache.get(self._log_dir)
        summary = tf.compat.v1.Summary(value=[_scalar(each, now) for each in read])
        self._writer.add_summary(summary, int(step))

    def end(self, session: Any) -> None:  # noqa: ARG002
        """Flush what was written."""
        if self._writer is not None:
            self._writer.flush()


def _scalar(each: Measurement, now: float) -> Any:
    name, value = each.name, each.value
    if each.kind == "moment":
        name, value = f"{name.removesuffix(_TIMESTAMP)}_age_seconds", now - value
    tag = "/".join(["monolith", name, *([each.label[1]] if each.label else [])])
    return tf.compat.v1.Summary.Value(tag=tag, simple_value=value)
