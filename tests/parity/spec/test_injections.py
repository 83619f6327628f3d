"""Which faults a scenario injects, and when."""

from __future__ import annotations

from parity.spec.injections import injections
from tests.parity.samples import SESSION, STEP, scenario, stop, trace


def placed(found):
    return [(each.place, each.ms, each.after) for each in found]


def test_a_fault_comes_after_the_steps_before_it():
    found = injections(
        scenario(
            steps=[
                {"train": 1},
                {"advance": "30s"},
                {"fault": {"rss": {"ps": 0, "bytes": "9GiB"}}},
                {"rpc": "StopTraining"},
                {"fault": {"recover": {"ps": 0}}},
            ]
        ),
        trace(SESSION, STEP, stop(ms=30_000, call="steps[3]")),
    )
    assert placed(found) == [("steps[2].fault", 30_000, 2), ("steps[4].fault", 30_000, 3)]
    assert [(each.kind, each.ps, each.text) for each in found] == [
        ("rss", 0, "9 GiB"),
        ("recover", 0, ""),
    ]


def test_time_that_a_call_takes_moves_the_faults_after_it():
    found = injections(
        scenario(
            steps=[
                {"rpc": "SaveCheckpoint"},
                {"fault": {"slow_save": {"takes": "5s"}}},
            ]
        ),
        trace(SESSION, {**stop(ms=5_000), "method": "SaveCheckpoint"}),
    )
    assert placed(found) == [("steps[1].fault", 5_000, 2)]
    assert (found[0].kind, found[0].ps, found[0].text) == ("slow_save", None, "takes 5s")


def test_what_had_settled_at_the_instant_comes_before_the_fault_and_what_the_next_step_does_after():
    health = {"kind": "barrier", "lane": "ps_health", "ms": 30_000, "blocked": [0]}
    answer = {"kind": "barrier", "lane": "controller", "ms": 30_000, "blocked": []}
    found = injections(
        scenario(
            steps=[
                {"advance": "30s"},
                {"fault": {"recover": {"ps": 0}}},
                {"rpc": "ResumeTraining"},
            ]
        ),
        trace(SESSION, health, answer, stop(ms=30_000)),
    )
    assert placed(found) == [("steps[1].fault", 30_000, 2)]


def test_limits_declared_faults_and_probes_that_raise_are_there_from_the_start():
    found = injections(
        scenario(
            cluster={"ps": 2},
            machines=[{"ps": 0}, {"ps": 1, "rss": "2GiB", "mem_limit": "1GiB"}],
            hooks=[
                "ps_health",
                {"probe": {"name": "X", "raises": {"phase": "begin", "error": "ValueError"}}},
            ],
            faults=[{"poll_error": {"ps": 0}}],
        ),
        None,
    )
    assert placed(found) == [
        ("machines[1]", 0, 0),
        ("faults[0]", 0, 0),
        ("hooks[1].probe.raises", 0, 0),
    ]
    assert [each.text for each in found] == ["2 GiB of 1 GiB", "", "ValueError in X.begin"]
