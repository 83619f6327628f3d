"""A scenario refers to what it has, or says which place refers to something else."""

from __future__ import annotations

import pytest

from parity.base.bounds import LONGEST_TIME
from parity.spec.references import bad_references
from tests.parity.samples import scenario

CLUSTER = {"ps": 2, "workers": 3, "capacity": 4}
ALL_HOOKS = [
    {"ps_health": {}},
    {"saver": {"listeners": ["plain", "after"]}},
    {"server": {}},
    {"controller": {}},
    {"query_action": {}},
    {"probe": {"name": "A.1"}},
]
WELL = {
    "cluster": CLUSTER,
    "hooks": ALL_HOOKS,
    "barrier": {"callbacks": ["record", "slow"]},
    "expect": {
        "reported": [[0, 1], []],
        "barrier": [[0], [0, 3], []],
        "blocked": [0, 3],
        "callbacks": ["0: Stop", "1:", "0: two\nlines"],
        "workers_raised": {"worker-1": "ValueError", "worker-2": "Unavailable"},
        "threads": {"ps_health": "returned", "ps_health#2": "left", "query_action": "returned"},
        "hook_order": ["A.1.begin", "A.1.end"],
        "listener_calls": ["0.begin", "1.after_save"],
        "files": [
            "checkpoint",
            "controller_server_addr.txt",
            "model.ckpt-12",
            "monolith_action",
            "monolith_action_response",
            "server/new/controller_server_addr.txt",
        ],
    },
}


def bad(**keys):
    return {".".join(map(str, loc)): said for loc, said in bad_references(scenario(**keys))}


def test_what_there_is_can_be_referred_to():
    assert bad(**WELL) == {}
    every = [
        {"rpc": "StopTraining", "server": n, "response": {"blocked_indices": [3]}} for n in (1, 2)
    ]
    assert bad(cluster=CLUSTER, steps=every) == {}


@pytest.mark.parametrize(
    ("expect", "place", "said"),
    [
        ({"reported": [[1], [0, 9]]}, "expect.reported.1.1", "there is no PS 9; expected 0 to 1"),
        ({"barrier": [[0, 4]]}, "expect.barrier.0.1", "the barrier has no bit 4; expected 0 to 3"),
        ({"blocked": [7]}, "expect.blocked.0", "the barrier has no bit 7; expected 0 to 3"),
        (
            {"callbacks": ["2: Stop"]},
            "expect.callbacks.0",
            "there is no callback 2; expected 0 to 1",
        ),
        (
            {"callbacks": ["Stop"]},
            "expect.callbacks.0",
            "expected a call such as 0: Stop, got Stop",
        ),
        (
            {"workers_raised": {"worker-3": "ValueError"}},
            "expect.workers_raised.worker-3",
            "there is no worker's lane worker-3; expected worker-1 to 2",
        ),
        (
            {"workers_raised": {"main": "ValueError"}},
            "expect.workers_raised.main",
            "there is no worker's lane main; expected worker-1 to 2",
        ),
        (
            {"threads": {"ps_helth": "left"}},
            "expect.threads.ps_helth",
            "there is no thread ps_helth (did you mean ps_health?); "
            "expected one of ps_health, query_action",
        ),
        ({"threads": {"ps_health#0": "left"}}, "expect.threads.ps_health#0", "there is no thread"),
        (
            {"hook_order": ["B.end"]},
            "expect.hook_order.0",
            "there is no probe B; expected one of A.1",
        ),
        (
            {"hook_order": ["A.1"]},
            "expect.hook_order.0",
            "there is no probe A; expected one of A.1",
        ),
        (
            {"hook_order": ["A.1.endd"]},
            "expect.hook_order.0",
            "there is no phase endd (did you mean end?); expected one of",
        ),
        (
            {"listener_calls": ["0.begin", "2.end"]},
            "expect.listener_calls.1",
            "there is no listener 2; expected 0 to 1",
        ),
        (
            {"listener_calls": ["0.save"]},
            "expect.listener_calls.0",
            "expected a call such as 0.before_save, got 0.save",
        ),
        (
            {"files": ["../x"]},
            "expect.files.0",
            "../x is never listed; expected a name of the trace",
        ),
    ],
)
def test_an_expectation_of_what_there_is_not_is_named(expect, place, said):
    found = bad(**{**WELL, "expect": expect})
    assert list(found) == [place]
    assert found[place].startswith(said)


def test_what_a_scenario_without_such_a_hook_expects_says_so():
    thread = "there is no thread ps_health; expected a scenario with a thread"
    found = bad(
        hooks=[],
        expect={
            "threads": {"ps_health": "left"},
            "hook_order": ["A.end"],
            "listener_calls": ["0.end"],
            "callbacks": ["0:"],
        },
    )
    assert found == {
        "expect.threads.ps_health": thread,
        "expect.hook_order.0": "there is no probe A; expected a scenario with a probe",
        "expect.listener_calls.0": "there is no listener 0; expected more listeners",
        "expect.callbacks.0": "there is no callback 0; expected more callbacks",
    }


