"""The barrier in the sequential model (B18 to B23)."""

from __future__ import annotations

from dataclasses import dataclass, field

from parity.search.pairs.lanes import Body, Lanes, Lock
from parity.search.pairs.prediction import Prediction
from parity.spec.scenario import Barrier

SLOW_CALLBACK = 1_000
"""The time that a slow callback takes, in milliseconds."""


class AlreadyPlacedError(Exception):
    """BarrierAlreadyPlacedError (B18)."""


class ClosedSessionError(Exception):
    """An operation on a session that is closed (B34)."""


@dataclass
class BarrierModel:
    """The barrier's bits and action, its lock, and the session that they are in."""

    options: Barrier
    capacity: int
    shown: Prediction
    lanes: Lanes = field(init=False)
    placed: bool = False
    held: set[int] = field(default_factory=set)
    action: str = ""
    visible: bool = False
    """True while changes are recorded: until the hooks have ended (docs/trace-format.md)."""
    closed: bool = False
    _lock: Lock = field(default_factory=Lock)
    _last_seen: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lanes = Lanes(on_give_way=self.look)

    @property
    def blocked(self) -> list[int]:
        """The indices that are set."""
        return [0] * self.placed + sorted(self.held)

    @property
    def unblocked(self) -> list[int]:
        """The indices that aren't set."""
        return sorted(set(range(self.capacity)) - set(self.blocked))

    def all_blocked(self) -> bool:
        """Return whether all are set.

        Raises:
            ClosedSessionError: The session is closed.
        """
        self.must_be_open()
        return not self.unblocked

    def must_be_open(self) -> None:
        """Refuse a read or a write if the session is closed.

        Raises:
            ClosedSessionError: It is.
        """
        if self.closed:
            raise ClosedSessionError

    def look(self) -> None:
        """Record the bits if they have changed."""
        if self.visible and self.blocked != self._last_seen:
            self._last_seen = self.blocked
            self.shown.barrier.append(self.blocked)
            self.shown.times.append((self.lanes.now, f"barrier {self.blocked}"))

    def place(self, action: str) -> Body:
        """Place it, and call the callbacks under the lock (B18, B21).

        Raises:
            AlreadyPlacedError: It is placed already.
            ClosedSessionError: The session was closed before the lock was free.
        """
        yield from self._lock.acquire()
        try:
            self.must_be_open()
            if self.placed:
                raise AlreadyPlacedError
            self.placed, self.action = True, action
            yield from self._call_callbacks(action)
        finally:
            self._lock.release()

    def remove(self) -> Body:
        """Clear element 0 under the lock (B19)."""
        yield from self._lock.acquire()
        try:
            self.must_be_open()
            self.placed = False
        finally:
            self._lock.release()

    def hold(self, worker: int) -> Body:
        """Hold a worker until it sees element 0 clear (B20)."""
        yield from self._lock.acquire()
        try:
            self.must_be_open()
            self.held.add(worker)
            yield from self._call_callbacks(self.action)
        finally:
            self._lock.release()
        self.must_be_open()
        while self.placed:
            yield from self.lanes.sleep(self.options.wait)
            self.must_be_open()
        self.held.remove(worker)

    def _call_callbacks(self, action: str) -> Body:
        for index, kind in enumerate(self.options.callbacks):
            self.look()
            self.shown.callbacks.append(f"{index}: {action}".rstrip())
            self.shown.times.append((self.lanes.now, f"callback {action}"))
            if kind == "slow":
                yield from self.lanes.sleep(SLOW_CALLBACK)
