"""The last run that was kept, as the tables and curves of docs/performance.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from benchmarks import curves
from benchmarks.measuring import Bench
from parity.base.files import write_whole
from parity.base.model import frozen

LAST: Final = Path(__file__).with_name("last.json")
PAGE: Final = Path(__file__).parents[1] / "docs" / "performance.md"
_BEGIN, _END = "<!-- the figures of dev.py bench -->\n", "<!-- end -->\n"


def last() -> Bench:
    """Return the last run that was kept.

    Raises:
        FileNotFoundError: None was.
    """
    return Bench.model_validate(frozen(json.loads(LAST.read_text(encoding="utf-8"))))


def with_tables(text: str, bench: Bench) -> str:
    """Return the page's text with the tables of this run."""
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}{_tables(bench)}{_END}{after}"


def write_page(bench: Bench) -> None:
    """Put the tables and the curves of this run into the page."""
    write_whole(PAGE, with_tables(PAGE.read_text(encoding="utf-8"), bench))
    if bench.growths:
        write_whole(curves.IMAGE, curves.curves(bench.growths))


def _tables(bench: Bench) -> str:
    ratios = [
        f"| {each.name} | {each.median:.2f} times {each.floor} "
        f"| {each.low:.2f} to {each.high:.2f} |"
        for each in bench.ratios
    ]
    growths = [
        f"| {each.name} | {each.exponent:.2f} | "
        f"{', '.join(f'{point.size}: {point.seconds:.2g} s' for point in each.points)} |"
        for each in bench.growths
    ]
    versions = ", ".join(f"{name} {version}" for name, version in bench.versions.items())
    return "\n".join(
        [
            f"{bench.machine}; {versions}.",
            "",
            "| what | median | middle half of the rounds |",
            "| --- | --- | --- |",
            *ratios,
            "",
            "| what grows | exponent | real seconds by size |",
            "| --- | --- | --- |",
            *growths,
            "",
        ]
    )
