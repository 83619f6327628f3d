"""The places in a scenario's YAML that the events of a record belong to, where known."""

from __future__ import annotations

import re
from typing import Final

from parity.base.model import Model
from parity.spec.outline import Outline, read_outline
from parity.spec.step_evidence import OPENING
from parity.spec.step_ranges import StepRange, step_ranges
from parity.spec.trace import CALLER_PREFIXES, ClientErrorEvent, Event, RpcEvent, Trace
from parity.verdict.record import Record

_MOST_EVENTS: Final = 20_000
"""In traces of more events than this, the places aren't looked up."""
_STEP: Final = re.compile(r"steps\[(\d{1,6})\]")


class Place(Model):
    """Lines of the YAML, which count from 1, what they are in words, and in short.

    If not ``exact``, an event belongs to one of the steps in these lines, and which isn't known.
    """

    words: str
    label: str
    first: int
    last: int
    exact: bool


class YamlPlaces:
    """The places of a record's events, numbered as they are found."""

    def __init__(self, record: Record) -> None:
        self._numbers: dict[Place, int] = {}
        self._record = record
        self._ranges: dict[int, tuple[StepRange, ...]] = {}
        self._of_range: dict[StepRange, int | None] = {}
        self._read = read_outline(record.yaml)  # A report from elsewhere may contain any text.

    @property
    def found(self) -> tuple[Place, ...]:
        """All places, in the order of their numbers."""
        return tuple(self._numbers)

    def of_event(self, trace: Trace, index: int) -> int | None:
        """Return the number of an event's place among ``found``, or None if it isn't known."""
        path = _caller(trace.events[index])
        if path is not None:
            return self.of_path(path)
        steps = self._during(trace, index)
        if steps is None or self._read is None:
            return None
        if steps not in self._of_range:
            self._of_range[steps] = self._number(_place(steps, self._read[1]))
        return self._of_range[steps]

    def of_path(self, path: str) -> int | None:
        """Return the number of the place of a path such as ``steps[2].fault``."""
        if self._read is None:
            return None
        _, outline = self._read
        in_steps = _STEP.match(path)
        step = int(in_steps[1]) if in_steps else -1
        first = last = outline.line_of(path)
        if 0 <= step < len(outline.steps):
            first, last = outline.steps[step]
        return self._number(
            Place(words=path, label=f"line {first}", first=first, last=last, exact=True)
        )

    def _number(self, place: Place | None) -> int | None:
        if place is None:
            return None
        return self._numbers.setdefault(place, len(self._numbers))

    def _during(self, trace: Trace, index: int) -> StepRange | None:
        """Return the steps that may have been played at an event, or None in real time."""
        in_real_time = self._record.ordering == "untimed" or self._record.reference == "cluster"
        if self._read is None or in_real_time or len(trace.events) > _MOST_EVENTS:
            return None
        if id(trace) not in self._ranges:
            settles = self._record.ordering != "lanes" or trace is self._record.trace
            self._ranges[id(trace)] = step_ranges(self._read[0], trace, settles=settles)
        return self._ranges[id(trace)][index]


def place_of_event(text: str, trace: Trace, event: Event, *, settles: bool = True) -> Place | None:
    """Return the place of one event of a trace in a scenario's text, or None if it isn't known.

    The trace is one in virtual time. ``settles`` is as in ``step_ranges``.
    """
    read = read_outline(text)
    if read is None or event not in trace.events or len(trace.events) > _MOST_EVENTS:
        return None
    scenario, outline = read
    ranges = step_ranges(scenario, trace, settles=settles)
    return _place(ranges[trace.events.index(event)], outline)


def _place(found: StepRange, outline: Outline) -> Place | None:
    first, last, end = found.first, found.last, len(outline.steps)
    if (first, last) == (OPENING, end):
        return None  # It isn't known.
    lines = _lines(first, outline)[0], _lines(last, outline)[1]
    if first == last == OPENING:
        words, label = "before the first step", "opening"
    elif first == last == end:
        words, label = "after the last step", "closing"
    elif first == last:
        words, label = f"steps[{first}]", f"line {lines[0]}"
    else:
        begin = "the opening" if first == OPENING else f"steps[{first}]"
        words = f"{begin} to {'the end' if last == end else f'steps[{last}]'}"
        label = f"lines {lines[0]}-{lines[1]}"
    return Place(words=words, label=label, first=lines[0], last=lines[1], exact=first == last)


def _lines(step: int, outline: Outline) -> tuple[int, int]:
    """Return the lines of a step; before and after all, the line beside the steps."""
    if step == OPENING:
        return outline.line_of("steps"), outline.line_of("steps")
    if step == len(outline.steps):
        return outline.steps[-1][1], outline.steps[-1][1]
    return outline.steps[step]


def _caller(event: Event) -> str | None:
    """Return the path that an event names as its origin, if that isn't a plain step."""
    if isinstance(event, RpcEvent | ClientErrorEvent) and event.call.startswith("hooks["):
        return event.call
    for prefix in CALLER_PREFIXES:
        index = event.lane.removeprefix(prefix)
        if index != event.lane and index.isdecimal():
            return f"steps[{index}].{prefix.rstrip('-')}"
    return None
