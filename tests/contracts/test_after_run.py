"""Hooks that see each other's doings: what one does after a step, and what another makes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import tensorflow as tf

from monolith_hooks.barrier_ops import BarrierAlreadyPlacedError, BarrierHook
from monolith_hooks.controller_hooks import ControllerHook
from tests.contracts.rigs import LostError

tf1 = tf.compat.v1


class After(tf1.train.SessionRunHook):
    """A hook that does something after a step."""

    def __init__(self, act: Callable[[Any], Any]) -> None:
        self._act = act

    def after_run(self, run_context: Any, run_values: Any) -> None:
        self._act(run_context.session)


@pytest.mark.covers("B20e", "B22a", "B22c")
@pytest.mark.parametrize("is_first", [True, False])
def test_a_worker_blocks_after_the_step_that_read_the_barrier_whatever_hooks_do(play_rig, is_first):
    def body(rig):
        acts: list[Any] = []
        after = After(lambda session: acts.pop(0)(session) if acts else None)
        hook = BarrierHook(1, rig.barrier)
        rig.hooks = [after, hook] if is_first else [hook, after]
        expected = ["placed"]

        def refuse_the_unexpected(action: str, session: Any) -> None:
            assert rig.actions == expected, "it would wait for ever"

        def removes() -> None:
            rig.barrier.remove_barrier(rig.raw)

        rig.callbacks.append(refuse_the_unexpected)
        with rig.session():
            acts.append(lambda session: rig.barrier.place_barrier(session, "placed"))
            rig.run()
            assert rig.actions == ["placed"]
            assert rig.barrier.get_blocked_indices(rig.raw) == [0]
            expected.append("placed")
            if is_first:  # The step has read it placed, so the worker still comes by.
                acts.append(rig.barrier.remove_barrier)
            else:
                rig.callbacks.append(lambda *_: rig.clock.start_thread(removes, name="removes"))
            for _ in range(2):
                rig.run()
                assert rig.actions == ["placed", "placed"]
                assert rig.barrier.is_none_blocked(rig.raw)
        assert acts == []

    play_rig(body)


@pytest.mark.covers("B22b")
def test_an_index_of_zero_or_less_never_blocks(play_rig):
    def body(rig):
        rig.hooks = [BarrierHook(index, rig.barrier) for index in (0, -1, -(2**31))]
        with rig.session():
            rig.barrier.place_barrier(rig.raw, "placed")
            for _ in range(2):
                rig.run()
            assert rig.barrier.get_blocked_indices(rig.raw) == [0]
            assert rig.actions == ["placed"]

    play_rig(body)


@pytest.mark.covers("B46k")
def test_a_save_flag_is_cleared_by_a_step_though_nobody_saves(play_rig):
    def body(rig):
        hook = ControllerHook(0, rig.barrier, clock=rig.clock)
        rig.hooks = [hook]
        (flags,) = (each for each in tf1.local_variables() if each.op.name == "control_var")
        with rig.session():
            rig.raw.run(hook.trigger_save_op)
            assert rig.raw.run(flags).tolist() == [False, True]
            rig.run()
            assert rig.raw.run(flags).tolist() == [False, False]

    play_rig(body)


@pytest.mark.covers("B46b", "B46h", "B46i")
@pytest.mark.parametrize("is_first", [True, False])
def test_a_flag_that_is_set_after_a_step_is_noticed_with_the_next_one(play_rig, is_first):
    def body(rig):
        saves: list[int] = []
        acts: list[Any] = []
        hook = ControllerHook(
            0, rig.barrier, lambda: saves.append(1), clock=rig.clock, max_pending_seconds=0
        )
        after = After(lambda session: session.run(acts.pop(0)) if acts else None)
        rig.hooks = [after, hook] if is_first else [hook, after]
        with rig.session():
            acts.append(hook.trigger_save_op)
            for expected in (0, 1, 1):
                rig.run()
                assert len(saves) == expected
            acts.append([hook.stop_op, hook.trigger_save_op])
            for expected in (0, 1, 2):
                rig.run()
                assert (len(rig.actions), len(saves)) == (expected, 1)

    play_rig(body)


@pytest.mark.covers("B46h", "B46k")
def test_a_save_flag_is_cleared_before_the_save_whatever_becomes_of_it(play_rig):
    def body(rig):
        saves: list[str] = []

        def save() -> None:
            saves.append("asked")
            if len(saves) == 1:
                rig.raw.run(hook.trigger_save_op)
            elif len(saves) == 2:
                raise LostError

        hook = ControllerHook(0, rig.barrier, save, clock=rig.clock)
        rig.hooks = [hook]
        with rig.session():
            rig.raw.run(hook.trigger_save_op)
            rig.run()
            assert len(saves) == 1
            with pytest.raises(LostError):
                rig.run()
            for _ in range(2):
                rig.run()
                assert len(saves) == 2

    play_rig(body)


@pytest.mark.covers("B46g")
def test_a_stop_on_a_placed_barrier_leaves_run_in_each_step(play_rig):
    def body(rig):
        hook = ControllerHook(0, rig.barrier, clock=rig.clock, max_pending_seconds=0)
        rig.hooks = [hook]
        with rig.session():
            rig.barrier.place_barrier(rig.raw, "mine")
            rig.raw.run(hook.stop_op)
            for _ in range(2):
                with pytest.raises(BarrierAlreadyPlacedError):
                    rig.run()
            assert rig.barrier.is_barrier_placed(rig.raw)
            rig.barrier.remove_barrier(rig.raw)
            rig.run()
            assert rig.barrier.is_barrier_removed(rig.raw)
            assert rig.actions == ["mine", "Stop"]

    play_rig(body)
