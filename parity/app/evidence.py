"""The evidence for each clause of docs/behaviour.md, from everything that claims to cover it.

Scenarios and interop cases do so with ``covers``, tests with the mark
``@pytest.mark.covers("B12a")`` on themselves, their class or their module.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from parity.base import project
from parity.base.model import Model
from parity.interop.cases.catalogue import all_cases
from parity.spec.facts import Clause, known_facts
from parity.spec.loading import load_all

_MARK: Final = "pytest.mark.covers"


class Evidence(Model):
    """The names of everything that covers one clause."""

    scenarios: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    """Cases of interop, as ``StopTraining/first``."""
    tests: tuple[str, ...] = ()
    """Tests, as ``tests/x.py::test_y``; there are none in an installed package."""

    def any(self) -> bool:
        """Return whether there is any evidence."""
        return bool(self.scenarios or self.cases or self.tests)


def evidence() -> dict[str, Evidence]:
    """Return the evidence for each clause that anything covers, by the clause's number."""
    scenarios = [(file.name, file.scenario.covers) for file in load_all([])]
    cases = [(f"{case.method}/{case.name}", case.covers) for case in all_cases()]
    tests = list(covering_tests(project.SOURCES)) if project.SOURCES else []
    covered = {item for _, covers in (*scenarios, *cases, *tests) for item in covers}
    return {
        item: Evidence(
            scenarios=_covering(item, scenarios),
            cases=_covering(item, cases),
            tests=_covering(item, tests),
        )
        for item in covered
    }


def open_clauses() -> tuple[Clause, ...]:
    """Return the clauses with neither evidence nor a reason for having none, in the page's order.

    Only a checkout has the tests, so an installed package reports more clauses as open.
    """
    found = evidence()
    return tuple(
        clause
        for fact in known_facts().values()
        for clause in fact.clauses
        if clause.unobserved is None and clause.number not in found
    )


def covering_tests(root: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each marked test below ``root``, with the clauses that its marks name."""
    for path in sorted((root / "tests").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if _MARK in text:
            name = path.relative_to(root).as_posix()
            for test, covers in _marked(ast.parse(text), ()):
                yield f"{name}::{test}", covers


def _marked(
    node: ast.Module | ast.ClassDef, outer: tuple[str, ...]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for each in node.body:
        if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == "pytestmark":
            outer = (*outer, *_covers([each.value]))
    for each in node.body:
        if isinstance(each, ast.ClassDef):
            yield from _marked(each, (*outer, *_covers(each.decorator_list)))
        elif isinstance(each, ast.FunctionDef) and each.name.startswith("test"):
            covers = (*outer, *_covers(each.decorator_list))
            if covers:
                yield each.name, covers


def _covers(marks: Sequence[ast.expr]) -> Iterator[str]:
    """Yield the arguments of each call of the mark, also within a list of marks."""
    for mark in marks:
        for call in ast.walk(mark):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == _MARK:
                yield from (str(ast.literal_eval(argument)) for argument in call.args)


def _covering(item: str, among: Sequence[tuple[str, tuple[str, ...]]]) -> tuple[str, ...]:
    return tuple(name for name, covers in among if item in covers)
