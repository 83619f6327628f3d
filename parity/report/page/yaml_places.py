"""The place of a scenario's YAML that each event of a record belongs to, as far as it is known."""

from __future__ import annotations

import re
from typing import Final

from pydantic import ValidationError

from parity.base.model import Model, frozen
from parity.base.strict_yaml import Node, YamlError, parse_yaml
from parity.spec.scenario import Scenario
from parity.spec.step_evidence import OPENING
from parity.spec.step_ranges import StepRange, step_ranges
from parity.spec.trace import CALLER_PREFIXES, ClientErrorEvent, Event, RpcEvent, Trace
from parity.verdict.expectations import parts_of
from parity.verdict.record import Record

_MOST_EVENTS: Final = 20_000
"""Nobody looks for the step of each of more events than this."""
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
    """The places of a record's events, each listed once in ``found``."""

    def __init__(self, record: Record) -> None:
        self.found: list[Place] = []
        self._record = record
        self._ranges: dict[int, tuple[StepRange, ...]] = {}
        try:
            self._document = parse_yaml(record.yaml)
            value = None if self._document is None else self._document.value
            self._scenario = Scenario.model_validate(frozen(value))
        except (YamlError, ValidationError):  # A report from elsewhere may have any text there.
            self._document = None
        if self._document is not None:
            self._steps = _lines_of_steps(self._document, record.yaml.split("\n"))

    def of_event(self, trace: Trace, index: int) -> int | None:
        """Return the number of an event's place among ``found``; None if nothing is known of it."""
        event = trace.events[index]
        path = _caller(event)
        return self._number(self._during(trace, index)) if path is None else self.of_path(path)

    def of_path(self, path: str) -> int | None:
        """Return the number of the place of a path such as ``steps[2].fault``."""
        if self._document is None:
            return None
        in_steps = _STEP.match(path)
        step = int(in_steps[1]) if in_steps else -1
        if 0 <= step < len(self._steps):
            first, last = self._steps[step]
        else:
            first = last = self._document.place(parts_of(path))[0]
        return self._number(
            Place(words=path, label=f"line {first}", first=first, last=last, exact=True)
        )

    def _number(self, place: Place | None) -> int | None:
        if place is None:
            return None
        if place not in self.found:
            self.found.append(place)
        return self.found.index(place)

    def _during(self, trace: Trace, index: int) -> Place | None:
        """Return the step that was played, or the range of them; in real time that isn't known."""
        if self._document is None:
            return None
        if self._record.ordering == "untimed" or self._record.reference == "cluster":
            return None
        if len(trace.events) > _MOST_EVENTS:
            return None
        if id(trace) not in self._ranges:
            settles = self._record.ordering != "lanes" or trace is self._record.trace
            self._ranges[id(trace)] = step_ranges(self._scenario, trace, settles=settles)
        found = self._ranges[id(trace)][index]
        if found.first == OPENING and found.last == len(self._steps):
            return None
        return self._place(found.first, found.last)

    def _place(self, first: int, last: int) -> Place:
        lines = self._lines(first)[0], self._lines(last)[1]
        if first == last == OPENING:
            words, label = "before the first step", "opening"
        elif first == last == len(self._steps):
            words, label = "after the last step", "closing"
        elif first == last:
            words, label = f"steps[{first}]", f"line {lines[0]}"
        else:
            begin = "the opening" if first == OPENING else f"steps[{first}]"
            end = "the end" if last == len(self._steps) else f"steps[{last}]"
            words, label = f"{begin} to {end}", f"lines {lines[0]}-{lines[1]}"
        return Place(words=words, label=label, first=lines[0], last=lines[1], exact=first == last)

    def _lines(self, step: int) -> tuple[int, int]:
        """Return the lines of a step; before and after all, the line beside the steps."""
        if step == OPENING:
            assert self._document is not None
            line, _ = self._document.place(("steps",))
            return line, line
        if step == len(self._steps):
            return self._steps[-1][1], self._steps[-1][1]
        return self._steps[step]


def _caller(event: Event) -> str | None:
    """Return the path of what an event says that it comes from, other than a plain step."""
    if isinstance(event, RpcEvent | ClientErrorEvent) and event.call.startswith("hooks["):
        return event.call
    for prefix in CALLER_PREFIXES:
        index = event.lane.removeprefix(prefix)
        if index != event.lane and index.isdecimal():
            return f"steps[{index}].{prefix.rstrip('-')}"
    return None


def _lines_of_steps(document: Node, text: list[str]) -> list[tuple[int, int]]:
    """Return the first and last line of each step, without comments and empty lines after it."""
    assert isinstance(document.inner, dict)
    steps = document.inner["steps"]
    after = min(
        (node.line for node in document.inner.values() if node.line > steps.line),
        default=len(text) + 1,
    )
    assert isinstance(steps.inner, list)
    begins = [node.line for node in steps.inner]
    lines = []
    for first, beyond in zip(begins, [*begins[1:], after], strict=True):
        last = max(first, beyond - 1)
        while last > first and not "".join(text[last - 1 : last]).partition("#")[0].strip():
            last -= 1
        lines.append((first, last))
    return lines
