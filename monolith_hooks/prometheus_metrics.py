"""What a run measures of itself, for Prometheus: saves, the health watch, held workers.

It needs the extra ``metrics``, which has prometheus_client. The original has nothing like it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any, Final

import tensorflow as tf
from absl import logging
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from monolith_hooks.barrier_ops import BarrierOp
from monolith_hooks.clock import NANOSECONDS
from monolith_hooks.ps_check_hooks import PsHealthCheckerHook
from monolith_hooks.save_utils import NoFirstSaveCheckpointSaverHook

_PREFIX: Final = "monolith_"
_SECONDS: Final = (0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1800, float("inf"))
"""Upper bounds of the buckets of a save's duration."""


class PrometheusMetrics:
    """Counters and timers of hooks, as ``metrics`` of a saver hook (B77).

    ``save_checkpoint`` becomes ``monolith_save_checkpoint_total``, the timer
    ``save_checkpoint_time`` the histogram ``monolith_save_checkpoint_time_seconds``, both with
    the hook's tags as labels. Any thread may call it.
    """

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._registry = registry
        self._lock = threading.Lock()
        self._counters: dict[str, Counter] = {}
        self._timers: dict[str, Histogram] = {}

    def emit_counter(self, name: str, value: int, tags: Mapping[str, str]) -> None:
        """Add ``value`` to a counter."""
        with self._lock:
            counter = self._counters.get(name)
            if counter is None:
                counter = Counter(
                    _PREFIX + name, f"Of {name}.", tuple(tags), registry=self._registry
                )
                self._counters[name] = counter
        counter.labels(**tags).inc(value)

    def emit_timer(self, name: str, value: float, tags: Mapping[str, str]) -> None:
        """Observe a duration of ``value`` seconds."""
        with self._lock:
            timer = self._timers.get(name)
            if timer is None:
                timer = Histogram(
                    f"{_PREFIX}{name}_seconds",
                    f"Of {name}.",
                    tuple(tags),
                    registry=self._registry,
                    buckets=_SECONDS,
                )
                self._timers[name] = timer
        timer.labels(**tags).observe(value)


class PrometheusHook(tf.compat.v1.train.SessionRunHook):
    """Hook that serves the metrics of a run over HTTP, from its first session on.

    A scrape reads the barrier and the global step in the newest session; what can't be read
    then is left out, and ``monolith_session_up`` is 0.

    Threads: scrapes are answered by the HTTP server's own, which hold no lock of the hooks.

    Args:
        port: Where to serve; 0 is the system's choice, which ``port`` then says. None serves
            nothing, for a job that serves the registry itself.
        barrier_op: The barrier of the graph.
        saver_hook: The saver hook, if there is one.
        health_hook: A health hook with a resilient watch, if there is one.
        address: The interface to serve on.
        registry: Where the metrics are collected.
    """

    def __init__(
        self,
        port: int | None,
        barrier_op: BarrierOp,
        saver_hook: NoFirstSaveCheckpointSaverHook | None = None,
        health_hook: PsHealthCheckerHook | None = None,
        *,
        address: str = "127.0.0.1",
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        self._port = port
        self._address = address
        self._registry = registry
        self._run = _RunCollector(barrier_op, saver_hook, health_hook)
        self._server: Any = None

    @property
    def port(self) -> int | None:
        """The port that is served, or None."""
        return None if self._server is None else int(self._server.server_port)

    def begin(self) -> None:
        """Register the run."""
        self._run.global_step = tf.compat.v1.train.get_global_step()
        self._registry.register(self._run)

    def after_create_session(self, session: Any, coord: Any) -> None:  # noqa: ARG002
        """Read this session from now on, and serve, unless that was begun already."""
        self._run.session = session
        if self._server is None and self._port is not None:
            self._server, _ = start_http_server(self._port, self._address, self._registry)
            logging.info("Metrics at http://%s:%d/metrics.", self._address, self.port)

    def end(self, session: Any) -> None:  # noqa: ARG002
        """Stop serving."""
        self._run.session = None
        self._registry.unregister(self._run)
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _RunCollector(Collector):
    """The state of a run at a scrape."""

    def __init__(
        self,
        barrier_op: BarrierOp,
        saver_hook: NoFirstSaveCheckpointSaverHook | None,
        health_hook: PsHealthCheckerHook | None,
    ) -> None:
        self._barrier_op = barrier_op
        self._saver_hook = saver_hook
        self._health_hook = health_hook
        self.global_step: tf.Tensor | None = None
        self.session: Any = None

    def describe(self) -> Iterator[Metric]:
        """Describe nothing, so that nothing is collected to register this."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of this moment."""
        try:
            seen = list(self._seen_in_session())
        except Exception:  # noqa: BLE001 - a session that is closed, or a PS that is gone
            seen = []
        yield _gauge("session_up", "1 if the session could be read.", float(bool(seen)))
        yield from seen
        yield from self._save()
        yield from self._watch()

    def _seen_in_session(self) -> Iterator[Metric]:
        blocked = self._barrier_op.get_blocked_indices(self.session)
        placed = 0 in blocked
        yield _gauge("barrier_placed", "1 while the barrier is placed.", float(placed))
        yield _gauge(
            "workers_held", "Workers that the barrier blocks.", float(len(blocked) - placed)
        )
        held = GaugeMetricFamily(
            f"{_PREFIX}barrier_held_since_timestamp_seconds",
            "Since when each holder holds the barrier.",
            labels=["holder"],
        )
        for hold in self._barrier_op.holds if placed else ():
            held.add_metric([hold.holder], hold.since_ns / NANOSECONDS)
        yield held
        if self.global_step is not None:
            step = float(self.session.run(self.global_step))
            yield _gauge("global_step", "The global step.", step)

    def _save(self) -> Iterator[Metric]:
        save = None if self._saver_hook is None else self._saver_hook.last_save
        if save is not None:
            ended = save.ended_ns / NANOSECONDS
            yield _gauge("last_save_timestamp_seconds", "The end of the newest save.", ended)
            yield _gauge("last_save_step", "The step of the newest save.", float(save.step))
            failed = float(save.error is not None)
            yield _gauge("last_save_failed", "1 if the newest save failed.", failed)

    def _watch(self) -> Iterator[Metric]:
        status = None if self._health_hook is None else self._health_hook.watch_status
        if status is None:
            return
        yield _counter("health_polls", "Polls that were begun.", status.polls)
        yield _counter("health_polls_failed", "Polls that a PS didn't answer.", status.failed_polls)
        yield _counter("health_alarms", "Reports of unhealthy PS.", status.alarms)
        yield _counter("health_reports_failed", "Reports that failed.", status.failed_reports)
        if status.last_good_poll_ns is not None:
            ended = status.last_good_poll_ns / NANOSECONDS
            yield _gauge("health_last_good_poll_timestamp_seconds", "Its end.", ended)
        unhealthy = GaugeMetricFamily(
            f"{_PREFIX}ps_unhealthy", "1 for each PS that is unhealthy.", labels=["ps"]
        )
        for index in status.unhealthy:
            unhealthy.add_metric([str(index)], 1)
        yield unhealthy


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(_PREFIX + name, about, value=value)


def _counter(name: str, about: str, value: float) -> Metric:
    return CounterMetricFamily(_PREFIX + name, about, value=value)
