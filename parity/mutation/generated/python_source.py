"""Mutants of ``monolith_hooks``, as mutmut's operators make them.

mutmut is in the dependency group ``mutation``. Only what makes mutants is used of it:
how they are judged is ours.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from parity.base.problems import PortUnavailableError

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
    "hook_utils",
    "logging_ops",
    "metrics",
    "net_utils",
    "ps_check_hooks",
    "save_timer",
    "save_utils",
    "server/address_file",
    "server/channels",
    "server/client_lib",
    "server/constants",
    "server/server_lib",
    "session_hooks",
    "variables",
)
"""What the port has too, and the clock. Not generated code, or the operator's command, which
the port doesn't have."""
_REFERENCE_ALONE: Final = ("tensors_timestamp", "emit_timer")
"""Functions that the port doesn't have: TensorFlow ops, with nothing there to compare them to."""
_LEFT_OUT: Final = ("operator_arg_removal", "operator_string")
"""mutmut's operators that cargo-mutants has nothing like.

They make 70 % of its mutants, many of them of names of TensorFlow's ops and of defaults.
"""


@dataclass(frozen=True)
class ChangedSource:
    """A file, relative to the package, with one thing changed.

    ``change`` is what becomes of its lines from ``line`` on. ``statement`` has the lines of
    the statement in a function that must be run to show it; it is empty if the import does.
    """

    file: str
    line: int
    change: str
    statement: range
    text: str

    @property
    def module(self) -> str:
        """As it is imported."""
        return f"{PACKAGE}.{self.file.removesuffix('.py').replace('/', '.')}"


def all_changed(package: Path) -> Iterator[ChangedSource]:
    """All of a package's mutants, file by file.

    Raises:
        PortUnavailableError: mutmut isn't installed.
    """
    for name in MUTATED:
        path = package / f"{name}.py"
        yield from changed(f"{name}.py", path.read_text(encoding="utf-8"))


def changed(file: str, source: str) -> Iterator[ChangedSource]:
    """All of one file's, without those that give the same text as another.

    Raises:
        PortUnavailableError: mutmut isn't installed.
    """
    seen = {source}
    statements = _statements(source)
    for text in _texts(source):
        if text in seen:
            continue
        seen.add(text)
        line, change = _change(source, text)
        statement = next((lines for lines in statements if line in lines), range(0))
        yield ChangedSource(file, line, change, statement, text)


def _texts(source: str) -> Iterator[str]:
    try:
        import libcst  # noqa: PLC0415 - for the mutants alone
        from libcst.metadata import MetadataWrapper  # noqa: PLC0415
        from mutmut.mutation.file_mutation import MutationVisitor  # noqa: PLC0415
        from mutmut.mutation.mutators import mutation_operators  # noqa: PLC0415
        from mutmut.mutation.pragma_handling import IgnoredCode  # noqa: PLC0415
    except ImportError as error:
        raise PortUnavailableError(
            f"mutmut makes the mutants, and can't be imported ({error}); nox -s mutants installs it"
        ) from None
    operators = [
        (node, make) for node, make in mutation_operators if make.__name__ not in _LEFT_OUT
    ]
    visitor = MutationVisitor(operators, IgnoredCode(set(), _reference_alone(source), set()))
    module: Any = MetadataWrapper(libcst.parse_module(source)).visit(visitor)
    for mutation in visitor.mutations:
        yield module.deep_replace(mutation.original_node, mutation.mutated_node).code


def _reference_alone(source: str) -> set[int]:
    """The lines of functions that the port doesn't have."""
    functions = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef))
    left_out = (each for each in functions if each.name in _REFERENCE_ALONE)
    return {line for each in left_out for line in range(each.lineno, (each.end_lineno or 0) + 1)}


def _statements(source: str) -> list[range]:
    """The lines of each statement of a function, without the statements in it.

    Not of functions' heads: defaults are evaluated where the function is defined.
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


def _change(before: str, after: str) -> tuple[int, str]:
    """The first line that isn't the same, from 1, and what becomes of the lines from there on."""
    old, new = before.splitlines(), after.splitlines()
    first = 0
    while old[first : first + 1] == new[first : first + 1]:
        first += 1
    same = 0
    while same < min(len(old), len(new)) - first and old[-1 - same] == new[-1 - same]:
        same += 1
    lines = (_shown(part[first : len(part) - same]) for part in (old, new))
    return first + 1, " -> ".join(lines)


def _shown(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split()) or "nothing"
