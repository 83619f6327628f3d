"""Several holders of one barrier, against a plain model of who holds it."""

from __future__ import annotations

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from monolith_hooks.barrier_ops import BarrierAlreadyPlacedError, BarrierOp
from monolith_hooks.held_barrier import HeldBarrier

RELEASES = {"operator": ("ps_health", ""), "ps_health": (), "save": ()}
CALLS = st.lists(
    st.tuples(st.sampled_from([*RELEASES, ""]), st.sampled_from(["place", "remove"])), max_size=12
)


@pytest.fixture(scope="module")
def made():
    """The barrier's views by holder, the barrier itself as ``""``, a session, and the calls."""
    with tf.Graph().as_default():
        calls: list[str] = []
        barrier = BarrierOp(3, barrier_callbacks=[lambda action, _: calls.append(action)])
        views = {name: HeldBarrier(barrier, name, more) for name, more in RELEASES.items()}
        with tf.compat.v1.Session() as session:
            session.run(tf.compat.v1.local_variables_initializer())
            yield {"": barrier, **views}, session, calls


@pytest.fixture
def clear(made):
    """The same with a barrier that nobody holds."""
    views, session, calls = made
    views[""].remove_barrier(session)
    calls.clear()
    return made


@settings(max_examples=60, deadline=None)
@given(calls=CALLS)
def test_it_is_placed_as_long_as_anybody_holds_it(made, calls):
    views, session, _ = made
    views[""].remove_barrier(session)
    held: set[str] = set()
    for holder, call in calls:
        if call == "place":
            refused = bool(held) if holder == "" else holder in held
            try:
                views[holder].place_barrier(session, holder)
                assert not refused
                held.add(holder)
            except BarrierAlreadyPlacedError:
                assert refused
        else:
            views[holder].remove_barrier(session)
            held -= {holder, *RELEASES[holder]} if holder else set(held)
        assert views[""].is_barrier_placed(session) == bool(held)
        assert {hold.holder for hold in views["save"].holds} == held


def test_only_the_first_to_hold_it_runs_the_callbacks_and_sets_the_action(clear):
    made, session, calls = clear
    made["save"].place_barrier(session, "Save")
    made["operator"].place_barrier(session, "")
    assert calls == ["Save"]
    made["save"].remove_barrier(session)
    made["operator"].remove_barrier(session)
    made["operator"].place_barrier(session, "Stop")
    assert calls == ["Save", "Stop"]


def test_a_barrier_that_another_process_placed_is_joined_and_not_let_go(clear):
    made, session, _ = clear
    made[""]._write_bit(session, 0, True)
    made["save"].place_barrier(session, "Save")
    assert [(hold.holder, hold.action) for hold in made[""].holds] == [("", ""), ("save", "Save")]
    made["save"].remove_barrier(session)
    assert made[""].is_barrier_placed(session)
    made["operator"].remove_barrier(session)
    assert made[""].is_barrier_removed(session)


def test_a_holder_has_a_name(made):
    with pytest.raises(ValueError, match="holder: expected a name, got an empty one"):
        HeldBarrier(made[0][""], "")
