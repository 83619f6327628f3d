"""A scenario is made as small as it can be while something of it stays."""

from __future__ import annotations

from parity.search.fuzz.case import document_of
from parity.search.fuzz.shrinking import Shrinker
from tests.parity.samples import scenario

BIG = {
    "cluster": {"ps": 3, "workers": 4, "capacity": 5},
    "session": "singular",
    "machines": [{"ps": 1, "mem_limit": 0}],
    "barrier": {"callbacks": ["record", "raise"], "wait": "7s"},
    "hooks": [
        {"probe": {"name": "A"}},
        "ps_health",
        {"saver": {"save_steps": 2, "listeners": ["plain"]}},
        "server",
    ],
    "faults": [{"slow_poll": {"ps": 2, "takes": "5s"}}],
    "steps": [
        {"train": 3},
        {"advance": "47s"},
        {"concurrently": [{"rpc": "StopTraining"}, {"worker": {"index": 3, "train": 2}}]},
        {"background": {"rpc": "SaveCheckpoint"}},
        {"rpc": "ResumeTraining", "deadline": "5s"},
        "end",
    ],
}


def smallest(interesting, **options):
    shrinker = Shrinker(interesting, **options)
    return document_of(shrinker.smallest(scenario(**BIG)))


def calls(each):
    return [
        call["rpc"]
        for step in document_of(each)["steps"]
        for call in (step, step.get("background", {}), *step.get("concurrently", ()))
        if "rpc" in call
    ]


def test_nothing_is_left_but_what_is_needed():
    small = smallest(lambda each: "StopTraining" in calls(each))
    assert [step["rpc"] for step in small["steps"]] == ["StopTraining"]
    assert small["cluster"] == {"ps": 1, "workers": 1, "capacity": None}
    assert (small["hooks"], small["faults"], small["machines"]) == ([], [], [])
    assert small["session"] == "monitored"
    assert small["barrier"] == {"callbacks": [], "wait": "1s", "held": False}


def test_a_call_in_the_background_becomes_one_of_main():
    small = smallest(lambda each: "SaveCheckpoint" in calls(each))
    assert [step.get("rpc") for step in small["steps"]] == ["SaveCheckpoint"]


def test_times_become_round_and_as_short_as_they_can_be():
    def takes_a_while(each):
        times = [step["advance"] for step in document_of(each)["steps"] if "advance" in step]
        return any(time.endswith("s") and int(time[:-1]) > 20 for time in times)

    assert smallest(takes_a_while)["steps"] == [{"advance": "23s"}]


def test_what_refers_to_something_keeps_it():
    def trains_worker_two(each):
        return any(
            step["worker"]["index"] == 2 for step in document_of(each)["steps"] if "worker" in step
        )

    workers = [{"worker": {"index": 2, "train": 3}}, {"worker": {"index": 1, "train": 1}}]
    shrinker = Shrinker(trains_worker_two)
    small = document_of(shrinker.smallest(scenario(**{**BIG, "steps": workers})))
    assert small["steps"] == [{"worker": {"index": 2, "train": 1, "takes": "0s"}}]
    assert small["cluster"]["workers"] == 3


def test_it_stops_after_so_many_attempts_with_the_best_so_far():
    plays = []

    def interesting(each):
        plays.append(each)
        return True

    small = smallest(interesting, attempts=2)
    assert len(plays) == 2
    assert 0 < len(small["steps"]) < 6
