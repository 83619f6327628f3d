"""The steps of a scenario during one of which each event of a trace was recorded.

A trace doesn't say which step was being played, so this is inferred, and it is a range where it
can't be known exactly. Three things are known, the first of any player:

- The steps are played in order, so no event comes from an earlier step than the event before it.
  A call names its step, and some kinds of steps show some kinds of events alone.
- In virtual time only some steps take time, and ``advance`` exactly as much as it says.
- After each step all other lanes have settled (docs/scenario-format.md), so at the instant at which
  the next one begins they show only what it makes them do.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from parity.spec.scenario import Scenario
from parity.spec.step_evidence import (
    INSTANT,
    MAIN,
    OPENING,
    anchors,
    can_show,
    count_of_ends,
    ends_step,
    is_created,
    only_calls_have_handlers,
    shown_after_opening,
    shows_at_once,
)
from parity.spec.steps import AdvanceStep, Step
from parity.spec.trace import Trace

_ROUNDS: Final = 4
_NEAR: Final = 200
"""Steps at most that are tried in a row, as there may be 10,000 of them at one instant."""
_NEVER: Final = 2**63


class StepRange(NamedTuple):
    """The first and the last step, by index, that an event may have been recorded in.

    ``OPENING`` stands for the opening of the session, and the number of steps for what comes
    after the last one.
    """

    first: int
    last: int


def step_ranges(scenario: Scenario, trace: Trace, *, settles: bool = True) -> tuple[StepRange, ...]:
    """Return the range of each event, in the order of the trace.

    ``settles`` is False for a player that schedules lanes by rules of its own. An event that
    contradicts those around it, as in a trace of a port with a bug, has the range of all steps.
    """
    search = _Search(scenario, trace, settles=settles)
    search.narrow()
    return tuple(
        StepRange(first=first, last=last)
        if first <= last
        else StepRange(first=OPENING, last=len(scenario.steps))
        for first, last in zip(search.first, search.last, strict=True)
    )


class _Search:
    """Ranges that are narrowed until nothing changes."""

    def __init__(self, scenario: Scenario, trace: Trace, *, settles: bool) -> None:
        self._steps = scenario.steps
        self._events = trace.events
        self._settles = settles
        self._end = len(scenario.steps)
        self.first = [OPENING] * len(trace.events)
        self.last = [self._end] * len(trace.events)
        # When each step begins, and what comes after the last one: at the earliest, at the latest.
        self._earliest = [0] * (self._end + 1)
        self._latest = [_NEVER] * (self._end + 1)
        self._recreated = {event.ms for event in [*filter(is_created, trace.events)][1:]}
        self._only_calls = only_calls_have_handlers(scenario)
        for i, (first, last) in anchors(scenario, trace.events):
            self.first[i], self.last[i] = first, last
        opening = (i for i, last in enumerate(self.last) if last == OPENING)
        self._opened = max(opening, default=len(trace.events))

    def narrow(self) -> None:
        """Narrow the ranges."""
        for _ in range(_ROUNDS):
            before = [*self.first, *self.last]
            self._time_steps()
            self._keep_order()
            if [*self.first, *self.last] == before:
                return

    def _keep_order(self) -> None:
        """Let no event be of an earlier step than the event before it."""
        step = mains = OPENING
        ended = self._ended()
        for i, event in enumerate(self._events):
            step = max(step, self.first[i], mains if event.lane == MAIN else OPENING)
            step = self.first[i] = self._nearest(i, step, range(step, self.last[i] + 1))
            if i in ended:
                mains = ended[i] + 1  # While the others settle, main records nothing itself.
        step = self._end
        for i in reversed(range(len(self._events))):
            step = min(step, self.last[i])
            step = self.last[i] = self._nearest(i, step, range(step, self.first[i] - 1, -1))

    def _nearest(self, i: int, step: int, candidates: range) -> int:
        """Return the first step that can show an event; ``step`` if none of the near ones can.

        So the ranges around an event that a bug made aren't narrowed by it.
        """
        near = candidates[:_NEAR]
        return next((each for each in near if self._possible(i, each)), step)

    def _ended(self) -> dict[int, int]:
        """Return the steps that end with an event for certain, by the index of that event."""
        missing = [count_of_ends(step) for step in self._steps]
        found: dict[int, int] = {}
        for i, event in enumerate(self._events):
            at = self.first[i]
            if at != self.last[i] or not 0 <= at < self._end:
                continue
            if ends_step(self._steps[at], event):
                missing[at] -= 1
                if missing[at] == 0:
                    found[i] = at
        return found

    def _time_steps(self) -> None:
        """Bound the begin of each step by the events around it and by its neighbours."""
        for event, first, last in zip(self._events, self.first, self.last, strict=True):
            if last < self._end:
                self._earliest[last + 1] = max(self._earliest[last + 1], event.ms)
            if first > OPENING:
                self._latest[first] = min(self._latest[first], event.ms)
        for i, at in self._ended().items():
            self._earliest[at + 1] = max(self._earliest[at + 1], self._events[i].ms)
            self._latest[at + 1] = min(self._latest[at + 1], self._events[i].ms)
        for i, step in enumerate(self._steps):
            self._earliest[i + 1] = max(self._earliest[i + 1], self._earliest[i] + _takes(step))
        for i in reversed(range(self._end)):
            self._latest[i] = min(self._latest[i], self._latest[i + 1] - _takes(self._steps[i]))
        for i, step in enumerate(self._steps):
            if isinstance(step, (*INSTANT, AdvanceStep)):
                self._latest[i + 1] = min(self._latest[i + 1], self._latest[i] + _takes(step))

    def _possible(self, i: int, step: int) -> bool:
        """Return False if an event can't have been recorded during this step."""
        event = self._events[i]
        if step == OPENING:
            opening = i <= self._opened or shown_after_opening(event)
            return opening and event.ms <= self._latest[0]
        doing = None if step == self._end else self._steps[step]
        if event.ms < self._earliest[step] or not can_show(
            doing, event, only_calls=self._only_calls
        ):
            return False
        if step < self._end and event.ms > self._latest[step + 1]:
            return False
        at_once = event.ms == self._earliest[step] or isinstance(doing, INSTANT)
        if not at_once or not self._settles or event.ms in self._recreated:
            return True  # The threads of a new session begin at once.
        return shows_at_once(doing, step, event)


def _takes(step: Step) -> int:
    """Return the time that a step takes at least; of ``advance`` and instant ones exactly."""
    return step.advance if isinstance(step, AdvanceStep) else 0
