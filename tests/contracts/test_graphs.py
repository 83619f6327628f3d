"""What a graph has once, whose list a barrier keeps, and what wrapped listeners hear."""

from __future__ import annotations

from typing import Any

import pytest
import tensorflow as tf

from monolith_hooks.barrier_ops import BarrierOp
from monolith_hooks.controller_hooks import ControllerHook
from monolith_hooks.hook_utils import AfterSaveListener, BeforeSaveListener

tf1 = tf.compat.v1


@pytest.fixture
def stage(request):
    return request.getfixturevalue("system_stage")


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


@pytest.mark.covers("B24b", "B24c")
@pytest.mark.parametrize("is_chief", [True, False])
def test_a_graph_has_one_barrier_in_each_scope(is_chief):
    BarrierOp(1)
    for prefix in ("default", "other"):
        with pytest.raises(ValueError, match="barrier_var already exists"):
            BarrierOp(2, is_chief=is_chief, name_prefix=prefix)
    with tf1.variable_scope("scope"):
        BarrierOp(2, is_chief=is_chief)
    names = {each.op.name for each in [*tf1.local_variables(), *tf1.global_variables()]}
    assert {"barrier_var", "barrier_op_action", "scope/barrier_var"} <= names


@pytest.mark.covers("B24a")
@pytest.mark.parametrize("capacity", [0, -1, -(2**31)])
def test_a_capacity_that_is_not_positive_leaves_the_graph_as_it_was(capacity):
    with pytest.raises(ValueError, match=f"capacity must be positive, it is {capacity}."):
        BarrierOp(capacity)
    assert BarrierOp(1).capacity == 1


@pytest.mark.covers("B23a", "B23b")
def test_all_are_blocked_only_while_the_barrier_is_placed_too(config):
    barrier = BarrierOp(1)
    with tf1.Session(config=config) as session:
        session.run(tf1.local_variables_initializer())

        def seen():
            return barrier.is_all_blocked(session), barrier.is_none_blocked(session)

        assert seen() == (False, True)
        barrier.place_barrier(session)
        assert seen() == (True, False)
        barrier.remove_barrier(session)
        assert seen() == (False, True)


@pytest.mark.covers("B46a", "B46c")
def test_a_graph_has_one_controller_hook():
    ControllerHook(0)
    for num_ps in (0, 1):
        with pytest.raises(ValueError, match="control_var already exists"):
            ControllerHook(num_ps)
    with tf.Graph().as_default():
        ControllerHook(1)
        (flags,) = tf1.local_variables()
    assert flags.device == "/job:ps/task:0/device:CPU:0"


@pytest.mark.covers("B17b", "B17c")
@pytest.mark.parametrize("is_chief", [True, False])
def test_a_chief_holds_the_vector_as_a_local_variable_and_the_action_is_local_for_all(is_chief):
    BarrierOp(3, is_chief=is_chief)
    local = {each.op.name for each in tf1.local_variables()}
    everywhere = {each.op.name for each in tf1.global_variables()}
    assert (tf1.trainable_variables(), "barrier_op_action" in local) == ([], True)
    assert ("barrier_var" in local, "barrier_var" in everywhere) == (is_chief, not is_chief)


@pytest.mark.covers("B21f", "B21g")
@pytest.mark.parametrize("is_empty", [True, False])
def test_a_list_of_callbacks_is_kept_unless_it_is_empty(config, is_empty):
    seen: list[str] = []
    callbacks: list[Any] = [] if is_empty else [lambda action, _: seen.append("first")]
    barrier = BarrierOp(1, barrier_callbacks=callbacks)
    callbacks.append(lambda action, _: seen.append(action))
    with tf1.Session(config=config) as session:
        session.run(tf1.local_variables_initializer())
        barrier.place_barrier(session, "later")
    assert seen == ([] if is_empty else ["first", "later"])


@pytest.mark.covers("B21f")
def test_a_callback_that_a_callback_appends_is_called_in_the_same_round(config):
    seen: list[str] = []
    callbacks: list[Any] = []

    def append(action: str, session: Any) -> None:
        seen.append("first")
        callbacks.append(lambda action, _: seen.append(action))

    callbacks.append(append)
    barrier = BarrierOp(1, barrier_callbacks=callbacks)
    with tf1.Session(config=config) as session:
        session.run(tf1.local_variables_initializer())
        barrier.place_barrier(session, "placed")
    assert seen == ["first", "placed"]


@pytest.mark.covers("B20e", "B21a")
def test_a_worker_reads_an_action_in_any_script(config):
    seen: list[str] = []
    barrier = BarrierOp(2, barrier_callbacks=[lambda action, _: seen.append(action)])
    with tf1.Session(config=config) as session:
        session.run(tf1.local_variables_initializer())
        barrier.place_barrier(session, "подожди, 等一下")
        barrier.remove_barrier(session)
        barrier.wait_until_barrier_removed(session, 1)
    assert seen == ["подожди, 等一下"] * 2


class Heard(tf1.train.CheckpointSaverListener):
    """A listener that notes what it is told, and always wishes to stop."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def begin(self) -> None:
        self.calls.append("begin")

    def before_save(self, session: Any, global_step_value: int) -> None:
        self.calls.append(("before", session, global_step_value))

    def after_save(self, session: Any, global_step_value: int) -> bool:
        self.calls.append(("after", session, global_step_value))
        return True

    def end(self, session: Any, global_step_value: int) -> None:
        self.calls.append("end")

    def __repr__(self) -> str:
        return "<heard>"


@pytest.mark.covers("B42a", "B42b", "B42c", "B42d")
@pytest.mark.parametrize(
    ("wrapper", "name"), [(BeforeSaveListener, "before"), (AfterSaveListener, "after")]
)
def test_a_wrapped_listener_hears_one_call_and_its_wish_is_nobodys(wrapper, name):
    heard = Heard()
    listener = wrapper(heard)
    listener.begin()
    assert listener.before_save("session", 7) is None
    assert listener.after_save("session", 7) is None
    listener.end("session", 7)
    assert heard.calls == [(name, "session", 7)]
    assert repr(listener).startswith("<monolith_hooks.hook_utils.")
    assert repr(listener).endswith("><heard>")
