"""A file of ``monolith_hooks`` with a change, and the lines that must run to show it."""

from __future__ import annotations

import ast
from collections.abc import Collection
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

PACKAGE: Final = "monolith_hooks"
MUTATED: Final = (
    "action_files",
    "barrier_ops",
    "checkpoint_state",
    "ckpt_hooks",
    "ckpt_info",
    "clock",
    "controller_hooks",
    "device_utils",
    "files",
    "hash_tables",
    "held_barrier",
    "hook_utils",
    "logging_ops",
    "metrics",
    "net_utils",
    "ps_check_hooks",
    "resilient_watch",
    "run_metrics",
    "save_timer",
    "save_utils",
    "server/access",
    "server/address_file",
    "server/addresses",
    "server/audit",
    "server/channels",
    "server/client_lib",
    "server/constants",
    "server/credentials",
    "server/guard",
    "server/operations",
    "server/server_lib",
    "session_hooks",
    "variables",
)
"""The modules that the port has too, and the clock; neither generated code nor the operator's
command, which the port doesn't have."""


@dataclass(frozen=True)
class ChangedSource:
    """A file, relative to the package, with one thing changed.

    ``change`` describes the change to its lines from ``line`` on. ``statement`` has the lines in
    functions of which one must run to show it; it is empty if the import does.
    """

    file: str
    line: int
    change: str
    statement: Collection[int]
    text: str

    @property
    def module(self) -> str:
        """Name by which the module is imported."""
        return f"{PACKAGE}.{self.file.removesuffix('.py').replace('/', '.')}"

    @classmethod
    def of(cls, file: str, before: str, after: str, change: str) -> ChangedSource:
        """Return the change of a file's text into another, described by ``change``."""
        lines = _changed_lines(before.splitlines(), after.splitlines())
        touched = [[each for each in statements(before) if line in each] for line in lines]
        # A line outside all functions, or a function's head, is run by the import.
        is_run_later = all(touched)
        statement = {line for found in touched for each in found for line in each}
        return cls(file, min(lines), change, statement if is_run_later else (), after)


def statements(source: str) -> list[range]:
    """Return the lines of each statement in a function, without the statements nested in it.

    Functions' heads are left out, as defaults are evaluated where the function is defined.
    """
    found: list[range] = []

    def visit(node: ast.AST, inside: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt | ast.ExceptHandler):
                body = getattr(child, "body", None)
                assert child.end_lineno is not None
                end = max(child.lineno + 1, body[0].lineno) if body else child.end_lineno + 1
                if inside and not isinstance(child, ast.FunctionDef):
                    found.append(range(child.lineno, end))
            visit(child, inside or isinstance(child, ast.FunctionDef))

    visit(ast.parse(source), False)
    return found


def _changed_lines(before: list[str], after: list[str]) -> set[int]:
    """Return the lines, from 1, that change, and those on both sides of an addition."""
    lines: set[int] = set()
    matcher = SequenceMatcher(a=before, b=after, autojunk=False)
    for tag, first, beyond, _, _ in matcher.get_opcodes():
        if tag == "insert":
            lines.update({max(first, 1), min(first + 1, len(before))})
        elif tag != "equal":
            lines.update(range(first + 1, beyond + 1))
    return lines
