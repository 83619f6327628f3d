"""A graph with a barrier, whose hooks a test uses for one session after the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tensorflow as tf

from monolith_hooks.barrier_ops import BarrierOp
from monolith_hooks.server import service_pb2
from monolith_hooks.server.client_lib import get_stub_from_model_dir
from tests.contracts.stages import MS, Stage

tf1 = tf.compat.v1


class LostError(Exception):
    """What an unclean session is left with."""


class Rig:
    """A graph with a barrier, and hooks that are used for one session after the other."""

    def __init__(self, stage: Stage, config: Any, folder: Path) -> None:
        self.stage, self.clock, self.folder = stage, stage.clock, folder
        self._config = config
        self.actions: list[str] = []
        self.hooks: list[Any] = []
        self.step = tf1.assign_add(tf1.train.get_or_create_global_step(), 1)
        self.callbacks: list[Any] = [lambda action, _: self.actions.append(action)]
        self.barrier = BarrierOp(
            2, wait_seconds=MS, barrier_callbacks=self.callbacks, clock=self.clock
        )

    @contextmanager
    def session(self, ending: str = "clean") -> Iterator[Rig]:
        creator = tf1.train.ChiefSessionCreator(config=self._config)
        session = tf1.train.MonitoredSession(creator, self.hooks)
        self.raw = session._tf_sess()
        self.monitored = session
        yield self
        if ending == "clean":
            session.__exit__(None, None, None)
        else:
            assert not session.__exit__(LostError, LostError(), None)

    def run(self) -> None:
        self.monitored.run(self.step)

    def call(self, method: str) -> Any:
        stub = get_stub_from_model_dir(str(self.folder))
        request = getattr(service_pb2, f"{method}Request")()
        return self.stage.call(getattr(stub, method), request)

    def saved(self) -> list[int]:
        """The steps of the checkpoints, in the order of saving."""
        state = tf.train.get_checkpoint_state(str(self.folder))
        paths = [] if state is None else state.all_model_checkpoint_paths
        return [int(path.rpartition("-")[2]) for path in paths]
