"""The shrinking of a scenario to the smallest one of which something is still true.

It works on the document, as a file would have it, without knowing what a scenario means: it
removes items of lists, resets options to their defaults, and makes numbers and times smaller;
invalid scenarios aren't tried. So it shrinks any scenario, not only generated ones, and needs
no change for additions to the model.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from parity.base.model import canonical_json
from parity.search.fuzz.case import Document, document_of, scenario_of
from parity.spec.scenario import Scenario
from parity.spec.units import format_duration, parse_duration

Path = tuple[str | int, ...]
Interesting = Callable[[Scenario], bool]

_ROUND_TIMES: Final = (0, 1000, 30_000, 60_000)
"""Times that are easy to read, in milliseconds; 30 s and 60 s are the hooks' own."""


@dataclass
class Shrinker:
    """A search for smaller scenarios that are still interesting.

    Args:
        interesting: Plays a scenario; must return True for the first one.
        attempts: The number of plays that it may take.
        seconds: The real time that it may take; a play that hangs takes its player's limit.
    """

    interesting: Interesting
    attempts: int = 600
    seconds: float = 120.0

    def __post_init__(self) -> None:
        self._ends = time.monotonic() + self.seconds
        self._tried: set[str] = set()

    def smallest(self, scenario: Scenario) -> Scenario:
        """Return the smallest scenario that was found, of which nothing can be left out."""
        best = document_of(scenario)
        passes = (_shorter_lists, _plain_options, _smaller_numbers, _single_branches)
        while True:
            before = canonical_json(best)
            for candidates in passes:
                best = self._until_none_helps(best, candidates)
            if canonical_json(best) == before or self._is_over():
                break
        smallest = scenario_of(best)
        assert smallest is not None, "only valid ones are kept"
        return smallest

    def _is_over(self) -> bool:
        return not self.attempts or time.monotonic() > self._ends

    def _until_none_helps(
        self, best: Document, candidates: Callable[[Document], Iterator[Document]]
    ) -> Document:
        found = True
        while found:
            found = False
            for candidate in candidates(best):
                if self._holds(candidate):
                    best, found = candidate, True
                    break
        return best

    def _holds(self, document: Document) -> bool:
        text = canonical_json(document)
        if text in self._tried or self._is_over():
            return False
        self._tried.add(text)
        scenario = scenario_of(document)
        if scenario is None:
            return False
        self.attempts -= 1
        return self.interesting(scenario)


def _shorter_lists(document: Document) -> Iterator[Document]:
    """Yield documents without a part of a list, from half to one item; steps first."""
    lists = [(path, value) for path, value in _nodes(document) if isinstance(value, list)]
    lists.sort(key=lambda each: (each[0] != ("steps",), len(each[0])))
    for path, items in lists:
        size = len(items)
        while size:
            for start in range(len(items) - size, -1, -size):
                yield _with(document, path, items[:start] + items[start + size :])
            size //= 2


def _plain_options(document: Document) -> Iterator[Document]:
    """Yield documents with one option left out, which resets it to its default."""
    for path, value in _nodes(document):
        if isinstance(value, dict):
            for key in value:
                # An empty list of hooks is smaller than the default hooks.
                if path or key not in ("about", "steps", "hooks"):
                    rest = {k: v for k, v in value.items() if k != key}
                    yield from _if_smaller(document, _with(document, path, rest))


def _if_smaller(document: Document, candidate: Document) -> Iterator[Document]:
    """Yield the candidate in its normal form, if it is valid and differs from the document."""
    scenario = scenario_of(candidate)
    if scenario is not None:
        normal = document_of(scenario)
        if canonical_json(normal) != canonical_json(document):
            yield normal


def _smaller_numbers(document: Document) -> Iterator[Document]:
    """Yield documents with one smaller number or time; defaults stay, as they are the simplest."""
    for path, value in _nodes(document):
        if isinstance(value, bool) or _is_default(document, path):
            continue
        if isinstance(value, int):
            smaller = {0, 1, value // 2, value - 1}
            for number in sorted(each for each in smaller if 0 <= each < value):
                yield _with(document, path, number)
        elif isinstance(value, str) and (time := _time(value)) is not None:
            rounder = {*_ROUND_TIMES, time // 2000 * 1000}
            for number in sorted(each for each in rounder if each < time):
                yield _with(document, path, format_duration(number))


def _is_default(document: Document, path: Path) -> bool:
    if not path or not isinstance(path[-1], str):
        return False
    without = copy.deepcopy(document)
    node: Any = without
    for part in path[:-1]:
        node = node[part]
    del node[path[-1]]
    return not any(_if_smaller(document, without)) and scenario_of(without) is not None


def _single_branches(document: Document) -> Iterator[Document]:
    """Yield documents with a background or concurrent steps on the main lane instead."""
    steps = document["steps"]
    for i, step in enumerate(steps):
        plain = [step["background"]] if "background" in step else step.get("concurrently")
        if plain:
            yield _with(document, ("steps",), [*steps[:i], *plain, *steps[i + 1 :]])


def _nodes(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every value in the document with its path, from the outside in."""
    yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _nodes(item, (*path, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _nodes(item, (*path, i))


def _with(document: Document, path: Path, value: object) -> Document:
    """Return the document with another value in one place."""
    if not path:
        assert isinstance(value, dict)
        return value
    changed = copy.deepcopy(document)
    node: Any = changed
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = value
    return changed


def _time(text: str) -> int | None:
    try:
        return parse_duration(text)
    except ValueError:
        return None
