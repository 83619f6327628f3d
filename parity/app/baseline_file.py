"""An editor of scenarios/known_differences.yaml that works line by line.

Only the lines of an entry that changes are touched: comments, order, quotes and
line breaks of everything else stay as people wrote them, which a round trip through
a YAML library doesn't quite do (it moves the comments around an entry that goes).
The result is read again before it replaces the file.
"""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from parity.base.files import replacing
from parity.base.problems import ScenarioError, UsageError
from parity.verdict.known import EntryKey, KnownDifference, KnownDifferences, KnownEntry

_INDENT: Final = "  "
_COMMENT: Final = re.compile(r"\s+#.*")


@dataclass
class KnownEdit:
    """The changes to make to the list, by scenario and channel."""

    removed: set[EntryKey] = field(default_factory=set)
    changed: dict[EntryKey, KnownDifference] = field(default_factory=dict)
    added: list[KnownDifference] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.removed or self.changed or self.added)


def edit_known(path: Path, edit: KnownEdit) -> None:
    """Apply the edit to the file, whole or not at all.

    A comment right above an entry that is removed goes with it.

    Raises:
        ScenarioError: The file isn't valid.
        UsageError: It is laid out so that it can't be edited.
    """
    before = KnownDifferences.load(path)
    text = path.read_text(encoding="utf-8") if path.exists() else "differences: []\n"
    lines = text.removesuffix("\n").split("\n")
    for entry in sorted(before.entries, key=lambda entry: entry.line, reverse=True):
        if entry.known.key in edit.removed:
            del lines[_first_line(lines, entry) - 1 : _last_line(lines, entry)]
        elif changed := edit.changed.get(entry.known.key):
            _change(lines, entry, changed)
    lines += [line for known in edit.added for line in _written(known)]
    wanted = [
        *(edit.changed.get(each.known.key, each.known) for each in before.entries
          if each.known.key not in edit.removed),
        *edit.added,
    ]  # fmt: skip
    _name_list(lines, empty=not wanted)
    _replace(path, "\n".join(lines) + "\n", wanted)


def _first_line(lines: list[str], entry: KnownEntry) -> int:
    """Return the number, from 1, of an entry's first line, including the comment above it."""
    first = entry.line
    while not lines[first - 1].lstrip().startswith("-"):
        first -= 1
    while first > 1 and lines[first - 2].lstrip().startswith("#"):
        first -= 1
    return first


def _last_line(lines: list[str], entry: KnownEntry) -> int:
    return _end_of_value(lines, max(entry.lines.values()))


def _end_of_value(lines: list[str], line: int) -> int:
    """Return the last line of a value that begins here, which ends before a shallower line."""
    depth = len(_INDENT) + _depth(lines[line - 1])
    end = line
    while end < len(lines) and lines[end].strip() and _depth(lines[end]) >= depth:
        end += 1
    return end


def _depth(line: str) -> int:
    """Return the indentation of this line's key; a dash before it counts as a space."""
    return len(line) - len(line.lstrip(" -"))


def _change(lines: list[str], entry: KnownEntry, to: KnownDifference) -> None:
    """Rewrite the keys that changed, from the bottom up, and keep the comments behind them."""
    old, new = entry.known.model_dump(), to.model_dump()
    for key, line in sorted(entry.lines.items(), key=lambda item: item[1], reverse=True):
        if old[key] != new[key]:
            end = _end_of_value(lines, line)
            head, _, value = lines[line - 1].partition(":")
            comment = _COMMENT.search(value)
            written = _yaml({key: new[key]}).strip().partition(":")[2]
            lines[line - 1 : end] = [f"{head}:{written}{comment[0] if comment else ''}"]


def _written(known: KnownDifference) -> list[str]:
    entry = _yaml([known.model_dump(exclude_none=True)])
    return textwrap.indent(entry, _INDENT).removesuffix("\n").split("\n")


def _yaml(value: Any) -> str:
    yaml = YAML()
    yaml.width = 10_000
    stream = io.StringIO()
    yaml.dump(value, stream)
    return stream.getvalue()


def _name_list(lines: list[str], *, empty: bool) -> None:
    """Write ``differences: []`` for an empty list, and ``differences:`` for any other."""
    right = "differences: []" if empty else "differences:"
    for i, line in enumerate(lines):
        if line.startswith("differences:"):
            comment = _COMMENT.search(line)
            lines[i] = right + (comment[0] if comment else "")
            return
    lines.insert(0, right)


def _replace(path: Path, text: str, wanted: Iterable[KnownDifference]) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
        try:
            got = [entry.known for entry in KnownDifferences.load(temporary).entries]
        except ScenarioError:
            got = []
        if got != list(wanted):
            raise UsageError(
                f"{path}: can't be edited as it is laid out; expected entries one below "
                "another, each key on a line of its own"
            )
