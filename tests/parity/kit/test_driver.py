"""The kit with a port that has next to nothing."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import pytest

from parity.base import project
from parity.base.problems import UsageError
from parity.kit import (
    BASIC_STEPS,
    MACHINE_FAULTS,
    Identity,
    Job,
    Port,
    Trained,
    Unplayable,
    Worker,
    named_error,
    serve,
)
from parity.spec.protocol import GarbageError
from parity.spec.trace import SessionEvent

SCENARIO = {
    "name": "a/b",
    "about": "x",
    "covers": [],
    "cluster": {"ps": 1, "workers": 2, "capacity": 2},
    "session": "monitored",
    "global_step": 0,
    "default_mem_limit": None,
    "machines": [{"ps": 0, "rss": 1, "mem_limit": None}],
    "barrier": {"callbacks": [], "wait": 1000},
    "hooks": [],
    "faults": [],
    "steps": [{"train": 1}, {"advance": 1500}],
    "expect": {"reports": 0},
}
RPC = {"rpc": "StopTraining", "deadline": None, "server": None, "expect": "OK"}


class Stepping(Port):
    """A port whose chief steps, and which says that it can call although it can't."""

    def identity(self):
        return Identity(
            implementation="stepping",
            version="2",
            capabilities=(*BASIC_STEPS, *MACHINE_FAULTS, "rpc"),
            channels=("steps", "session"),
            needs=("exact_time",),
        )

    def begin(self, scenario, world):
        if scenario.global_step is None:
            raise Unplayable.lacks("a step")
        if scenario.global_step == 9:
            raise Unplayable("not 9")
        return SteppingJob(world)


class SteppingJob(Job):
    def __init__(self, world):
        self.world = world

    def open(self):
        self.world.recorder.open(lambda: (0,))
        self.world.recorder.record(SessionEvent, state="created")

    def train(self):
        return Trained(1)

    def leave(self, error):
        raise error or ValueError(f"at the end of {self.world.model_dir}")


def answers(*requests, port=None):
    lines = [request if isinstance(request, bytes) else json.dumps(request).encode()
             for request in requests]  # fmt: skip
    output = io.BytesIO()
    serve(port or Stepping(), io.BytesIO(b"\n".join(lines) + b"\n"), output)
    return [json.loads(line) for line in output.getvalue().splitlines()]


def answer(port=None, **changes):
    scenario = {**SCENARIO, **changes}
    request = {"type": "play", "seq": 3, "seed": None, "schedule": None, "scenario": scenario}
    return answers(request, port=port)[0]


def test_hello_has_what_the_port_says_and_bye_ends_it():
    hello, bye = {"type": "hello", "protocol": 1}, {"type": "bye"}
    first, second = answers(hello, bye, hello)
    assert first["implementation"] == "stepping"
    assert first["language"] == "python"
    assert first["channels"] == ["steps", "session"]
    assert first["needs"] == ["exact_time"]
    assert {"seed", "train"} <= set(first["capabilities"])
    assert second == bye


def test_a_play_has_the_events_of_the_job_and_those_of_the_kit():
    trace = answer(faults=[{"recover": {"ps": 0}}])
    assert trace["events"] == [
        {"ms": 0, "lane": "main", "kind": "barrier", "blocked": [0]},
        {"ms": 0, "lane": "main", "kind": "session", "state": "created"},
        {"ms": 0, "lane": "main", "kind": "step", "worker": 0, "global_step": 1},
        {
            "ms": 1500,
            "lane": "main",
            "kind": "raised",
            "error": "ValueError",
            "message": "at the end of <model_dir>",
        },
        {"ms": 1500, "lane": "main", "kind": "session", "state": "closed"},
        {"ms": 1500, "lane": "main", "kind": "files", "left": []},
    ]
    assert trace["struck"] == {"faults[0]": False}


LEFT_OUT = "needs {0}, which hello names, but Job has no method {0}"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"hooks": [{"current_session": {}}]}, "needs current_session"),
        ({"hooks": [{"saver": {}}], "steps": [{"timer": "enable"}]}, "needs saver"),
        (
            {"barrier": {"callbacks": ["record"]}, "steps": [{"append_callback": "record"}]},
            "needs append_callback",
        ),
        ({"global_step": None}, "needs a step"),
        ({"steps": [RPC]}, LEFT_OUT.format("rpc")),
        ({"steps": [{"concurrently": [RPC, RPC]}]}, LEFT_OUT.format("rpc")),
        ({"steps": [{"background": RPC, "after": 0}]}, LEFT_OUT.format("rpc")),
        ({"steps": [{"worker": {"index": 1, "train": 1}}]}, LEFT_OUT.format("worker")),
    ],
)
def test_what_the_port_lacks_is_skipped_by_its_words_its_options_or_its_methods(changes, reason):
    assert answer(**changes) == {"type": "skipped", "seq": 3, "reason": reason}


@pytest.mark.parametrize(
    ("changes", "message", "step"),
    [
        ({"steps": [{"end": {}}, {"train": 1}]}, "steps[1]: train: the session was left before", 1),
        (
            {"steps": [{"end": {}}, {"worker": {"index": 1, "train": 1}}]},
            "steps[1]: worker: the session was left before",
            1,
        ),
        ({"global_step": 9}, "setting up: not 9", None),
        ({"steps": [{"sing": 1}]}, "steps.0: unknown step; expected a mapping", None),
        (
            {"steps": [{"fault": {"recover": {"ps": 7}}, "strikes": True}]},
            "steps.0.fault.recover.ps: ",
            None,
        ),
    ],
)
def test_what_cannot_be_played_fails_with_its_place(changes, message, step):
    failed = answer(**changes)
    assert (failed["type"], failed["reason"], failed["step"]) == ("failed", "unplayable", step)
    assert failed["message"].startswith(message)


