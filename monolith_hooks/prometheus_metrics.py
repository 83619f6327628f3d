"""What a run measures of itself, for Prometheus: saves, the health watch, held workers.

It needs the extra ``metrics``, which has prometheus_client. The original has nothing like it.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Mapping
from operator import attrgetter
from typing import Any, Final

import tensorflow as tf
from absl import logging
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from monolith_hooks.barrier_ops import BarrierOp
from monolith_hooks.ps_check_hooks import PsHealthCheckerHook
from monolith_hooks.run_metrics import RunMetrics
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
        self._run = _RunCollector(RunMetrics(barrier_op, saver_hook, health_hook))
        self._server: Any = None

    @property
    def port(self) -> int | None:
        """The port that is served, or None."""
        return None if self._server is None else int(self._server.server_port)

    def begin(self) -> None:
        """Register the run."""
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

    def __init__(self, metrics: RunMetrics) -> None:
        self._metrics = metrics
        self.session: Any = None

    def describe(self) -> Iterator[Metric]:
        """Describe nothing, so that nothing is collected to register this."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of this moment."""
        of_name = attrgetter("name")
        for name, measurements in itertools.groupby(self._metrics.read(self.session), of_name):
            same = list(measurements)
            family = CounterMetricFamily if same[0].kind == "counter" else GaugeMetricFamily
            labels = [each.label[0] for each in same[:1] if each.label]
            metric = family(_PREFIX + name, same[0].about, labels=labels)
            for each in same:
                metric.add_metric([each.label[1]] if each.label else [], each.value)
            yield metric
