"""Names and comments in Rust, made from those in Python."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Final, Literal, get_args, get_origin

from parity.base.model import Model
from parity.spec import faults, hooks, interop, protocol, rpcs, scenario, steps, trace

_NO_NAMES: Final = {
    "127.0.0.1": "V4", "::1": "V6", "controller_server_addr.txt": "controller_server_addr",
}  # fmt: skip
"""Words that can't be the names of variants, with the names used instead."""
_SPEC: Final = (faults, hooks, interop, protocol, rpcs, scenario, steps, trace)
_NAMES: Final = {
    alias: name
    for module in _SPEC
    for name, alias in vars(module).items()
    if get_origin(alias) is Literal
}


def name_of(words: object) -> str:
    """Return the specification's name for a set of words."""
    return _NAMES[words]


def variants(words: object) -> tuple[str, Iterator[tuple[str, str]]]:
    """Return serde's rule for the names of a set of words, and each word with its variant.

    The rule is empty if no rule gives all of them.
    """
    all_words: tuple[str, ...] = get_args(words)
    rules = (
        rule
        for rule, write in _RULES.items()
        if all(write(camel(word)) == word for word in all_words)
    )
    return next(rules, ""), ((word, camel(word)) for word in all_words)


def camel(word: str) -> str:
    """Return the name of a variant: ``LongWord`` of ``long_word``."""
    word = _NO_NAMES.get(word, word)
    parts = (part.capitalize() if part in (part.lower(), part.upper()) else part
             for part in word.split("_"))  # fmt: skip
    return "".join(parts)


def doc(model: type[Model], indent: str = "") -> list[str]:
    """Return the docstring of a model as a comment."""
    return comment(inspect.cleandoc(model.__doc__ or ""), indent)


def comment(text: str, indent: str = "") -> list[str]:
    """Return a text as a doc comment."""
    return [f"{indent}/// {line}".replace("``", "`").rstrip() for line in text.splitlines()]


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).removeprefix("_")


_RULES: Final[dict[str, Callable[[str], str]]] = {
    "PascalCase": lambda name: name,
    "snake_case": _snake,
    "UPPERCASE": lambda name: name.upper(),
    "SCREAMING_SNAKE_CASE": lambda name: _snake(name).upper(),
}
"""Serde's rules for variants, each with the function that applies it to a name."""