def test_a_mistake_of_the_port_fails_the_scenario_and_is_in_the_log(capsys):
    class Mistaken(Stepping):
        def begin(self, scenario, world):
            raise KeyError("workers")

    assert answer(port=Mistaken())["message"] == "KeyError: 'workers'"
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("step", ["a text", 1.5, None])
def test_a_worker_whose_step_is_no_number_fails_the_scenario(step):
    class Texting(Worker):
        def train(self, takes):
            return step

    class Employing(SteppingJob):
        def worker(self, index):
            return Texting()

    class EmployingPort(Stepping):
        def begin(self, scenario, world):
            return Employing(world)

    failed = answer(port=EmployingPort(), steps=[{"worker": {"index": 1, "train": 1}}])
    assert failed["type"] == "failed"
    assert "global_step" in failed["message"]


def test_a_port_may_have_errors_of_its_own_for_those_of_a_scenario():
    class GoneError(ConnectionError):
        """What this port has for UnavailableError."""

    class Recovering(SteppingJob):
        def error(self, name, message):
            return GoneError(f"{name}: {message}")

        def leave(self, error):
            raise error

    class RecoveringPort(Stepping):
        def begin(self, scenario, world):
            return Recovering(world)

    raised = {"raise": {"error": "UnavailableError", "message": "x"}}
    events = answer(port=RecoveringPort(), steps=[raised])["events"]
    errors = [(each["error"], each["message"]) for each in events if each["kind"] == "raised"]
    assert errors == [("GoneError", "UnavailableError: x")]


def test_a_worker_that_raises_is_recorded_and_ends():
    class Raising(Worker):
        def train(self, takes):
            raise named_error("UnavailableError", "gone")

    class Employing(SteppingJob):
        def worker(self, index):
            return Raising()

    class EmployingPort(Stepping):
        def begin(self, scenario, world):
            return Employing(world)

    trace = answer(port=EmployingPort(), steps=[{"worker": {"index": 1, "train": 2}}])
    raised = [event for event in trace["events"] if event["lane"] == "worker-1"]
    assert raised == [
        {
            "ms": 0,
            "lane": "worker-1",
            "kind": "raised",
            "error": "UnavailableError",
            "message": "gone",
        }
    ]


def test_a_lane_that_nothing_wakes_is_a_deadlock():
    class Waiting(SteppingJob):
        def train(self):
            self.world.clock.wait_until(lambda: False)

    class WaitingPort(Stepping):
        def begin(self, scenario, world):
            return Waiting(world)

    assert answer(port=WaitingPort())["reason"] == "deadlock"


def test_a_job_gives_back_what_it_holds_even_if_a_step_cannot_be_done():
    given_back = []

    class Holding(SteppingJob):
        def give_back(self):
            given_back.append(self)

    class HoldingPort(Stepping):
        def begin(self, scenario, world):
            return Holding(world)

    assert answer(port=HoldingPort(), steps=[RPC])["type"] == "skipped"
    assert len(given_back) == 1


def test_interop_is_lacking():
    (failed,) = answers({"type": "stop_serving", "seq": 8})
    assert (failed["seq"], failed["message"]) == (8, "this driver lacks interop")


def test_a_request_that_is_wrong_but_numbered_is_answered():
    (failed,) = answers({"type": "play", "seq": 8, "seed": "x"})
    assert (failed["type"], failed["seq"]) == ("failed", 8)
    assert "seed" in failed["message"]


@pytest.mark.parametrize(
    "garbage", [b"{", b"\xff", b"[]", b'{"type": "sing"}', b'{"type": "hello", "protocol": 2}']
)
def test_garbage_ends_the_driver(garbage):
    with pytest.raises(GarbageError):
        answers(garbage)


def test_a_capability_that_does_not_exist_is_refused():
    class Misspelt(Stepping):
        def identity(self):
            return Identity("x", "1", capabilities=("trian",))

    with pytest.raises(UsageError, match=r"identity: capabilities.0: .*did you mean train"):
        answers({"type": "hello", "protocol": 1}, port=Misspelt())


PRINTING = """
import os
from parity.kit import Identity, Port, main

class Printing(Port):
    def identity(self):
        print("one of Python's")
        os.write(1, b"one of a library's\\n")
        return Identity("printing", "1", capabilities=CAPABILITIES)

    def begin(self, scenario, world):
        raise AssertionError

main(Printing())
"""


def run_printing(capabilities, line):
    code = PRINTING.replace("CAPABILITIES", repr(capabilities))
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, input=line, capture_output=True, text=True, check=False, cwd=project.ROOT
    )


def test_what_a_port_prints_is_in_the_log_and_not_among_the_answers():
    done = run_printing(("train",), '{"type": "hello", "protocol": 1}\n')
    assert done.returncode == 0
    assert json.loads(done.stdout)["implementation"] == "printing"
    assert "one of Python's" in done.stderr
    assert "one of a library's" in done.stderr


@pytest.mark.parametrize(
    ("capabilities", "line", "said"),
    [
        (("trian",), '{"type": "hello", "protocol": 1}\n', "identity: capabilities.0: "),
        (("train",), "{\n", "no request of the driver protocol: "),
    ],
)
def test_a_driver_that_cannot_go_on_says_why_in_one_line(capabilities, line, said):
    done = run_printing(capabilities, line)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1].startswith(said)
    assert "Traceback" not in done.stderr
