"""The state of a run, as an operator sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from monolith_hooks.server.operations_pb2 import GetRunStatusResponse

State = Literal["running", "stopping", "stopped", "resuming"]


@dataclass(frozen=True)
class Blocked:
    """State of the barrier, and the workers that it blocks; the chief isn't one of them."""

    placed: bool
    blocked: tuple[int, ...]
    free: tuple[int, ...]

    @property
    def state(self) -> State:
        """State in one word; ``stopping`` and ``resuming`` until all workers have reacted."""
        if self.placed:
            return "stopping" if self.free else "stopped"
        return "resuming" if self.blocked else "running"


@dataclass(frozen=True)
class Since:
    """A holder of the barrier, and the seconds that it has held it."""

    holder: str
    seconds: float


@dataclass(frozen=True)
class SaveSeen:
    """The newest save that was tried, the seconds since its end, and the name of its error."""

    step: int
    seconds: float
    error: str


@dataclass(frozen=True)
class WatchSeen:
    """The health watch: the seconds since the last good poll, its alarms, and who is unhealthy."""

    good_poll_seconds: float | None
    failed_polls: int
    alarms: int
    unhealthy: tuple[int, ...]


@dataclass(frozen=True)
class Details:
    """What only a run with ``operations`` says; ``None`` for what it has none of."""

    holds: tuple[Since, ...]
    last_save: SaveSeen | None
    watch: WatchSeen | None


@dataclass(frozen=True)
class Status:
    """The global step of training, the barrier, and more if the run says more."""

    global_step: int
    barrier: Blocked
    details: Details | None = None


def status_of(seen: GetRunStatusResponse) -> Status:
    """Return the state of a run from its answer, with durations by the chief's own clock."""

    def seconds_since(ms: int) -> float:
        return max(0, seen.now_ms - ms) / 1000

    save, watch = None, None
    if seen.HasField("last_save"):
        last = seen.last_save
        save = SaveSeen(last.step, seconds_since(last.ended_ms), last.error)
    if seen.HasField("watch"):
        good = seen.watch.HasField("last_good_poll_ms")
        watch = WatchSeen(
            seconds_since(seen.watch.last_good_poll_ms) if good else None,
            seen.watch.failed_polls,
            seen.watch.alarms,
            tuple(seen.watch.unhealthy),
        )
    holds = tuple(Since(each.holder, seconds_since(each.since_ms)) for each in seen.holds)
    barrier = Blocked(seen.placed, tuple(seen.blocked), tuple(seen.free))
    return Status(seen.global_step, barrier, Details(holds, save, watch))
