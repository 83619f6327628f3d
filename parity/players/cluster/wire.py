"""What a player and the processes of its cluster say to each other: JSON, one object a line.

The player writes commands to a role's stdin; each is answered with one ``answer`` on its
stdout. Events may come at any time. stderr is the role's log.
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
    """What a process is told at its start; addresses by job, as TensorFlow names them."""

    job: JobName
    task: int
    addresses: dict[JobName, tuple[str, ...]]
    model_dir: str
    pace: float
    began_ns: int

    @property
    def num_ps(self) -> int:
        """How many PS there are."""
        return len(self.addresses["ps"])


class Command(Model):
    """What a role is asked to do; each role knows some of them.

    ``number`` is the index of a step for ``step``, a count of training steps for
    ``train``, bytes for ``grow`` and ``allocate``, milliseconds of real time for ``settle``.
    """

    do: Literal["open", "step", "train", "end", "leave", "settle", "finish", "grow", "allocate"]
    number: int = 0


class Answer(Model):
    """A command is done.

    ``refused`` says why it couldn't be. ``open``: whether the chief has its session.
    ``polls`` and ``struck`` are the chief's so far.
    """

    kind: Literal["answer"] = "answer"
    refused: str | None = None
    open: bool = False
    settled: bool = True
    polls: int = 0
    struck: dict[str, bool] = Field(default_factory=dict)


class Happened(Model):
    """An event, and when by ``time.monotonic_ns``."""

    kind: Literal["happened"] = "happened"
    at: int
    event: Event


Said = Annotated[Answer | Happened, Discriminator("kind")]
_SAID: TypeAdapter[Answer | Happened] = TypeAdapter(Said)


def parse_said(line: str) -> Answer | Happened:
    """What a role said.

    Raises:
        ValueError: It is none of what roles say.
    """
    return _SAID.validate_python(frozen(json.loads(line)))


def setting_from(document: object) -> Setting:
    """Return the argument that a role is started with."""
    return Setting.model_validate(frozen(document))


def scenario_from(document: object) -> Scenario:
    """Return the other argument."""
    return Scenario.model_validate(frozen(document))


def scenario_document(scenario: Scenario) -> object:
    """Return a scenario in the form that ``scenario_from`` takes."""
    return scenario.model_dump(mode="json", by_alias=True, context="yaml", exclude_unset=True)


class Line:
    """A role's end: commands in, answers and events out; any thread may say something."""

    def __init__(self, commands: TextIO = sys.stdin, out: TextIO = sys.stdout) -> None:
        self._commands = commands
        self._out = out
        self._lock = threading.Lock()

    def commands(self) -> Iterator[Command]:
        """Until the player is gone."""
        for line in self._commands:
            yield Command.model_validate_json(line)

    def answer(self, answer: Answer) -> None:
        """Say that a command is done."""
        self._say(answer)

    def happened(self, event: Event) -> None:
        """Say that something happened just now."""
        self._say(Happened(at=time.monotonic_ns(), event=event))

    def _say(self, said: Answer | Happened) -> None:
        line = said.model_dump_json() + "\n"
        with self._lock:
            self._out.write(line)
            self._out.flush()
