"""The resolution of the plan, by the last results, into ticked and open boxes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from parity.base.model import Model
from parity.report.checklist.plan import BoxPlan, ModulePlan, Plan, Selector
from parity.report.checklist.results import CheckResult, Results, Source


def section_doubt(root: Path, link: str) -> str | None:
    """Say why ``docs/page.md#section`` is no evidence; None if the section exists and has text."""
    name, _, anchor = link.partition("#")
    path = root / name
    if not path.is_file():
        return f"there is no page {name}"
    sections = _sections(path.read_text(encoding="utf-8"))
    if anchor not in sections:
        return f"{name} has no section #{anchor}"
    return None if sections[anchor].strip() else f"{link} is empty"


def _sections(text: str) -> dict[str, str]:
    """Return the text under each heading, down to the next one, by GitHub's anchor for it."""
    sections = {"": text}
    parts = re.split(r"^#+ +(.+)$", text, flags=re.MULTILINE)
    for heading, body in zip(parts[1::2], parts[2::2], strict=True):
        anchor = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        sections.setdefault(anchor, body)
    return sections


State = Literal["ticked", "open"]


class Evidence(Model):
    """The results that a selector found; ``doubt`` says why they aren't green, None if they are."""

    selector: str
    results: tuple[CheckResult, ...] = ()
    doubt: str | None = None


class Box(Model):
    """One box of a module; ``not_applicable`` says what the module has nothing of."""

    title: str
    state: State
    evidence: tuple[Evidence, ...]
    not_applicable: str | None = None


class ModuleChecklist(Model):
    """The boxes of one module of the seed."""

    module: str
    boxes: tuple[Box, ...]


class Checklist(Model):
    """All of it, as ``checklist.json`` has it."""

    modules: tuple[ModuleChecklist, ...]
    totals: dict[State, int]


def make_checklist(plan: Plan, results: Results, root: Path) -> Checklist:
    """Resolve every selector; pages are looked up below ``root``."""
    modules = tuple(
        ModuleChecklist(
            module=field.alias or name,
            boxes=tuple(_boxes(getattr(plan, name), results, root)),
        )
        for name, field in Plan.model_fields.items()
    )
    states: tuple[State, ...] = ("ticked", "open")
    found = [box.state for module in modules for box in module.boxes]
    return Checklist(modules=modules, totals={state: found.count(state) for state in states})


def _boxes(plan: ModulePlan, results: Results, root: Path) -> list[Box]:
    return [
        _box(field.title or name, getattr(plan, name), results, root)
        for name, field in ModulePlan.model_fields.items()
    ]


def _box(title: str, plan: BoxPlan, results: Results, root: Path) -> Box:
    evidence = tuple(_evidence(selector, results, root) for selector in plan.evidence)
    green = all(each.doubt is None for each in evidence)
    return Box(
        title=title,
        state="ticked" if green else "open",
        evidence=evidence,
        not_applicable=plan.not_applicable,
    )


def _evidence(selector: Selector, results: Results, root: Path) -> Evidence:
    pattern = selector.pattern
    match selector.kind:
        case "page":
            return Evidence(selector=str(selector), doubt=section_doubt(root, pattern))
        case "covers":
            return _select(selector, results.scenarios, lambda each: pattern in each.covers)
        case "scenario" | "cluster" as kind:
            source = results.scenarios if kind == "scenario" else results.cluster
            return _select(selector, source, _named(pattern))
        case "interop":
            return _select(selector, results.cells, _named(pattern, r"(/.*)? \(.*\)"))
        case "rust_tests":
            return _select(selector, results.rust_tests, _named(pattern, r"(::.*)?"))
        case "python_tests":
            # A file stands for all its tests, a test for all its parameters.
            tests = results.tests_of(pattern)
            return _select(selector, tests, _named(pattern, r"(::.*|\[.*\])?"))


def _select(selector: Selector, source: Source, fits: Callable[[CheckResult], object]) -> Evidence:
    found = tuple(result for result in source.results if fits(result))
    bad = next((result for result in found if not result.good), None)
    doubt = source.doubt
    if doubt is None and not found:
        doubt = "nothing in the last results is of this name"
    elif bad is not None:
        doubt = f"{bad.name}: {bad.said}"
    return Evidence(selector=str(selector), results=found, doubt=doubt)


def _named(pattern: str, tail: str = "") -> Callable[[CheckResult], object]:
    """Return a test of names: ``*`` is any text, and ``tail`` may follow the pattern."""
    expression = re.compile(".*".join(map(re.escape, pattern.split("*"))) + tail, re.DOTALL)
    return lambda result: expression.fullmatch(result.name)
