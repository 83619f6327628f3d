"""Strict reading of YAML from outside this process: plain values, each with its place.

The values are those of YAML's core schema: text, integers, numbers, booleans, null, lists,
and mappings with text as keys. A date is text. An alias stands for the node it names, and
counts as much. Tags, merge keys and keys other than text are refused.

The parser is ruamel's. Its events are assembled here without recursion, so that depth and
size are bounded before they use resources.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)
from ruamel.yaml.reader import ReaderError

from parity.base.bounds import DEEPEST, LONGEST_LINE, MOST_NODES
from parity.base.core_schema import Scalar, plain_scalar
from parity.base.terminal_text import check_unicode, quoted, shortened

Value = Scalar | tuple["Value", ...] | dict[str, "Value"]


class YamlError(Exception):
    """An error in a YAML text, with its line and column, which count from 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


@dataclass(slots=True)
class Node:
    """A value with its place: that of its key in a mapping, else its own; both count from 1.

    ``inner`` has the nodes of a list or mapping.
    """

    value: Value
    line: int
    column: int
    inner: list[Node] | dict[str, Node] | None = None

    def place(self, path: tuple[int | str, ...]) -> tuple[int, int]:
        """Return the line and column of the deepest existing node along ``path``."""
        node = self._deepest(path)
        return node.line, node.column

    def lines(self, *path: int | str) -> dict[str, int]:
        """Return the line of each key of the mapping at ``path``."""
        inner = self._deepest(path).inner
        return {key: node.line for key, node in inner.items()} if isinstance(inner, dict) else {}

    def _deepest(self, path: tuple[int | str, ...]) -> Node:
        node = self
        for part in path:
            inner = node.inner
            if isinstance(inner, dict) and part in inner:
                node = inner[str(part)]
            elif isinstance(inner, list) and isinstance(part, int) and part < len(inner):
                node = inner[part]
            else:
                break
        return node


def parse_yaml(text: str) -> Node | None:
    """Read the one document of a text; None if it is empty.

    Raises:
        YamlError: It isn't YAML, has features that are refused here, or is too large or deep.
    """
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > LONGEST_LINE:
            raise YamlError(f"a line too long; expected at most {LONGEST_LINE} characters", number)
    builder = _Builder()
    for event in _events(text):
        builder.take(event)
    return builder.root


