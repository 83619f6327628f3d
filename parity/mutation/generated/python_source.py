"""Mutants of ``monolith_hooks``, as mutmut's operators make them.

mutmut is in the dependency group ``mutation``. Only its operators are used; the judging is ours.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from parity.base.problems import PortUnavailableError
from parity.mutation.judges.changed_source import MUTATED, ChangedSource, statements

_REFERENCE_ALONE: Final = ("tensors_timestamp", "emit_timer")
"""Functions that the port doesn't have: TensorFlow ops, with nothing to compare them to."""
_LEFT_OUT: Final = ("operator_arg_removal", "operator_string")
"""mutmut's operators that have no counterpart in cargo-mutants.

They make 70 % of its mutants, many of them in names of TensorFlow's ops and in defaults.
"""


def all_changed(package: Path) -> Iterator[ChangedSource]:
    """Yield all mutants of a package, file by file.

    Raises:
        PortUnavailableError: Mutmut isn't installed.
    """
    for name in MUTATED:
        path = package / f"{name}.py"
        yield from changed(f"{name}.py", path.read_text(encoding="utf-8"))


def changed(file: str, source: str) -> Iterator[ChangedSource]:
    """Yield the mutants of one file, without those that give the same text as another.

    Raises:
        PortUnavailableError: Mutmut isn't installed.
    """
    seen = {source}
    found = statements(source)
    for text in _texts(source):
        if text in seen:
            continue
        seen.add(text)
        line, change = _change(source, text)
        statement = next((lines for lines in found if line in lines), range(0))
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
    """Return the lines of functions that the port doesn't have."""
    functions = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef))
    left_out = (each for each in functions if each.name in _REFERENCE_ALONE)
    return {line for each in left_out for line in range(each.lineno, (each.end_lineno or 0) + 1)}


def _change(before: str, after: str) -> tuple[int, str]:
    """Return the first line that differs, counted from 1, and a description of the change."""
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
