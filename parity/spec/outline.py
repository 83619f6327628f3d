"""The parts of a scenario's file with their lines, from the text alone, as a record has it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from parity.base import content_cache
from parity.base.model import Model, frozen
from parity.base.strict_yaml import Node, YamlError, parse_yaml
from parity.spec.loading import reader_digest
from parity.spec.scenario import Scenario


class Outline(Model):
    """A scenario, and the lines of its parts, which count from 1.

    ``steps`` has the first and the last line of each step, without comments and empty lines after
    it. ``lines`` has the line of each key, and of each entry of a list, such as ``hooks[2]``.
    """

    scenario: Any
    steps: tuple[tuple[int, int], ...]
    lines: dict[str, int]

    def line_of(self, path: str) -> int:
        """Return the line of a path such as ``hooks[2].call``, or of what of it has a line."""
        part = path.partition(".")[0]
        return self.lines.get(part) or self.lines.get(part.partition("[")[0]) or 1


def read_outline(text: str) -> tuple[Scenario, Outline] | None:
    """Return the scenario of a text and its outline, or None if it is none.

    The outline is cached, as parsing YAML takes longer than all else.
    """
    cache = content_cache.opened()
    key = {
        "outline": hashlib.sha256(text.encode()).hexdigest(),
        "reader": reader_digest(),
    }
    try:
        kept = None if cache is None else cache.get(key)
        if kept is not None:
            outline = Outline.model_validate(frozen(json.loads(kept)))
            return Scenario.model_validate(outline.scenario), outline
        document = parse_yaml(text)
        value = None if document is None else document.value
        scenario = Scenario.model_validate(frozen(value))
    except (YamlError, ValueError):  # ValidationError is one.
        return None
    assert document is not None
    outline = _outline(document, text.split("\n"))
    if cache is not None:
        cache.put(key, outline.model_dump_json())
    return scenario, outline


def _outline(document: Node, text: list[str]) -> Outline:
    assert isinstance(document.inner, dict)
    keys = {key: node.line for key, node in document.inner.items()}
    entries = {
        f"{key}[{i}]": entry.line
        for key, node in document.inner.items()
        for i, entry in enumerate(node.inner if isinstance(node.inner, list) else ())
    }
    begins = [line for path, line in entries.items() if path.startswith("steps[")]
    after = min((line for line in keys.values() if line > keys["steps"]), default=len(text) + 1)
    return Outline(
        scenario=document.value,
        steps=tuple(
            (first, _without_comments(first, max(first, beyond - 1), text))
            for first, beyond in zip(begins, [*begins[1:], after], strict=True)
        ),
        lines={**keys, **entries},
    )


def _without_comments(first: int, last: int, text: list[str]) -> int:
    while last > first and not "".join(text[last - 1 : last]).partition("#")[0].strip():
        last -= 1
    return last
