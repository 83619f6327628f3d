"""A port with one bug of the kind that people write: ``python tests/drivers/buggy.py BUG``.

It is the reference itself with one behaviour broken, so that whatever the run finds
is that bug.
"""

from __future__ import annotations

import sys

from reference import play
from speaker import speak

from monolith_hooks import barrier_ops, ps_check_hooks
from monolith_hooks.server import server_lib, service_pb2


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


globals()[sys.argv[1]]()
speak(play)
