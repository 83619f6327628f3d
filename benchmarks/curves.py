"""The growth of plays, as curves of size against time in docs/images/growth.svg.

Both axes are logarithmic, so linear growth is parallel to the grid's diagonal. A growth is named
``what, side``: curves of the same ``what`` share a colour, and all sides but the first are dashed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from markupsafe import escape

from benchmarks.measuring import Growth, Point

IMAGE: Final = Path(__file__).parents[1] / "docs" / "images" / "growth.svg"
_DECADE: Final = 110
"""Width and height of a power of ten, in pixels."""
_LEFT, _TOP, _RIGHT, _BOTTOM = 70, 20, 230, 50
_COLOURS: Final = ("#1b6ca8", "#c2571a", "#2e7d32", "#7b3fa0", "#8a6d00", "#b3261e")


def curves(growths: Sequence[Growth]) -> str:
    """Return the picture of these as SVG.

    Raises:
        ValueError: There are none.
    """
    drawn = [growth for growth in growths if growth.points]
    if not drawn:
        raise ValueError("there is nothing to draw; expected growths with points")
    plot = _Plot([point for growth in drawn for point in growth.points])
    return "\n".join([*plot.lines(drawn), "</svg>", ""])


class _Plot:
    """The plane that contains all of these points."""

    def __init__(self, points: Sequence[Point]) -> None:
        self._sizes = _decades([point.size for point in points])
        self._times = _decades([point.seconds for point in points])

    def lines(self, growths: Sequence[Growth]) -> Iterator[str]:
        right, bottom = self._x(10 ** self._sizes[-1]), self._y(10 ** self._times[0])
        ends = self._spread([growth.points[-1] for growth in growths])
        yield _HEAD.format(width=right + _RIGHT, height=max(bottom + _BOTTOM, max(ends) + 16))
        for power in self._sizes:
            x = self._x(10**power)
            yield f'<path class="grid" d="M{x:g},{_TOP} V{bottom:g}"/>'
            yield f'<text x="{x:g}" y="{bottom + 20:g}" text-anchor="middle">{10**power:,}</text>'
        for power in self._times:
            y = self._y(10**power)
            yield f'<path class="grid" d="M{_LEFT},{y:g} H{right:g}"/>'
            label = f"{10**power:g} s"
            yield f'<text x="{_LEFT - 8}" y="{y + 4:g}" text-anchor="end">{label}</text>'
        title = f'x="{(_LEFT + right) / 2:g}" y="{bottom + 40:g}"'
        yield f'<text {title} text-anchor="middle">number of PS, steps or workers</text>'
        for growth, end, style in zip(growths, ends, _styles(growths), strict=True):
            yield from self._curve(growth, end, *style, right)

    def _curve(
        self, growth: Growth, end: float, colour: str, dashes: str, right: float
    ) -> Iterator[str]:
        at = [(self._x(point.size), self._y(point.seconds)) for point in growth.points]
        path = " L".join(f"{x:.1f},{y:.1f}" for x, y in at)
        yield f'<path d="M{path}" stroke="{colour}"{dashes}/>'
        for x, y in at:
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'
        x, y = at[-1]
        yield f'<path class="lead" d="M{x + 5:.1f},{y:.1f} L{right + 6:g},{end:.1f}"/>'
        place = f'x="{right + 10:g}" y="{end + 4:.1f}"'
        yield f'<text {place} fill="{colour}">{escape(growth.name)}</text>'

    def _x(self, size: float) -> float:
        return _LEFT + (math.log10(size) - self._sizes[0]) * _DECADE

    def _y(self, seconds: float) -> float:
        return _TOP + (self._times[-1] - math.log10(seconds)) * _DECADE

    def _spread(self, ends: Sequence[Point]) -> list[float]:
        """Return the heights of names beside the ends of their curves, without overlap."""
        free, found = 0.0, [0.0] * len(ends)
        for i in sorted(range(len(ends)), key=lambda i: self._y(ends[i].seconds)):
            found[i] = max(free, self._y(ends[i].seconds))
            free = found[i] + 16
        return found


def _decades(values: Sequence[float]) -> range:
    """Return the powers of ten that enclose these values."""
    return range(math.floor(math.log10(min(values))), math.ceil(math.log10(max(values))) + 1)


def _styles(growths: Sequence[Growth]) -> Iterator[tuple[str, str]]:
    """Yield the colour and the dashes of each curve."""
    seen: list[str] = []
    for growth in growths:
        what = growth.name.rpartition(", ")[0]
        dashes = ' stroke-dasharray="6 4"' if what in seen else ""
        if not dashes:
            seen.append(what)
        yield _COLOURS[seen.index(what) % len(_COLOURS)], dashes


_HEAD: Final = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" \
aria-label="Real seconds of a play by its size, both logarithmic">
<style>
text {{ font: 13px sans-serif }}
path {{ fill: none; stroke-width: 2 }}
.grid {{ stroke: #ccd5dd; stroke-width: 1 }}
.lead {{ stroke: #9aa7b3; stroke-width: 1; stroke-dasharray: 1 3 }}
</style>
<rect width="100%" height="100%" fill="#ffffff"/>"""
