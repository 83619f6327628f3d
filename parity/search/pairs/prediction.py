"""The results that the model predicts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from parity.spec.rpcs import StatusCode


@dataclass(frozen=True)
class Answer:
    """The answer to a call."""

    code: StatusCode
    took: int
    """The milliseconds until it arrived."""
    response: dict[str, Any] | None


@dataclass
class Prediction:
    """The results of a scenario, with the names that they have in its ``expect``."""

    answers: dict[int, Answer] = field(default_factory=dict)
    """The answer to each call, by the index of its step."""
    barrier: list[list[int]] = field(default_factory=list)
    callbacks: list[str] = field(default_factory=list)
    saves: list[int] = field(default_factory=list)
    reported: list[list[int]] = field(default_factory=list)
    threads: dict[str, str] = field(default_factory=dict)
    global_step: int | None = None
    raised: str | None = None
    times: list[tuple[int, str]] = field(default_factory=list)
    """The milliseconds of each state of the barrier, callback, save, step and answer."""

    @property
    def blocked(self) -> list[int]:
        """Indices that are set when the session is left."""
        return self.barrier[-1] if self.barrier else []
