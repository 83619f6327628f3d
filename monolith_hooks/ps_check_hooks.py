"""The chief's watch over the health of every parameter server."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import tensorflow as tf
from absl import logging
from google.protobuf import text_format

from monolith_hooks import logging_ops, logging_ops_pb2
from monolith_hooks.barrier_ops import BarrierOp
from monolith_hooks.clock import SYSTEM_CLOCK, Clock
from monolith_hooks.device_utils import ps_device

_POLL_SECONDS: Final = 30

Results = Mapping[int, logging_ops_pb2.MachineHealthResult]
"""The unhealthy parameter servers, ascending by index."""


def get_ps_machine_info_shared_name(index: int) -> str:
    """The name under which parameter server ``index`` keeps its machine info (B5)."""
    return f"ps_machine_info_{index}"


def _default_report(results: Results) -> None:
    """Log one record at ERROR that names each unhealthy parameter server (B16)."""
    lines = [
        f"PS {index}: {text_format.MessageToString(result, as_one_line=True)}"
        for index, result in results.items()
    ]
    logging.error("%s", "\n".join(["PS are not healthy:", *lines]))


class Config(NamedTuple):
    """What the health hook watches and whom it tells.

    Attributes:
        barrier_op: Placed, with action ``""``, after a report.
        num_ps: How many parameter servers there are; with 0 the thread idles.
        ps_device_fn: The device of the parameter server with this index.
        report_fn: Called with the unhealthy ones only, on the health thread. If
            it raises, the barrier isn't placed (B11).
    """

    barrier_op: BarrierOp
    num_ps: int
    ps_device_fn: Callable[[int], str] = ps_device
    report_fn: Callable[[Results], None] = _default_report


class _PsHealthChecker:
    """The ops that ask every parameter server, and the thread that runs them.

    Nothing here changes after construction, so a thread left over from a session
    that is gone (B40) and that of the present one don't disturb each other. The
    thread holds no lock but the barrier's, while it places it.
    """

    def __init__(
        self,
        config: Config,
        clock: Clock,
        machine_info: Callable[..., tf.Tensor],
        check_machine_health: Callable[[tf.Tensor], tf.Tensor],
    ) -> None:
        self._config = config
        self._clock = clock
        self._statuses = []
        for index in range(config.num_ps):
            with tf.device(config.ps_device_fn(index)):
                info = machine_info(shared_name=get_ps_machine_info_shared_name(index))
                self._statuses.append(check_machine_health(info))

    def start(self, session: Any, coord: Any) -> None:
        """Start a thread that polls ``session`` until ``coord`` is asked to stop."""
        watch = functools.partial(self._watch, session, coord)
        self._clock.start_thread(watch, name="ps_health", coord=coord)

    def _watch(self, session: Any, coord: Any) -> None:
        """Poll until stop is requested or something is unhealthy.

        Whatever raises here (the poll, parsing, the report, the barrier) ends the
        thread and with it the watch; only ``threading.excepthook`` hears of it
        (B10-B14). Stop is waited for and never requested (B9): the chief keeps
        stepping, and the controller keeps answering.
        """
        while not coord.should_stop():
            unhealthy = self._poll(session)
            if unhealthy:
                self._config.report_fn(unhealthy)
                self._config.barrier_op.place_barrier(session, "")
                self._clock.wait_for_stop(coord)
                return
            self._clock.wait_for_stop(coord, _POLL_SECONDS)

    def _poll(self, session: Any) -> dict[int, logging_ops_pb2.MachineHealthResult]:
        """Ask all at once; bytes of any content mean unhealthy (B7).

        Raises:
            google.protobuf.message.DecodeError: Some bytes don't parse.
        """
        return {
            index: logging_ops_pb2.MachineHealthResult.FromString(status)
            for index, status in enumerate(session.run(self._statuses))
            if status
        }


class PsHealthCheckerHook(tf.compat.v1.train.SessionRunHook):
    """Reports unhealthy parameter servers, once a session, and places the barrier (B6-B15).

    Args:
        config: What to watch and whom to tell.
        clock: Where the health thread, its wait and its name ``ps_health`` come from.
        machine_info: Called as ``machine_info(shared_name=...)`` on each device.
        check_machine_health: Called with what ``machine_info`` gave; a string
            scalar, empty if healthy, else a serialized MachineHealthResult.
    """

    def __init__(
        self,
        config: Config,
        *,
        clock: Clock = SYSTEM_CLOCK,
        machine_info: Callable[..., tf.Tensor] = logging_ops.machine_info,
        check_machine_health: Callable[[tf.Tensor], tf.Tensor] = logging_ops.check_machine_health,
    ) -> None:
        self._build = functools.partial(
            _PsHealthChecker, config, clock, machine_info, check_machine_health
        )
        self._checker: _PsHealthChecker | None = None

    def begin(self) -> None:
        """Build the ops: the graph is finalized before any session is created."""
        self._checker = self._build()

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Start the health thread of this session; it ends when ``coord`` stops.

        A recreated session gets a thread of its own: the one before ended with
        its coordinator.
        """
        if self._checker is None:
            raise RuntimeError(
                "PsHealthCheckerHook.after_create_session was called before begin, "
                "which builds the health checks: call begin first."
            )
        self._checker.start(session, coord)
