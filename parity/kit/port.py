"""What a port implements: who it is, and what its job does.

A method of ``Job`` that a port leaves out says that it is lacking. The scenario is then
skipped for that reason, and so it is, before anything is played, if it has a word that
``Identity.capabilities`` doesn't.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from parity.kit.errors import named_error
from parity.kit.session import Trained
from parity.kit.unplayable import Unplayable
from parity.kit.world import World
from parity.spec.faults import Fault, Need
from parity.spec.protocol import FailedAnswer, InteropAnswer, InteropRequest
from parity.spec.scenario import Scenario
from parity.spec.steps import (
    ActionContent,
    CallbackKind,
    ControllerOp,
    FileContent,
    LookTarget,
    RpcStep,
    TimerSwitch,
)
from parity.spec.trace import Channel

BASIC_STEPS: Final = (
    "train",
    "advance",
    "fault",
    "worker",
    "concurrently",
    "machine_info",
    "background",
    "raise",
    "end",
)
"""The steps that the kit plays by itself, with ``Job.train``, ``Job.leave`` and ``Job.worker``
alone."""
MACHINE_FAULTS: Final = ("rss", "health_bytes", "poll_error", "slow_poll", "recover")
"""The faults that the kit injects into ``World.machines``."""


@dataclass(frozen=True)
class Identity:
    """The name of a port, and what it has, as ``hello`` tells the host.

    Attributes:
        implementation: Its name.
        version: Its version.
        capabilities: The hooks, steps and faults that it can play, and ``interop`` or ``look`` if
            it can do that. ``seed`` is added. What it names it plays: the kit has no probes, and
            a hook that ``begin`` passes over is missing from the trace.
        channels: The channels that it records events of; None stands for all.
        source_digest: A digest of its sources; None if it doesn't know.
        needs: The needs of a scenario that it meets; None stands for injection, exact time and
            exact memory, all of which the kit has.
    """

    implementation: str
    version: str
    capabilities: Sequence[str]
    channels: Sequence[Channel] | None = None
    source_digest: str | None = None
    needs: Sequence[Need] | None = None


class Worker(ABC):
    """A worker beside the chief, on a lane of its own."""

    @abstractmethod
    def train(self, takes: float) -> int:
        """Take one training step, hooks included, and return the global step.

        ``takes`` is virtual seconds that pass after the step's run, in which the barrier is
        read, and before the worker acts on what was read. What it raises is recorded if the
        chief's session is still open; the worker then ends.
        """


class Job(ABC):
    """The job of one scenario: a chief, its hooks, and its workers.

    Every method but ``give_back`` is called on a lane of the virtual clock, which has the turn.
    Those of the chief (``open``, ``train``, ``leave``, ``look``) are called on the lane ``main``
    alone, the others on any. Any of them may raise ``Unplayable``.
    """

    @abstractmethod
    def open(self) -> None:
        """Open the chief's session, then record that it was created and call ``Recorder.open``.

        What a hook raises is recorded.
        """

    @abstractmethod
    def train(self) -> Trained | None:
        """Take one training step of the chief, hooks included; None if a hook requested a stop.

        The session is left with what the step raises.
        """

    @abstractmethod
    def leave(self, error: BaseException | None) -> None:
        """Leave the session as its ``with`` block would be left, with an error of its body or None.

        First, if the end is a clean one, it calls ``Recorder.close``; then it requests the stop of
        its threads and joins them. That the session is closed is recorded by the kit.

        What it raises is recorded as what came out of the session.
        """

    def worker(self, index: int) -> Worker:
        """Return a new worker other than the chief, by its index from 1."""
        del index
        raise Unplayable.left_out("worker", "worker")

    def rpc(self, step: RpcStep, place: str) -> None:
        """Call the controller and record the result; ``place`` is the call's in the scenario."""
        del step, place
        raise Unplayable.left_out("rpc", "rpc")

    def fault(self, fault: Fault, place: str) -> None:
        """Inject a fault that is none of a machine; ``place`` is its name in the ledger."""
        del fault, place
        raise Unplayable.left_out("other faults", "fault")

    def address_file(self, content: FileContent) -> None:
        """Let clients find this in the address file."""
        del content
        raise Unplayable.left_out("address_file", "address_file")

    def action_file(self, content: ActionContent) -> None:
        """Let the query action hook find this."""
        del content
        raise Unplayable.left_out("action_file", "action_file")

    def controller_op(self, op: ControllerOp) -> None:
        """Run an op of the controller hook."""
        del op
        raise Unplayable.left_out("controller_op", "controller_op")

    def timer(self, switch: TimerSwitch) -> None:
        """Switch the timer of the first saver hook."""
        del switch
        raise Unplayable.left_out("timer", "timer")

    def append_callback(self, index: int, kind: CallbackKind) -> None:
        """Append a callback of this index to the list that the barrier was given."""
        del index, kind
        raise Unplayable.left_out("append_callback", "append_callback")

    def look(self, target: LookTarget) -> None:
        """Record a state that only the job itself can observe."""
        del target
        raise Unplayable.left_out("look", "look")

    def error(self, name: str, message: str) -> BaseException:
        """Return the error that a scenario raises in the body of the session, by its name.

        A port that catches errors of its own classes returns one of these; by default it is one
        of Python's, or one that has the name alone.
        """
        return named_error(name, message)

    def check(self) -> None:  # noqa: B027 - a port with nothing to say leaves it out
        """Raise what a hook has found that it can't play. Called after each step."""

    def give_back(self) -> None:  # noqa: B027 - a port that holds nothing leaves it out
        """Release what it holds. Called once all lanes have ended, even if a step can't be done."""


class Port(ABC):
    """A port, as its driver plays it."""

    @abstractmethod
    def identity(self) -> Identity:
        """Return its name, and what it has."""

    @abstractmethod
    def begin(self, scenario: Scenario, world: World) -> Job:
        """Set up the job of a scenario in a world of its own.

        Nothing is played yet, and the caller is no lane of the clock: it may not wait.

        Raises:
            Unplayable: The scenario needs an option that the port lacks, or can't be set up.
        """

    def interop(self, request: InteropRequest) -> InteropAnswer | FailedAnswer:
        """Answer a request of interop; by default that it can't."""
        return FailedAnswer(type="failed", seq=request.seq, message="this driver lacks interop")
