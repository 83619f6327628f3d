"""What the peer ``python`` observes of graphs: what they take once, their info, their inputs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import tensorflow as tf

from monolith_hooks.barrier_ops import BarrierOp
from monolith_hooks.ckpt_hooks import (
    SAVE_ACTION,
    WorkerCkptHelper,
    assign_ckpt_info,
    get_ckpt_info,
)
from monolith_hooks.ckpt_hooks_pb2 import WorkerCkptInfo
from monolith_hooks.controller_hooks import ControllerHook
from parity.players.python.stage import local_config
from parity.spec.interop import Look, LookedGraphs, LookedInfo

_STEP: Final = 3
_ELEMENTS: Final = 10

tf1 = tf.compat.v1


def graphs(look: Look) -> LookedGraphs:
    """Return the observations that a look asks for."""
    folder = os.path.dirname(look.basename)
    return LookedGraphs(
        second_barrier=_second(lambda: BarrierOp(1)),
        second_controller=_second(ControllerHook),
        infos=tuple(_infos(look.infos, f"{folder}/infos")) if look.infos else (),
        inputs=tuple(
            _restored(saved, there, f"{folder}/inputs-{number}")
            for number, (saved, there) in enumerate(look.inputs)
        ),
    )


def _second(make: Callable[[], object]) -> str | None:
    with tf.Graph().as_default():
        make()
        try:
            make()
        except Exception as error:  # noqa: BLE001 - whichever it is, it is the answer
            return type(error).__name__
    return None


class _Inputs:
    """A graph with iterators over numbers, and its session, at step 3."""

    def __init__(self, count: int, folder: str) -> None:
        with tf.Graph().as_default():
            self._next = [
                tf1.data.make_one_shot_iterator(tf.data.Dataset.range(_ELEMENTS)).get_next()
                for _ in range(count)
            ]
            helper = WorkerCkptHelper(folder, 0)
            self._save = helper.create_save_iterator_callback()
            self._restorer = helper.create_restorer_hook()
            global_step = tf1.train.create_global_step()
            at_step = global_step.assign(_STEP).op
            started = [global_step.initializer, tf1.local_variables_initializer()]
            self.session = tf1.Session(config=local_config(waiting_ops=0))
            self.session.run(started)
            self.session.run(at_step)

    def read(self, number: int) -> int:
        """Return the next element of an iterator."""
        return int(self.session.run(self._next[number]))

    def save(self) -> None:
        """Save the iterators as a barrier does."""
        with self.session.graph.as_default():
            self._save(SAVE_ACTION, self.session)

    def restore(self) -> None:
        """Restore them as the creation of a session does."""
        self._restorer.after_create_session(self.session, None)


def _infos(given: tuple[int | None, ...], folder: str) -> Iterator[LookedInfo]:
    inputs = _Inputs(1, folder)
    with inputs.session as session:
        yield _info(inputs, folder)
        for step in given:
            assign_ckpt_info(session, WorkerCkptInfo(global_step=step))
            yield _info(inputs, folder)


def _info(inputs: _Inputs, folder: str) -> LookedInfo:
    info = get_ckpt_info(inputs.session)
    inputs.save()
    names = [path.name for path in Path(folder).glob("*.index")]
    for path in Path(folder).iterdir():
        path.unlink()
    step = info.global_step if info.HasField("global_step") else None
    saved = int(names[0].removesuffix(".index").rpartition("-")[2]) if len(names) == 1 else None
    return LookedInfo(step=step, saved=saved)


def _restored(saved: int, there: int, folder: str) -> tuple[int, ...] | None:
    before = _Inputs(saved, folder)
    with before.session:
        for number in range(saved):
            for _ in range(number + 1):
                before.read(number)
        before.save()
    after = _Inputs(there, folder)
    with after.session:
        try:
            after.restore()
        except tf.errors.NotFoundError:
            return None
        return tuple(after.read(number) for number in range(there))
