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
from parity.loading import ScenarioFile
from parity.model import frozen
from parity.players.outcome import Played
from parity.players.python import PythonPlayer
from parity.scenario import Scenario
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


def play(request):
    document = dict(request["scenario"])
    name = document.pop("name")
    for step in document["steps"]:
        if "advance" in step:
            step["advance"] = format_duration(step["advance"])
    document["barrier"]["wait"] = format_duration(document["barrier"]["wait"])
    file = ScenarioFile(name, Path(name), Scenario.model_validate(frozen(document)))
    outcome = PythonPlayer().play(file, request["seed"], frozen(request["schedule"]))
    if isinstance(outcome, Played):
        say({"type": "trace", "seq": request["seq"], **outcome.trace.to_json()})
    else:
        say({"type": "failed", "seq": request["seq"], "message": str(outcome)})


globals()[sys.argv[1]]()
speak(play)
