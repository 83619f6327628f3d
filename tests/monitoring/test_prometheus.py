"""A real Prometheus scrapes a real training job, with the rules and the dashboard of deploy/."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
import tensorflow as tf
from prometheus_client import CollectorRegistry

from monolith_hooks import (
    BarrierOp,
    Config,
    HeldBarrier,
    NoFirstSaveCheckpointSaverHook,
    PsHealthCheckerHook,
    Resilience,
)
from monolith_hooks.logging_ops_pb2 import MachineHealthResult
from monolith_hooks.prometheus_metrics import PrometheusHook, PrometheusMetrics

tf1 = tf.compat.v1
DEPLOY = Path(__file__).parents[2] / "deploy"
SICK = MachineHealthResult(message="too much").SerializeToString()
SECONDS = 60


def program(name):
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"there is no {name} on PATH; apt-get install prometheus has it")
    return found


class Run:
    """A chief of three workers, whose two PS are as healthy as ``health`` says."""

    def __init__(self, model_dir):
        self.health = [b"", b""]
        self.registry = CollectorRegistry()
        self.step = tf1.assign_add(tf1.train.get_or_create_global_step(), 1)
        self.barrier = BarrierOp(3)
        self.saver = NoFirstSaveCheckpointSaverHook(
            str(model_dir), save_secs=10**6, metrics=PrometheusMetrics(self.registry)
        )
        health = PsHealthCheckerHook(
            Config(HeldBarrier(self.barrier, "ps_health"), 2, lambda _: "", lambda _: None),
            machine_info=lambda shared_name: tf.constant(shared_name[-1:]),
            check_machine_health=self.check,
            poll_seconds=0.2,
            resilience=Resilience(),
        )
        self.metrics = PrometheusHook(0, self.barrier, self.saver, health, registry=self.registry)
        self.hooks = [health, self.saver, self.metrics]

    def check(self, info):
        return tf.numpy_function(lambda ps: self.health[int(ps)], [info], tf.string)


@pytest.fixture
def run(tmp_path):
    with tf.Graph().as_default():
        run = Run(tmp_path / "model")
        with tf1.train.MonitoredSession(tf1.train.ChiefSessionCreator(), run.hooks) as session:
            run.session = session
            run.raw = session._tf_sess()
            yield run


def scraped(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=SECONDS) as answer:
        return answer.read().decode()


def value(text, name):
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return None if found is None else float(found[1])


def test_a_scrape_says_what_the_run_does(run):
    for _ in range(3):
        run.session.run(run.step)
    run.saver.trigger_save(run.raw)
    HeldBarrier(run.barrier, "operator").place_barrier(run.raw)
    run.barrier._write_bit(run.raw, 2, True)
    text = scraped(run.metrics.port)
    assert value(text, "monolith_session_up") == 1
    assert value(text, "monolith_global_step") == 3
    assert value(text, "monolith_barrier_placed") == 1
    assert value(text, "monolith_workers_held") == 1
    assert value(text, 'monolith_barrier_held_since_timestamp_seconds{holder="operator"}') > 10**9
    assert value(text, "monolith_last_save_step") == 3
    assert value(text, "monolith_last_save_failed") == 0
    assert value(text, 'monolith_save_checkpoint_total{mode="full"}') == 1
    assert value(text, 'monolith_save_checkpoint_time_seconds_count{mode="full"}') == 1
    assert value(text, "monolith_health_polls_total") >= 1


def test_a_session_that_is_closed_is_down_and_the_rest_is_said(run):
    with tf1.Session() as closed:
        pass
    run.metrics.after_create_session(closed, None)
    text = scraped(run.metrics.port)
    assert value(text, "monolith_session_up") == 0
    assert value(text, "monolith_global_step") is None
    assert value(text, "monolith_health_polls_total") >= 1


def test_the_rules_are_right_and_their_tests_pass():
    promtool = program("promtool")
    for words in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]):
        done = subprocess.run(
            [promtool, *words], cwd=DEPLOY, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def listening_port(process):
    """The port that a process listens on, as it chose it itself."""
    inodes = set()
    for descriptor in Path(f"/proc/{process.pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            inodes.add(str(descriptor.readlink()))
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{process.pid}/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and f"socket:[{words[9]}]" in inodes:
                return int(words[1].rpartition(":")[2], 16)
    return None


class Prometheus:
    """A server that scrapes twice a second."""

    def __init__(self, process, wait):
        self._wait = wait
        self.port = wait(lambda: listening_port(process))

    def ask(self, path, **query):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=SECONDS) as answer:
                return json.load(answer)["data"]
        except (OSError, ValueError):
            return None

    def value_of(self, query):
        found = (self.ask("query", query=query) or {}).get("result")
        return float(found[0]["value"][1]) if found else None

    def wait_for(self, query, wanted):
        assert self._wait(lambda: self.value_of(query) == wanted), (query, self.value_of(query))


@pytest.fixture
def prometheus(run, tmp_path, real_wait):
    rules = (DEPLOY / "alerts.yml").read_text()
    (tmp_path / "alerts.yml").write_text(rules)
    (tmp_path / "prometheus.yml").write_text(
        "global: {scrape_interval: 500ms, evaluation_interval: 500ms}\n"
        "rule_files: [alerts.yml]\n"
        "scrape_configs:\n"
        "  - job_name: run\n"
        f"    static_configs: [{{targets: ['127.0.0.1:{run.metrics.port}']}}]\n"
    )
    words = [
        program("prometheus"),
        f"--config.file={tmp_path}/prometheus.yml",
        f"--storage.tsdb.path={tmp_path}/data",
        "--web.listen-address=127.0.0.1:0",
    ]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log)
        try:
            yield Prometheus(process, real_wait)
        finally:
            process.kill()
            process.wait()


def test_a_real_prometheus_sees_the_run_and_fires_the_alert_of_an_unhealthy_ps(run, prometheus):
    run.session.run(run.step)
    run.saver.trigger_save(run.raw)
    prometheus.wait_for("monolith_global_step", 1)
    assert prometheus.value_of("monolith_session_up") == 1
    run.health[1] = SICK
    prometheus.wait_for('monolith_ps_unhealthy{ps="1"}', 1)
    prometheus.wait_for("monolith_barrier_placed", 1)
    prometheus.wait_for('ALERTS{alertname="PsUnhealthy", ps="1", alertstate="firing"}', 1)
    groups = prometheus.ask("rules")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) == 8
    assert {rule["health"] for rule in rules} == {"ok"}
    # Every panel's queries are answered, and name metrics that the run has.
    names = set(prometheus.ask("label/__name__/values"))
    dashboard = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(queries) == 13
    for query in queries:
        assert prometheus.ask("query", query=query.replace("$instance", ".*")) is not None, query
        for name in re.findall(r"monolith_\w+", query):
            # It is there once a save has failed.
            assert name in names or name == "monolith_save_checkpoint_failed_total", name