_OF_THE_PARSER: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""Errors that ruamel's parser leaks, such as chr's error for ``\\U00110000``."""


def _events(text: str) -> Iterator[Event]:
    last: Event | None = None
    try:
        for last in YAML(typ="safe", pure=True).parse(text):
            yield last
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise YamlError(
            f"not YAML: {_in_one_line(error.problem or 'no more is known')}", *where
        ) from None
    except ReaderError as error:
        before = text[: error.position]
        where = (before.count("\n") + 1, error.position - before.rfind("\n"))
        character = f"U+{error.character:04X}"
        raise YamlError(
            f"found the character {character}; expected printable text", *where
        ) from None
    except YAMLError as error:
        raise YamlError(f"not YAML: {_in_one_line(str(error))}") from None
    except _OF_THE_PARSER as error:
        where = _place(last) if last is not None else (1, 1)
        said = _in_one_line(str(error))
        raise YamlError(f"not YAML: after this the parser failed: {said}", *where) from None


def _in_one_line(text: str) -> str:
    return " ".join(text.split())


@dataclass(slots=True)
class _Open:
    """State of a list or mapping that is being read."""

    node: Node
    inner: list[Node] | dict[str, Node]
    anchor: str | None
    counted_before: int
    height: int = 1
    key: str | None = None
    """The key of a mapping whose value comes next."""
    key_place: tuple[int, int] = (1, 1)

    @property
    def awaits_key(self) -> bool:
        return isinstance(self.inner, dict) and self.key is None

    def add(self, node: Node) -> None:
        """Append a node to the list, or set it as the value of the current key."""
        if isinstance(self.inner, list):
            self.inner.append(node)
        else:
            assert self.key is not None, "the parser gives a key before each value"
            self.inner[self.key] = node
            self.key = None

    def close(self) -> Node:
        """Return the finished list or mapping."""
        if isinstance(self.inner, list):
            self.node.value = tuple(node.value for node in self.inner)
        else:
            self.node.value = {key: node.value for key, node in self.inner.items()}
        self.node.inner = self.inner
        return self.node


@dataclass
class _Builder:
    """Builder of nodes from the parser's events."""

    root: Node | None = None
    _open: list[_Open] = field(default_factory=list)
    _anchors: dict[str, tuple[Node, int, int]] = field(default_factory=dict)
    """By anchor: its node, the number of nodes in it, and their depth."""
    _counted: int = 0
    _documents: int = 0

    def take(self, event: Event) -> None:
        """Process the next event.

        Raises:
            YamlError: The event is refused, or the text is too large or too deep.
        """
        match event:
            case AliasEvent():
                self._take_alias(event)
            case ScalarEvent():
                self._check_node(event, event.ctag)
                if self._open and self._open[-1].awaits_key:
                    self._take_key(event)
                else:
                    self._add(self._node(_scalar(event), event), event.anchor, size=1, height=0)
            case CollectionStartEvent():
                self._check_node(event, event.ctag)
                self._start(event)
            case CollectionEndEvent():
                done = self._open.pop()
                size = self._counted - done.counted_before
                self._add(done.close(), done.anchor, size, done.height)
            case DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise _error(event, "found a second document; expected one")
            case _:
                pass

    def _check_node(self, event: NodeEvent, tag: object) -> None:
        self._count(1, event)
        if tag is not None:
            raise _error(event, f"found the tag {quoted(str(tag))}; expected no tags")

    def _take_key(self, event: ScalarEvent) -> None:
        """Use the scalar's text as a key, whatever its value would be."""
        at, key = self._open[-1], event.value
        if key == "<<" and event.implicit[0]:
            raise _error(event, "found a merge key; expected each key written out")
        try:
            check_unicode(key)
        except ValueError as error:
            raise _error(event, str(error)) from None
        if key in at.inner:
            raise _error(event, f"found the key {quoted(key)} twice; expected each key once")
        at.key, at.key_place = key, _place(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = Node(key, *at.key_place), 1, 0

    def _take_alias(self, event: AliasEvent) -> None:
        if event.anchor not in self._anchors:
            raise _error(event, f"*{shortened(event.anchor)} names nothing that stands before it")
        named, size, height = self._anchors[event.anchor]
        if self._open and self._open[-1].awaits_key:
            raise _error(event, "found an alias as a key; expected text")
        self._count(size, event)
        if len(self._open) + height > DEEPEST:
            raise _too_deep(event)
        node = self._node(named.value, event)
        node.inner = named.inner
        self._add(node, None, size, height)

    def _count(self, nodes: int, event: Event) -> None:
        self._counted += nodes
        if self._counted > MOST_NODES:
            raise _error(event, f"too many values; expected at most {MOST_NODES}")

    def _start(self, event: CollectionStartEvent) -> None:
        is_mapping = isinstance(event, MappingStartEvent)
        if self._open and self._open[-1].awaits_key:
            kind = "mapping" if is_mapping else "list"
            raise _error(event, f"found a {kind} as a key; expected text")
        if len(self._open) >= DEEPEST:
            raise _too_deep(event)
        inner: list[Node] | dict[str, Node] = {} if is_mapping else []
        node = self._node(None, event)
        self._open.append(_Open(node, inner, event.anchor, self._counted - 1))

    def _node(self, value: Value, event: Event) -> Node:
        """Return a node with its key's place, or its own if it has no key."""
        at = self._open[-1] if self._open else None
        return Node(value, *(_place(event) if at is None or at.key is None else at.key_place))

    def _add(self, node: Node, anchor: str | None, size: int, height: int) -> None:
        if anchor is not None:
            self._anchors[anchor] = node, size, height
        if self._open:
            at = self._open[-1]
            at.height = max(at.height, height + 1)
            at.add(node)
        else:
            self.root = node


def _place(event: Event) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _error(event: Event, message: str) -> YamlError:
    return YamlError(message, *_place(event))


def _too_deep(event: Event) -> YamlError:
    return _error(event, f"nested too deep; expected at most {DEEPEST} lists and mappings")


def _scalar(event: ScalarEvent) -> Value:
    is_plain = event.implicit[0]
    try:
        check_unicode(event.value)
        return plain_scalar(event.value) if is_plain else str(event.value)
    except ValueError as error:
        raise _error(event, str(error)) from None
