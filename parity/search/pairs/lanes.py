"""Lanes in virtual time, as docs/virtual-time.md defines them, for the sequential model.

A lane is a generator that yields a ``Park`` wherever it would wait. One lane runs at a time, so
the model needs neither threads nor locks of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field

Condition = Callable[[], bool]


@dataclass(frozen=True)
class Park:
    """The point at which a lane gives way, and what lets it go on."""

    until: int | None = None
    """The instant, in milliseconds, at which it goes on by itself."""
    condition: Condition | None = None
    """The condition that lets it go on earlier."""
    last: bool = False
    """True if it goes on only after every other lane that can go on at this instant."""


Body = Generator[Park, None, None]


@dataclass(eq=False)
class Lane:
    """A lane, and where it is parked."""

    body: Body
    park: Park
    arrival: int
    ended: bool = False


@dataclass
class Lanes:
    """All lanes, and the time."""

    on_give_way: Callable[[], None]
    """Called whenever a lane parks or ends."""
    now: int = 0
    _parked: list[Lane] = field(default_factory=list)
    _arrivals: int = 0

    def start(self, body: Body, condition: Condition | None = None) -> Lane:
        """Add a lane, which goes on now or, if given, once the condition holds."""
        lane = Lane(body, Park(condition=condition) if condition else Park(self.now), 0)
        self._arrive(lane)
        return lane

    def sleep(self, milliseconds: int) -> Body:
        """Wait for this long."""
        yield Park(self.now + milliseconds)

    def settle(self) -> Body:
        """Let every other lane go on to where it waits, at this instant."""
        yield Park(self.now, last=True)

    def wait_until(self, condition: Condition) -> Body:
        """Wait until the condition holds, or not at all if it does already."""
        if not condition():
            yield Park(condition=condition)

    def run(self, main: Body) -> None:
        """Run this lane to its end, and the others until then.

        Raises:
            RuntimeError: No lane can ever go on.
        """
        lane = self.start(main)
        while not lane.ended:
            self._take_turn()

    def _take_turn(self) -> None:
        def instant(lane: Lane) -> float:
            if lane.park.condition is not None and lane.park.condition():
                return self.now
            return float("inf") if lane.park.until is None else max(self.now, lane.park.until)

        lane = min(self._parked, key=lambda each: (instant(each), each.park.last, each.arrival))
        at = instant(lane)
        if at == float("inf"):
            raise RuntimeError("no lane can ever go on")
        self.now = int(at)
        self._parked.remove(lane)
        try:
            lane.park = next(lane.body)
        except StopIteration:
            self.on_give_way()
            lane.ended = True
            return
        self.on_give_way()
        self._arrive(lane)

    def _arrive(self, lane: Lane) -> None:
        self._arrivals += 1
        lane.arrival = self._arrivals
        self._parked.append(lane)


@dataclass
class Lock:
    """A lock: taken at once if it is free, otherwise when it becomes so."""

    taken: bool = False

    def acquire(self) -> Body:
        """Take it, waiting for it if need be."""
        while self.taken:
            yield Park(condition=lambda: not self.taken)
        self.taken = True

    def release(self) -> None:
        """Free it."""
        self.taken = False
