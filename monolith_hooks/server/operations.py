"""The service beside the controller's that says what state a run is in, since when, and by whom."""

from __future__ import annotations

from typing import Any, Final

import grpc
import tensorflow as tf

from monolith_hooks.barrier_ops import BarrierOp
from monolith_hooks.clock import Clock
from monolith_hooks.ps_check_hooks import PsHealthCheckerHook
from monolith_hooks.resilient_watch import WatchStatus
from monolith_hooks.save_utils import NoFirstSaveCheckpointSaverHook
from monolith_hooks.server import operations_pb2, operations_pb2_grpc

SERVICE: Final = operations_pb2.DESCRIPTOR.services_by_name["Operations"].full_name
_NANOSECONDS: Final = 10**6
"""In a millisecond."""


class OperationsServicer(operations_pb2_grpc.OperationsServicer):
    """Implementation of the service on one session, which changes nothing.

    Handlers run on the server's pool, beside the training thread, and hold no lock: what they
    put together was true one after the other.

    Args:
        sess: The session.
        barrier_op: The barrier, or a view of it.
        saver_hook: The saver hook, if there is one.
        health_hook: The health hook, if there is one.
        clock: The clock of all of them.
    """

    def __init__(
        self,
        sess: Any,
        barrier_op: BarrierOp,
        saver_hook: NoFirstSaveCheckpointSaverHook | None,
        health_hook: PsHealthCheckerHook | None,
        clock: Clock,
    ) -> None:
        self._sess = sess
        self._barrier_op = barrier_op
        self._saver_hook = saver_hook
        self._health_hook = health_hook
        self._clock = clock
        self._since_ns = clock.now_ns()

    def GetRunStatus(  # noqa: N802
        self,
        request: operations_pb2.GetRunStatusRequest,  # noqa: ARG002
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> operations_pb2.GetRunStatusResponse:
        """Return the state of the run."""
        bits = self._barrier_op.get_blocked_indices(self._sess)
        placed = 0 in bits
        workers = range(1, self._barrier_op.capacity)
        status = operations_pb2.GetRunStatusResponse(
            now_ms=_ms(self._clock.now_ns()),
            session_since_ms=_ms(self._since_ns),
            placed=placed,
            blocked=[index for index in workers if index in bits],
            free=[index for index in workers if index not in bits],
            global_step=self._global_step(),
        )
        # The holds of a session that was recreated may be noted still.
        for hold in self._barrier_op.holds if placed else ():
            status.holds.add(holder=hold.holder, action=hold.action, since_ms=_ms(hold.since_ns))
        save = None if self._saver_hook is None else self._saver_hook.last_save
        if save is not None:
            status.last_save.CopyFrom(
                operations_pb2.Save(
                    step=save.step, ended_ms=_ms(save.ended_ns), error=save.error or ""
                )
            )
        watch = None if self._health_hook is None else self._health_hook.watch_status
        if watch is not None:
            status.watch.CopyFrom(_watch(watch))
        return status

    def _global_step(self) -> int | None:
        global_step = tf.compat.v1.train.get_global_step(self._sess.graph)
        return None if global_step is None else int(self._sess.run(global_step))


def _watch(watch: WatchStatus) -> operations_pb2.Watch:
    good = watch.last_good_poll_ns
    return operations_pb2.Watch(
        polls=watch.polls,
        failed_polls=watch.failed_polls,
        last_good_poll_ms=None if good is None else _ms(good),
        alarms=watch.alarms,
        failed_reports=watch.failed_reports,
        unhealthy=watch.unhealthy,
    )


def _ms(ns: int) -> int:
    return ns // _NANOSECONDS
