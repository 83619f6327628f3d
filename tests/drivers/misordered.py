"""A port that does everything, and one thing at the wrong time: ``python misordered.py BUG``.

Each bug leaves every channel as it is, or nearly: what is wrong is the order between them.
"""

from __future__ import annotations

import socket
import sys

import grpc
from reference import play
from speaker import say, speak

from monolith_hooks import barrier_ops, ps_check_hooks
from monolith_hooks.server import server_lib, service_pb2
from parity.players.python.job_hooks import HookMaker
from parity.spec.trace import CHANNEL_OF_KIND


def report_after_placing():
    def watch(self, session, coord):
        unhealthy = self._poll(session)
        while not unhealthy and not self._clock.wait_for_stop(coord, 30):
            unhealthy = self._poll(session)
        if unhealthy:
            self._config.barrier_op.place_barrier(session, "")
            self._config.report_fn(unhealthy)
            self._clock.wait_for_stop(coord)

    ps_check_hooks._PsHealthChecker._watch = watch


def saver_after_the_other_hooks():
    all_hooks = HookMaker.all

    def all_but_savers_first(self, entries):
        hooks = all_hooks(self, entries)
        return [*(hook for hook in hooks if hook not in self._savers), *self._savers]

    HookMaker.all = all_but_savers_first


def callbacks_before_the_bit():
    def place_barrier(self, session, action=""):
        with self._lock:
            if self.is_barrier_placed(session):
                raise barrier_ops.BarrierAlreadyPlacedError("Barrier is placed already.")
            self._run_callbacks(action, session)
            session.run(self._place, {self._action_input: action})

    barrier_ops.BarrierOp.place_barrier = place_barrier


def address_before_listening():
    """The address is there with the session, and the server with the first step."""

    def after_create_session(self, session, coord):
        self.reserved = socket.socket()
        self.reserved.bind(("127.0.0.1", 0))
        self.port = self.reserved.getsockname()[1]
        self.start = lambda: serve(self, session, coord)
        self._publish(self._server_addr(self.port))

    def before_run(self, run_context):
        if self.reserved is None:
            return
        self.reserved.close()
        self.reserved = None
        made = server_lib.grpc.server
        server_lib.grpc.server = lambda pool: on_port(made(pool), self.port)
        try:
            self.start()
        finally:
            server_lib.grpc.server = made

    def on_port(server, port):
        add_port = server.add_insecure_port
        server.add_insecure_port = lambda _: add_port(f"127.0.0.1:{port}")
        return server

    serve = server_lib.ServerHook.after_create_session
    server_lib.ServerHook.after_create_session = after_create_session
    server_lib.ServerHook.before_run = before_run


def answer_before_the_effect():
    def stop(self, request, context):
        if self._barrier_op.is_barrier_placed(self._sess):
            context.abort(grpc.StatusCode.ALREADY_EXISTS, "Barrier is placed already.")
        clock = self._barrier_op._clock
        clock.start_lane(lambda: self._barrier_op.place_barrier(self._sess), "controller")
        return service_pb2.StopTrainingResponse()

    server_lib.ControllerServicer.StopTraining = stop


def answer_before_the_file():
    def save(self, request, context):
        clock = self._barrier_op._clock
        clock.start_lane(lambda: self._saver_hook.trigger_save(self._sess), "controller")
        return service_pb2.SaveCheckpointResponse()

    server_lib.ControllerServicer.SaveCheckpoint = save


def regrouped_by_channel():
    """The events of each instant are told channel by channel."""
    channels = sorted(set(CHANNEL_OF_KIND.values()))

    def say_regrouped(answer):
        if answer["type"] == "trace":
            answer["events"].sort(
                key=lambda each: (each["ms"], channels.index(CHANNEL_OF_KIND[each["kind"]]))
            )
        say(answer)

    play.__globals__["say"] = say_regrouped


globals()[sys.argv[1]]()
speak(play)
