"""The sequential model predicts what the facts say, and what was written by hand."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.base import project
from parity.search.pairs.model import predict
from parity.spec.loading import load_scenario
from parity.spec.steps import BackgroundStep, RpcStep
from tests.parity.samples import scenario

BY_HAND = (
    "barrier/stop_and_resume",
    "barrier/quick_resume_and_stop",
    "barrier/all_blocked",
    "barrier/capacity_three",
    "barrier/chief_exits_while_workers_are_held",
    "barrier/many_workers",
    "barrier/no_step_is_lost",
    "barrier/refused_stop_runs_no_callback",
    "barrier/three_held_workers_look_four_times",
    "barrier/wait_between_looks",
    "checkpoint/alarm_during_a_save",
    "checkpoint/all_blocked_at_once",
    "checkpoint/controllers_stop_during_a_save",
    "checkpoint/no_patience_is_one_look",
    "checkpoint/save_holds_workers",
    "checkpoint/save_undoes_a_stop",
    "checkpoint/stop_outlives_a_save",
    "controller/after_the_end",
    "controller/deadline_that_is_met",
    "controller/save_at_exit",
    "controller/save_by_schedule",
    "controller/save_in_flight_at_exit",
    "controller/save_restarts_the_schedule",
    "controller/saves_at_one_step",
    "controller/steps_wait_for_a_save",
    "controller/stop_and_save",
    "controller/stop_twice",
    "controller/timer_disabled",
    "controller/training_status",
    "health/barrier_already_placed",
    "health/memory_grows_over_the_limit",
    "health/slow_poll_delays_exit",
    "operator/action_file_save",
    "operator/clean_end_stops_looking",
    "operator/stop_flag_is_sticky",
    "operator/stop_gives_up_after_30s_to_the_millisecond",
    "operator/stop_hides_save",
    "operator/stop_while_the_barrier_is_placed",
    "operator/stop_waits_for_workers",
)
"""Scenarios of the catalogue that use nothing but what the model knows."""
CALLS = ("StopTraining", "ResumeTraining")


@pytest.mark.parametrize("name", BY_HAND)
def test_the_model_predicts_what_was_written_by_hand(name):
    played = load_scenario(project.SCENARIOS / f"{name}.yaml", project.SCENARIOS).scenario
    prediction = predict(played)
    expected = played.expect.model_dump(exclude_unset=True, mode="json")
    predicted = {key: getattr(prediction, key) for key in expected if hasattr(prediction, key)}
    assert predicted == {key: expected[key] for key in predicted}
    for index, step in enumerate(played.steps):
        call = step.background if isinstance(step, BackgroundStep) else step
        if isinstance(call, RpcStep):
            assert prediction.answers[index].code == call.expect


@given(st.lists(st.tuples(st.sampled_from(CALLS), st.integers(0, 4)), max_size=6))
def test_each_placing_has_its_callback_and_its_ok(calls):
    prediction = predict(
        scenario(
            barrier={"callbacks": ["slow"]},
            steps=[
                *({"background": {"rpc": call}, "after": f"{at * 500}ms"} for call, at in calls),
                {"advance": "10s"},
            ],
        )
    )
    answers = [prediction.answers[i].code for i in range(len(calls))]
    stops = [code for code, (call, _) in zip(answers, calls, strict=True) if call == CALLS[0]]
    assert stops.count("OK") == prediction.barrier.count([0]) == len(prediction.callbacks)
    assert all(one != other for one, other in pairwise(prediction.barrier))
    if stops and len(stops) == len(calls):
        assert sorted(stops) == sorted(["OK"] + ["ALREADY_EXISTS"] * (len(stops) - 1))


@given(st.lists(st.integers(0, 8), min_size=1, max_size=5))
def test_saves_of_calls_follow_each_other(times):
    prediction = predict(
        scenario(
            faults=[{"slow_save": {"takes": "2s"}}],
            steps=[
                {"train": 1},
                *({"background": {"rpc": "SaveCheckpoint"}, "after": f"{at}s"} for at in times),
                {"advance": "1m"},
            ],
        )
    )
    answers = [prediction.answers[i + 1] for i in range(len(times))]
    ends = sorted(at * 1000 + answer.took for at, answer in zip(times, answers, strict=True))
    assert all(answer.code == "OK" for answer in answers)
    assert len(set(ends)) == len(prediction.saves)
    assert all(one == other or one + 2000 <= other for one, other in pairwise(ends))


def test_what_the_model_does_not_know_is_refused():
    with pytest.raises(NotImplementedError):
        predict(scenario(faults=[{"save_error": {"error": "InternalError"}}], steps=["end"]))
    with pytest.raises(NotImplementedError):
        predict(scenario(steps=[{"raise": "ValueError"}]))
