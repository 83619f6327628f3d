"""The chief's monitoring of the health of every parameter server."""

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
from monolith_hooks.resilient_watch import Resilience, ResilientWatch, WatchStatus

_POLL_SECONDS: Final = 30
"""The original's wait between two polls."""

Results = Mapping[int, logging_ops_pb2.MachineHealthResult]
"""The unhealthy parameter servers, ascending by index."""


def get_ps_machine_info_shared_name(index: int) -> str:
    """Return the shared name of the machine info of parameter server ``index`` (B5)."""
    return f"ps_machine_info_{index}"


def _default_report(results: Results) -> None:
    """Log one record at ERROR that names each unhealthy parameter server (B16)."""
    lines = [
        f"PS {index}: {text_format.MessageToString(result, as_one_line=True)}"
        for index, result in results.items()
    ]
    logging.error("%s", "\n".join(["PS are not healthy:", *lines]))


class Config(NamedTuple):
    """Configuration of the health hook.

    Attributes:
        barrier_op: Placed, with action ``""``, after a report.
        num_ps: The number of parameter servers; with 0 the thread idles.
        ps_device_fn: Returns the device of the parameter server with an index.
        report_fn: Called with the unhealthy servers only, on the health thread. If
            it raises, the barrier isn't placed (B11).
    """

    barrier_op: BarrierOp
    num_ps: int
    ps_device_fn: Callable[[int], str] = ps_device
    report_fn: Callable[[Results], None] = _default_report


class _PsHealthChecker:
    """The ops that check every parameter server, and the thread that runs them.

    It is immutable after construction, so the thread of an earlier session (B40) and
    that of the current one don't interfere. The thread holds no lock except the
    barrier's while it places it.
    """

    def __init__(
        self,
        config: Config,
        clock: Clock,
        machine_info: Callable[..., tf.Tensor],
        check_machine_health: Callable[[tf.Tensor], tf.Tensor],
        poll_seconds: float,
        alone_too: bool,
    ) -> None:
        self._config = config
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._statuses = []
        self._alone = []
        for index in range(config.num_ps):
            with tf.device(config.ps_device_fn(index)):
                info = machine_info(shared_name=get_ps_machine_info_shared_name(index))
                self._statuses.append(check_machine_health(info))
                if alone_too:
                    self._alone.append(check_machine_health(info))

    def start(self, session: Any, coord: Any) -> None:
        """Start a thread that polls ``session`` until ``coord`` is asked to stop."""
        watch = functools.partial(self._watch, session, coord)
        self._clock.start_thread(watch, name="ps_health", coord=coord)

    def start_resilient(self, session: Any, coord: Any, resilience: Resilience) -> ResilientWatch:
        """Start a thread that no error ends, and return its watch."""
        watch = ResilientWatch(
            session,
            coord,
            self._clock,
            self._statuses,
            self._alone,
            self._config.report_fn,
            self._config.barrier_op,
            self._poll_seconds,
            resilience,
        )
        self._clock.start_thread(watch.run, name="ps_health", coord=coord)
        return watch

    def _watch(self, session: Any, coord: Any) -> None:
        """Poll until stop is requested or something is unhealthy.

        An error of the poll, the parsing, the report or the barrier ends the thread and
        the monitoring; only ``threading.excepthook`` is called (B10-B14). The thread
        waits for a stop but never requests one (B9): the chief keeps stepping, and the
        controller keeps answering.
        """
        while not coord.should_stop():
            unhealthy = self._poll(session)
            if unhealthy:
                self._config.report_fn(unhealthy)
                self._config.barrier_op.place_barrier(session, "")
                self._clock.wait_for_stop(coord)
                return
            self._clock.wait_for_stop(coord, self._poll_seconds)

    def _poll(self, session: Any) -> dict[int, logging_ops_pb2.MachineHealthResult]:
        """Check all servers at once; any bytes in a result mean unhealthy (B7).

        Raises:
            google.protobuf.message.DecodeError: A result doesn't parse.
        """
        return {
            index: logging_ops_pb2.MachineHealthResult.FromString(status)
            for index, status in enumerate(session.run(self._statuses))
            if status
        }


class PsHealthCheckerHook(tf.compat.v1.train.SessionRunHook):
    """Hook that reports unhealthy parameter servers and places the barrier (B6-B15).

    It reports at most once in each session, and any error ends its watch, unless it is resilient.

    Args:
        config: The servers to monitor, the report function and the barrier.
        clock: Provides the health thread, which is named ``ps_health``, and its wait.
        machine_info: Called as ``machine_info(shared_name=...)`` on each device.
        check_machine_health: Called with the result of ``machine_info``. Returns a string
            scalar, empty if healthy, else a serialized MachineHealthResult.
        poll_seconds: Seconds from the end of one poll to the next.
        resilience: Makes the watch go on whatever happens: docs/production.md.
    """

    def __init__(
        self,
        config: Config,
        *,
        clock: Clock = SYSTEM_CLOCK,
        machine_info: Callable[..., tf.Tensor] = logging_ops.machine_info,
        check_machine_health: Callable[[tf.Tensor], tf.Tensor] = logging_ops.check_machine_health,
        poll_seconds: float = _POLL_SECONDS,
        resilience: Resilience | None = None,
    ) -> None:
        self._build = functools.partial(
            _PsHealthChecker,
            config,
            clock,
            machine_info,
            check_machine_health,
            poll_seconds,
            resilience is not None,
        )
        self._resilience = resilience
        self._watch: ResilientWatch | None = None
        self._checker: _PsHealthChecker | None = None

    def begin(self) -> None:
        """Build the ops, as the graph is finalized before a session is created."""
        self._checker = self._build()

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Start the health thread of this session, which ends when ``coord`` stops.

        A recreated session gets a new thread: the earlier one ended with its coordinator.
        """
        if self._checker is None:
            raise RuntimeError(
                "PsHealthCheckerHook.after_create_session was called before begin, "
                "which builds the health checks: call begin first."
            )
        if self._resilience is None:
            self._checker.start(session, coord)
        else:
            self._watch = self._checker.start_resilient(session, coord, self._resilience)

    @property
    def watch_status(self) -> WatchStatus | None:
        """The newest session's resilient watch; None without one. Any thread may read it."""
        return None if self._watch is None else self._watch.status
