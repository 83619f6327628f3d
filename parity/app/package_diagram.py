"""The diagram of the packages in docs/images/packages.svg, drawn from their imports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from markupsafe import escape

from parity.base import project

IMAGE: Final = project.ROOT / "docs" / "images" / "packages.svg"
_ROOTS: Final = ("parity", "fakes", "monolith_hooks")
_BOX: Final = (150, 34)
_CELL: Final = (180, 76)

Arrows = Mapping[str, frozenset[str]]
"""The packages that each package imports."""


def package_diagram() -> str:
    """Return the diagram as SVG, with each package above those that it imports.

    Raises:
        ValueError: The packages' imports form a cycle.
    """
    arrows = _arrows()
    rows = _rows(arrows)
    width, height = max(map(len, rows)) * _CELL[0], len(rows) * _CELL[1]
    at = {
        package: (
            round(width / 2 + (i - (len(row) - 1) / 2) * _CELL[0]),
            round((level + 0.5) * _CELL[1]),
        )
        for level, row in enumerate(rows)
        for i, package in enumerate(row)
    }
    half = _BOX[1] / 2
    lines = [
        f'<path d="M{at[a][0]},{at[a][1] + half:g} L{at[b][0]},{at[b][1] - half - 5:g}"/>'
        for a, b in _not_implied(arrows)
    ]
    boxes = [
        f'<rect x="{x - _BOX[0] / 2:g}" y="{y - half:g}" width="{_BOX[0]}" height="{_BOX[1]}"/>'
        f'<text x="{x}" y="{y + 5}">{escape(package)}</text>'
        for package, (x, y) in at.items()
    ]
    return "\n".join([_HEAD.format(width=width, height=height), *lines, *boxes, "</svg>", ""])


_HEAD: Final = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" \
aria-label="The packages, each above what it imports">
<style>
rect {{ fill: #eef3f8; stroke: #40607f; rx: 6px }}
text {{ font: 15px sans-serif; text-anchor: middle; fill: #12222f }}
path {{ stroke: #40607f; fill: none; marker-end: url(#end) }}
</style>
<marker id="end" viewBox="0 0 10 10" refX="7" refY="5" markerWidth="7" markerHeight="7" \
orient="auto"><polygon points="0,0 10,5 0,10" fill="#40607f"/></marker>"""


def _arrows() -> Arrows:
    import grimp  # noqa: PLC0415 - of the extra dev

    graph = grimp.build_graph(*_ROOTS, cache_dir=None)
    found: dict[str, set[str]] = {}
    for module in graph.modules:
        imported = map(_package, graph.find_modules_directly_imported_by(module))
        found.setdefault(_package(module), set()).update(imported)
    return {
        package: frozenset(imported - {package, "parity"})
        for package, imported in sorted(found.items())
        if package != "parity"
    }


def _package(module: str) -> str:
    """Return the subpackage of parity that a module is in, or the top package of any other."""
    root, _, rest = module.partition(".")
    inside = rest.partition(".")[0]
    return inside if root == "parity" and inside not in ("", "__main__") else root


def _rows(arrows: Arrows) -> list[list[str]]:
    """Return the packages by level, those that import most first."""
    levels: dict[str, int] = {}
    while len(levels) < len(arrows):
        ready = [p for p in arrows if p not in levels and arrows[p] <= levels.keys()]
        if not ready:
            raise ValueError(f"a circle of imports among {sorted(arrows.keys() - levels.keys())}")
        for package in ready:
            levels[package] = max((levels[each] + 1 for each in arrows[package]), default=0)
    return [[p for p in arrows if levels[p] == level] for level in sorted({*levels.values()})][::-1]


def _not_implied(arrows: Arrows) -> list[tuple[str, str]]:
    """Return the arrows that don't follow from two or more others."""
    return [
        (package, imported)
        for package, direct in arrows.items()
        for imported in sorted(direct)
        if not any(imported in _reachable(arrows, other) for other in direct - {imported})
    ]


def _reachable(arrows: Arrows, package: str) -> frozenset[str]:
    return arrows[package].union(*(_reachable(arrows, each) for each in arrows[package]))
