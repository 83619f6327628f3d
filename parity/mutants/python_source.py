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

from parity.problems import PortUnavailableError

PACKAGE: Final = "monolith_hooks"
MUTATED: Final = (
    "action_files",
    "barrier_ops",
    "controller_hooks",
    "device_utils",
    "files",
    "hook_utils",
    "logging_ops",
    "net_utils",
    "ps_check_hooks",
    "save_utils",
    "server/address_file",
    "server/client_lib",
    "server/constants",
    "server/server_lib",
    "session_hooks",
)
"""What the port has too. Not the clock, which is injected, generated code, or the operator's
command, which the port doesn't have."""


@dataclass(frozen=True)
class Changed:
    """A file, relative to the package, with one thing changed.

    ``change`` is what becomes of its lines from ``line`` on. ``function`` is the function
    whose run can show the change: ``BarrierOp.place_barrier``; None if the import does.
    """

    file: str
    line: int
    change: str
    function: str | None
    text: str

    @property
    def module(self) -> str:
        """As it is imported."""
        return f"{PACKAGE}.{self.file.removesuffix('.py').replace('/', '.')}"


def all_changed(package: Path) -> Iterator[Changed]:
    """All of a package's mutants, file by file.

    Raises:
      PortUnavailableError: mutmut isn't installed.
    """
    for name in MUTATED:
        path = package / f"{name}.py"
        yield from changed(f"{name}.py", path.read_text(encoding="utf-8"))


def changed(file: str, source: str) -> Iterator[Changed]:
    """All of one file's, without those that give the same text as another.

    Raises:
      PortUnavailableError: mutmut isn't installed.
    """
    seen = {source}
    functions = _functions(source)
    for text in _texts(source):
        if text in seen:
            continue
        seen.add(text)
        line, change = _change(source, text)
        function = next((name for name, lines in functions if line in lines), None)
        yield Changed(file, line, change, function, text)


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
    visitor = MutationVisitor(mutation_operators, IgnoredCode(set(), set(), set()))
    module: Any = MetadataWrapper(libcst.parse_module(source)).visit(visitor)
    for mutation in visitor.mutations:
        yield module.deep_replace(mutation.original_node, mutation.mutated_node).code


def _functions(source: str) -> list[tuple[str, range]]:
    """The outermost functions and methods, and the lines of their bodies.

    Not of their heads: defaults are evaluated where the function is defined.
    """
    found: list[tuple[str, range]] = []

    def visit(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno is not None
                lines = range(node.body[0].lineno, node.end_lineno + 1)
                found.append((prefix + node.name, lines))
            elif isinstance(node, ast.ClassDef):
                visit(node.body, f"{prefix}{node.name}.")

    visit(ast.parse(source).body, "")
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
