"""Controller and barrier against a plain model, on either side and on both at once.

Hypothesis makes up what an operator, the chief and the workers do, step by step. The
oracle knows what must come of it, by BEHAVIOUR B18 to B30, and writes that into a
scenario as what is expected; the scenario is played when the machine is done.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from parity.players.outcome import Played
from parity.verdict.compare import compare
from parity.verdict.expectations import unmet
from tests.parity.samples import scenario_file

pytestmark = pytest.mark.slow

WORKERS = 4
WAIT = 1000


@dataclass
class Oracle:
    """What the barrier, the saver and the steps come to, in milliseconds and plain values."""

    now: int = 0
    placed: bool = False
    held: set[int] = field(default_factory=set)
    inbox: dict[int, int] = field(default_factory=dict)
    looks: list[tuple[int, int, int]] = field(default_factory=list)
    """When a held worker looks next, in which order it came to wait, and which it is."""
    arrivals: int = 0
    step_of: dict[int, int] = field(default_factory=dict)
    """The step after which a worker is held; it is over, and shown, when the worker goes on."""
    global_step: int = 0
    barrier: list[list[int]] = field(default_factory=list)
    callbacks: list[str] = field(default_factory=list)
    saves: list[int] = field(default_factory=list)
    last_saved: int = 0
    """The save at creation is skipped, and counts for the exit all the same (B30)."""
    highest_shown: int | None = None

    @property
    def blocked(self) -> list[int]:
        return [0] * self.placed + sorted(self.held)

    @property
    def unblocked(self) -> list[int]:
        return [i for i in range(WORKERS) if i not in self.blocked]

    def stop(self) -> str:
        if self.placed:
            return "ALREADY_EXISTS"
        self.placed = True
        self.callbacks.append("0:")
        self.barrier.append(self.blocked)
        return "OK"

    def resume(self) -> None:
        if self.placed:
            self.placed = False
            self.barrier.append(self.blocked)

    def save(self) -> None:
        self.saves.append(self.global_step)
        self.last_saved = self.global_step

    def train(self, steps: int) -> None:
        self.global_step += steps
        self.show(self.global_step)

    def train_worker(self, index: int, steps: int) -> None:
        self.inbox[index] = self.inbox.get(index, 0) + steps
        if index not in self.held:
            self.work(index)

    def work(self, index: int) -> None:
        while self.inbox[index]:
            self.inbox[index] -= 1
            self.global_step += 1
            if self.placed:
                self.held.add(index)
                self.step_of[index] = self.global_step
                self.callbacks.append("0:")
                self.barrier.append(self.blocked)
                self.wait(index)
                return
            self.show(self.global_step)

    def show(self, step: int) -> None:
        self.highest_shown = max(self.highest_shown or 0, step)

    def wait(self, index: int) -> None:
        self.arrivals += 1
        heapq.heappush(self.looks, (self.now + WAIT, self.arrivals, index))

    def advance(self, milliseconds: int) -> None:
        until = self.now + milliseconds
        while self.looks and self.looks[0][0] <= until:
            self.now, _, index = heapq.heappop(self.looks)
            if self.placed:
                self.wait(index)
                continue
            self.held.remove(index)
            self.barrier.append(self.blocked)
            self.show(self.step_of.pop(index))
            self.work(index)
        self.now = until

    def exit(self) -> None:
        if self.last_saved != self.global_step:
            self.save()


class BarrierMachine(RuleBasedStateMachine):
    """Writes a scenario; ``players`` play it."""

    players = ()

    def __init__(self) -> None:
        super().__init__()
        self.oracle = Oracle()
        self.steps: list[dict] = []

    @rule()
    def stop(self):
        self.steps.append({"rpc": "StopTraining", "expect": self.oracle.stop()})

    @rule()
    def resume(self):
        self.oracle.resume()
        self.steps.append({"rpc": "ResumeTraining"})

    @rule()
    def status(self):
        response = {
            "blocked_indices": self.oracle.blocked,
            "unblocked_indices": self.oracle.unblocked,
        }
        self.steps.append({"rpc": "GetBlockStatus", "response": response})

    @rule()
    def training_status(self):
        response = {"global_step": self.oracle.global_step}
        self.steps.append({"rpc": "GetTrainingStatus", "response": response})

    @rule()
    def save(self):
        self.oracle.save()
        self.steps.append({"rpc": "SaveCheckpoint"})

    @rule(steps=st.integers(1, 3))
    def train(self, steps):
        self.oracle.train(steps)
        self.steps.append({"train": steps})

    @rule(index=st.integers(1, WORKERS - 1), steps=st.integers(1, 3))
    def train_worker(self, index, steps):
        self.oracle.train_worker(index, steps)
        self.steps.append({"worker": {"index": index, "train": steps}})

    @rule(milliseconds=st.sampled_from([1, 300, 999, 1000, 1001, 2500]))
    def advance(self, milliseconds):
        self.oracle.advance(milliseconds)
        self.steps.append({"advance": f"{milliseconds}ms"})

    def teardown(self):
        if not self.steps:
            return
        blocked = self.oracle.blocked
        self.oracle.exit()
        file = scenario_file(
            cluster={"ps": 0, "workers": WORKERS},
            barrier={"callbacks": ["record"]},
            hooks=["saver", "server"],
            steps=self.steps,
            expect={
                "barrier": self.oracle.barrier,
                "blocked": blocked,
                "callbacks": self.oracle.callbacks,
                "saves": self.oracle.saves,
                "global_step": self.oracle.highest_shown,
                "raised": None,
            },
        )
        outcomes = [player.play(file) for player in self.players]
        for outcome in outcomes:
            assert isinstance(outcome, Played), outcome
            assert unmet(file.scenario, outcome.trace) == ()
        if len(outcomes) == 2:
            assert compare(outcomes[0].trace, outcomes[1].trace).differences == ()


def run_on(*players, phases=tuple(Phase)):
    class OnThese(BarrierMachine):
        pass

    OnThese.players = players
    run_state_machine_as_test(
        OnThese,
        settings=settings(
            max_examples=25,
            stateful_step_count=16,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=phases,
        ),
    )


def test_python_does_what_the_model_says(python_player):
    run_on(python_player)


def test_rust_does_what_the_model_says(rust_player):
    run_on(rust_player)


def test_both_at_once_do_what_the_model_says_and_the_same(python_player, rust_player):
    run_on(python_player, rust_player)


def test_the_model_notices_a_worker_that_goes_on_too_early(python_player, monkeypatch):
    from monolith_hooks.barrier_ops import BarrierOp

    def wait_once(self, session, index):
        self._write_bit(session, index, True)
        self._run_callbacks("", session)
        self._clock.sleep(self._wait_seconds)
        self._write_bit(session, index, False)

    monkeypatch.setattr(BarrierOp, "wait_until_barrier_removed", wait_once)
    with pytest.raises(AssertionError):
        run_on(python_player, phases=[Phase.generate])  # How small it can be made is no matter.
