"""A port with one bug of the kind that people write: ``python tests/drivers/buggy.py BUG``.

It is the reference itself with one behaviour broken, so that whatever the run finds
is that bug.
"""

from __future__ import annotations

import sys
from pathlib import Path

from speaker import say, speak

sys.path.insert(0, str(Path(__file__).parents[2]))

from parity.players.quiet import quiet_tensorflow

quiet_tensorflow()

from monolith_hooks import barrier_ops, ps_check_hooks
from monolith_hooks.server import server_lib, service_pb2
from parity.fuzzing.case import scenario_of
from parity.loading import ScenarioFile
from parity.model import frozen
from parity.players.outcome import Played
from parity.players.python import PythonPlayer
from parity.units import format_duration


def report_twice():
    def watch(self, session, coord):
        unhealthy = self._poll(session)
        if unhealthy:
            self._config.report_fn(unhealthy)
            self._config.report_fn(unhealthy)
            self._config.barrier_op.place_barrier(session, "")
        self._clock.wait_for_stop(coord)

    ps_check_hooks._PsHealthChecker._watch = watch


def release_early():
    def wait_until_barrier_removed(self, session, index):
        self._write_bit(session, index, True)
        self._clock.sleep(self._wait_seconds)
        self._write_bit(session, index, False)

    barrier_ops.BarrierOp.wait_until_barrier_removed = wait_until_barrier_removed


def stop_is_always_ok():
    def stop(self, request, context):
        if not self._barrier_op.is_barrier_placed(self._sess):
            self._barrier_op.place_barrier(self._sess)
        return service_pb2.StopTrainingResponse()

    server_lib.ControllerServicer.StopTraining = stop


def request_stop():
    watch = ps_check_hooks._PsHealthChecker._watch

    def watch_and_stop(self, session, coord):
        report = self._config.report_fn
        config = self._config._replace(
            report_fn=lambda results: (report(results), coord.request_stop())
        )
        self._config = config
        watch(self, session, coord)

    ps_check_hooks._PsHealthChecker._watch = watch_and_stop


def lose_a_wake_up():
    """Held workers are told of the removal; one that looked and isn't entered yet never is."""

    def wait_until_barrier_removed(self, session, index):
        with self._lock:
            self._write_bit(session, index, True)
            self._run_callbacks(session.run(self._action_value).decode(), session)
        if self.is_barrier_placed(session):
            with self._lock:
                waiting.add((self, index))
            while (self, index) in waiting:
                self._clock.sleep(self._wait_seconds)
        self._write_bit(session, index, False)

    def remove_barrier(self, session):
        with self._lock:
            self._write_bit(session, 0, False)
            waiting.clear()

    waiting = set()
    barrier_ops.BarrierOp.wait_until_barrier_removed = wait_until_barrier_removed
    barrier_ops.BarrierOp.remove_barrier = remove_barrier


DURATIONS = ("advance", "deadline", "wait", "takes", "save_secs")


def with_units(value):
    """Canonical JSON has milliseconds where a file has units."""
    if isinstance(value, list):
        return [with_units(item) for item in value]
    if isinstance(value, dict):
        return {
            key: format_duration(item)
            if key in DURATIONS and isinstance(item, int)
            else with_units(item)
            for key, item in value.items()
        }
    return value


def play(request):
    document = with_units(request["scenario"])
    name = document.pop("name")
    del document["expect"]
    scenario = scenario_of(document)
    assert scenario is not None, document
    file = ScenarioFile(name, Path(name), scenario)
    outcome = PythonPlayer().play(file, request["seed"], frozen(request["schedule"]))
    choices = [choice.model_dump() for choice in outcome.choices]
    answer = {"seq": request["seq"], "choices": choices}
    if isinstance(outcome, Played):
        say({"type": "trace", **answer, **outcome.trace.to_json()})
    else:
        say({"type": "failed", **answer, "message": outcome.message})


globals()[sys.argv[1]]()
speak(play)
