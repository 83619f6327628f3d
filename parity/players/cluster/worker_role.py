"""A worker: trains when told to, in a session of its own, and is held by the barrier."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Any

import tensorflow as tf

from monolith_hooks.barrier_ops import BarrierHook, BarrierOp
from parity.players.paced_clock import PacedClock
from parity.players.cluster.placement import SHARED_DEVICE, WorkerSessionCreator, join
from parity.players.cluster.reporting import ReportingRecorder
from parity.players.cluster.wire import Answer, Command, Line, scenario_from, setting_from
from parity.players.python.job import callbacks
from parity.spec.trace import StepEvent

tf1 = tf.compat.v1


class WorkerRole:
    """Commands come on one thread; the lane ``worker-<i>`` takes the training steps."""

    def __init__(self, setting_document: object, scenario_document: object, line: Line) -> None:
        self._setting = setting_from(setting_document)
        scenario = scenario_from(scenario_document)
        self._index = self._setting.task + 1  # The chief is worker 0.
        self._clock = PacedClock(self._setting.pace, self._setting.began_ns)
        self._server = join(self._setting)
        self._graph = tf1.get_default_graph()
        with tf.device(SHARED_DEVICE):
            global_step = tf1.train.get_or_create_global_step()
            self._train_op = tf1.assign_add(global_step, 1)
            self._barrier_op = BarrierOp(
                scenario.cluster.barrier_capacity(),
                is_chief=False,
                wait_seconds=scenario.barrier.wait / 1000,
                barrier_callbacks=callbacks(scenario, lambda: self._recorder, self._clock),
                clock=self._clock,
            )
        self._recorder = ReportingRecorder(
            self._clock, self._barrier_op, Path(self._setting.model_dir), line
        )
        self._inbox: deque[int] = deque()
        self._started = False

    def obey(self, command: Command) -> Answer:
        """Do it, or have the worker's lane do it."""
        settled = True
        match command.do:
            case "train":
                self._inbox.append(command.number)
                self._clock.look_again()
                if not self._started:
                    self._started = True
                    self._clock.start_lane(self._work, f"worker-{self._index}")
            case "settle":
                settled = self._clock.settle(command.number / 1000)
            case "leave":
                self._recorder.silent = True
        return Answer(settled=settled)

    def _work(self) -> None:
        with self._graph.as_default():
            session = tf1.train.MonitoredSession(
                WorkerSessionCreator(self._setting, self._server.target),
                hooks=[BarrierHook(self._index, self._barrier_op)],
            )
            while True:
                self._clock.wait_until(lambda: bool(self._inbox))
                for _ in range(self._inbox.popleft()):
                    try:
                        global_step = int(session.run(self._train_op))
                    except Exception as error:  # noqa: BLE001 - it ends this worker
                        self._recorder.raised(error)
                        return
                    self._recorder.record(StepEvent, worker=self._index, global_step=global_step)


def main(setting_document: Any, scenario_document: Any) -> None:
    """Serve commands until the player is gone."""
    line = Line()
    with tf.Graph().as_default():
        worker = WorkerRole(setting_document, scenario_document, line)
        line.answer(Answer())
        for command in line.commands():
            line.answer(worker.obey(command))
