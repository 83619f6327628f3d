"""The saver hook against a model: calls, steps, exits and new sessions in any order."""

from __future__ import annotations

import random
from typing import Any

import pytest
import tensorflow as tf

from monolith_hooks.save_utils import NoFirstSaveCheckpointSaverHook

tf1 = tf.compat.v1
EVERY = 3


@pytest.fixture
def stage(request):
    return request.getfixturevalue("system_stage")


class Writes(tf1.train.CheckpointSaverListener):
    """A saver that notes its steps, and a guard that counts its calls."""

    saver_def = None

    def __init__(self) -> None:
        self.steps: list[int] = []
        self.guarded: list[str] = []

    def save(self, *args: Any, **options: Any) -> None:
        self.steps.append(int(options["global_step"]))

    def begin(self) -> None:
        self.guarded.append("begin")

    def before_save(self, session: Any, global_step_value: int) -> None:
        self.guarded.append("before")

    def after_save(self, session: Any, global_step_value: int) -> None:
        self.guarded.append("after")

    def end(self, session: Any, global_step_value: int) -> None:
        self.guarded.append("end")


class Model:
    """When a hook writes, by the behaviour page."""

    def __init__(self, is_dense: bool, skips: bool) -> None:
        self._is_dense, self._skips = is_dense, skips
        self.enabled = True
        self._counted: int | None = None
        self._written = 0
        self.steps: list[int] = []

    def _save(self, step: int) -> None:
        skips, self._skips = self._skips, False
        if not skips and not (self._is_dense and step == self._written):
            self.steps.append(step)
            self._written = step

    def start(self, step: int) -> None:
        self._save(step)
        self._counted = step

    def call(self, step: int) -> None:
        self._counted = None
        self.ran(step)

    def ran(self, step: int) -> None:
        last = self._counted
        if self.enabled and (last is None or step >= last + EVERY):
            self._counted = step
            self._save(step)

    def exit(self, step: int) -> None:
        if not self._is_dense and step != self._counted:
            self._save(step)


@pytest.mark.covers("B30b", "B30c", "B30d", "B30e", "B30f", "B32a", "B32b", "B32c", "B32d", "B72d")
@pytest.mark.parametrize("is_dense", [False, True])
@pytest.mark.parametrize("skips", [False, True])
@pytest.mark.parametrize("seed", range(2))
def test_a_hook_writes_when_the_model_does(tmp_path, config, clock, is_dense, skips, seed):
    chance = random.Random(str((seed, is_dense, skips)))
    writes, model = Writes(), Model(is_dense, skips)
    with tf.Graph().as_default():
        run = tf1.assign_add(tf1.train.get_or_create_global_step(), 1)
        hook = NoFirstSaveCheckpointSaverHook(
            str(tmp_path),
            save_steps=EVERY,
            saver=writes,
            is_dense_only=is_dense,
            no_first_save=skips,
            guard_saver_listeners=[writes],
            clock=clock,
        )
        for _ in range(3):
            creator = tf1.train.ChiefSessionCreator(config=config)
            is_clean = bool(chance.randrange(2))
            session = tf1.train.MonitoredSession(creator, [hook])
            raw, step = session._tf_sess(), 0
            model.start(step)
            assert writes.steps == model.steps
            for _ in range(chance.randrange(12)):
                match chance.randrange(8):
                    case 0:
                        hook.timer.disable()
                        model.enabled = False
                    case 1:
                        hook.timer.enable()
                        model.enabled = True
                    case 2 | 3 | 4:
                        hook.trigger_save(raw)
                        model.call(step)
                    case _:
                        session.run(run)
                        step += 1
                        model.ran(step)
                assert writes.steps == model.steps
            if is_clean:
                session.close()
                model.exit(step)
            else:
                assert not session.__exit__(ValueError, ValueError(), None)
            assert writes.steps == model.steps
    assert writes.guarded == ["before", "after"] * len(model.steps)