RPC = {"rpc": "GetBlockStatus"}


@pytest.mark.parametrize(
    ("step", "place"),
    [
        ({**RPC, "response": {"blocked_indices": [4]}}, "steps.0.response.blocked_indices.0"),
        (
            {**RPC, "response": {"unblocked_indices": [0, 4]}},
            "steps.0.response.unblocked_indices.1",
        ),
        (
            {"background": {**RPC, "response": {"blocked_indices": [4]}}},
            "steps.0.background.response.blocked_indices.0",
        ),
        (
            {"concurrently": [RPC, {**RPC, "response": {"blocked_indices": [4]}}]},
            "steps.0.concurrently.1.response.blocked_indices.0",
        ),
    ],
)
def test_a_response_holds_bits_of_the_barrier_alone(step, place):
    assert bad(cluster=CLUSTER, steps=[step]) == {
        place: "the barrier has no bit 4; expected 0 to 3"
    }


def test_a_call_of_a_server_needs_one():
    call = {"rpc": "StopTraining", "server": 2}
    assert bad(hooks=[], steps=[call]) == {
        "steps.0.server": "there is no server; expected one among the hooks"
    }
    assert bad(session="singular", steps=[{"background": call}]) == {
        "steps.0.background.server": "there is no server 2; expected 1"
    }
    assert bad(session="monitored", steps=[call]) == {}, "it may be made anew"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (
            {"kill": "ps-2"},
            "there is no process ps-2; expected chief or ps-0 to 1 or worker-1 to 2",
        ),
        ({"freeze": "worker-3"}, "there is no process worker-3; expected chief or"),
        ({"kill": "chief"}, None),
        ({"thaw": "worker-2"}, None),
    ],
)
def test_a_fault_of_a_process_needs_it(fault, said):
    found = bad(cluster=CLUSTER, faults=[fault])
    if said is None:
        assert found == {}
    else:
        (message,) = found.values()
        assert message.startswith(said)


def test_all_steps_together_are_bounded_as_one_is():
    half = f"{LONGEST_TIME // 2 + 1}ms"
    assert bad(steps=[{"advance": half}, {"train": 1}, {"advance": half}, {"advance": "1s"}]) == {
        "steps.2": "too much with the steps before it; expected at most 100000h of time"
    }
    branch = {"worker": {"index": 1, "train": 500_000}}
    steps = [{"train": 500_000}, {"concurrently": [branch, RPC]}, branch, {"train": 1}]
    assert bad(cluster=CLUSTER, steps=steps) == {
        "steps.2": "too much with the steps before it; expected at most 1000000 training steps"
    }
    found = bad(steps=[{"background": RPC}] * 1002)
    assert list(found) == ["steps.1000"]


@pytest.mark.parametrize(
    ("done", "place", "said"),
    [
        ({"worker": {"index": 3, "train": 1}}, "worker.index", "there is no worker 3"),
        ({"fault": {"rss": {"ps": 2, "bytes": "1B"}}}, "fault.rss.ps", "there is no PS 2"),
        ({"machine_info": {"ps": 2}}, "machine_info.ps", "there is no PS 2"),
        ({"address_file": {"text": "{port}"}}, "address_file.text", "an unknown placeholder"),
    ],
)
def test_a_step_in_the_background_refers_as_any_other(done, place, said):
    found = bad(cluster=CLUSTER, steps=[{"background": done, "after": "1s"}])
    (message,) = found.values()
    assert found == {f"steps.0.background.{place}": message}
    assert said in message


@pytest.mark.parametrize("done", [{"controller_op": "stop_op"}, {"timer": "enable"}])
def test_a_step_in_the_background_needs_the_same_hooks(done):
    found = bad(hooks=[{"ps_health": {}}], steps=[{"background": done}])
    assert list(found) == ["steps.0"]


def test_a_callback_is_appended_to_a_list_that_is_kept_and_can_be_expected_then():
    step = {"append_callback": "record"}
    steps, expect = [step, {"background": step}], {"callbacks": ["2:"]}
    (message,) = bad(steps=[step]).values()
    assert message.startswith("there is no callback, and an empty list isn't kept (B21g); expected")
    assert bad(barrier={"callbacks": ["record"]}, steps=steps, expect=expect) == {}
    assert list(bad(barrier={"callbacks": ["record"]}, steps=[step], expect=expect)) == [
        "expect.callbacks.0"
    ]


@pytest.mark.parametrize("kind", ["listeners", "guards"])
def test_slots_are_counted_of_tables(kind):
    hooks = [{"saver": {kind: ["plain", "slot_counts"]}}]
    assert bad(hooks=hooks) == {"hooks.0": "slot_counts needs tables (B67); expected one of them"}
    assert bad(hooks=hooks, tables=[{}]) == {}


def test_a_server_can_do_without_a_saver():
    hooks = [{"server": {"saver": False}}]
    assert bad(hooks=hooks, steps=[{"rpc": "SaveCheckpoint", "expect": "UNKNOWN"}]) == {}
    assert "a server needs a saver" in bad(hooks=[{"server": {}}])["hooks.0"]
