"""Messages between a player and the processes of its cluster: JSON, one object per line.

The player writes commands to a role's stdin. The role answers each with one ``answer`` on
its stdout, and may send events at any time. Its stderr is its log.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from typing import Annotated, Literal, TextIO

from pydantic import Discriminator, Field, TypeAdapter

from parity.base.model import Model, frozen
from parity.spec.scenario import Scenario
from parity.spec.trace import Event

JobName = Literal["ps", "chief", "worker"]


class Setting(Model):
    """Arguments of a process at its start; addresses by job, as TensorFlow names them."""

    job: JobName
    task: int
    addresses: dict[JobName, tuple[str, ...]]
    model_dir: str
    pace: float
    began_ns: int

    @property
    def num_ps(self) -> int:
        """The number of PS."""
        return len(self.addresses["ps"])


class RoleCommand(Model):
    """A command to a role; each role supports some of them.

    ``number`` is the index of a step for ``step``, a count of training steps for
    ``train``, bytes for ``grow`` and ``allocate``, milliseconds of real time for ``settle``.
    ``takes`` is seconds that each training step takes.
    """

    do: Literal["open", "step", "train", "end", "leave", "settle", "finish", "grow", "allocate"]
    number: int = 0
    takes: float = 0


class RoleAnswer(Model):
    """The answer to a command.

    ``refused`` is the reason why it couldn't be executed. ``open`` is true while the chief
    has its session. ``polls`` and ``struck`` are the chief's so far.
    """

    kind: Literal["answer"] = "answer"
    refused: str | None = None
    open: bool = False
    settled: bool = True
    polls: int = 0
    struck: dict[str, bool] = Field(default_factory=dict)


class TimestampedEvent(Model):
    """An event, and its time by ``time.monotonic_ns``."""

    kind: Literal["happened"] = "happened"
    at: int
    event: Event


RoleMessage = Annotated[RoleAnswer | TimestampedEvent, Discriminator("kind")]
_ROLE_MESSAGE: TypeAdapter[RoleAnswer | TimestampedEvent] = TypeAdapter(RoleMessage)


def parse_role_message(line: str) -> RoleAnswer | TimestampedEvent:
    """Parse a message of a role.

    Raises:
        ValueError: It isn't a message of a role.
    """
    return _ROLE_MESSAGE.validate_python(frozen(json.loads(line)))


def setting_from(document: object) -> Setting:
    """Parse the first argument of a role."""
    return Setting.model_validate(frozen(document))


def scenario_from(document: object) -> Scenario:
    """Parse the scenario that is a role's second argument."""
    return Scenario.model_validate(frozen(document))


def scenario_document(scenario: Scenario) -> object:
    """Return a scenario in the form that ``scenario_from`` takes."""
    return scenario.model_dump(mode="json", by_alias=True, context="yaml", exclude_unset=True)


class RoleChannel:
    """A role's end of the connection: commands in, answers and events out, from any thread."""

    def __init__(self, commands: TextIO = sys.stdin, out: TextIO = sys.stdout) -> None:
        self._commands = commands
        self._out = out
        self._lock = threading.Lock()

    def commands(self) -> Iterator[RoleCommand]:
        """Yield commands until the player has ended."""
        for line in self._commands:
            yield RoleCommand.model_validate_json(line)

    def answer(self, answer: RoleAnswer) -> None:
        """Send the answer to a command."""
        self._send(answer)

    def send_event(self, event: Event) -> None:
        """Send an event with the current time."""
        self._send(TimestampedEvent(at=time.monotonic_ns(), event=event))

    def _send(self, message: RoleAnswer | TimestampedEvent) -> None:
        line = message.model_dump_json() + "\n"
        with self._lock:
            self._out.write(line)
            self._out.flush()
