"""The command ``python -m benchmarks``, which measures, compares and keeps figures.

``--gate`` exits with 1 if something is slower than the last run that was kept, which is
``benchmarks/last.json``; ``--keep`` has this run take its place, also in docs/performance.md.
"""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.measuring import Bench, Growth, Ratio, slower
from benchmarks.page import LAST, last, write_page
from parity.base.files import write_whole
from parity.report.report import versions


def bench(
    out: Annotated[Path, typer.Option(help="Where the figures go.")] = Path("reports/bench.json"),
    gate: Annotated[
        bool, typer.Option("--gate", help="Exit with 1 if something is slower.")
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Compare later runs with this one.")] = False,
    only: Annotated[str, typer.Option(help="Some of training,calling,playing,starting.")] = "",
    growths: Annotated[bool, typer.Option(help="Measure how plays grow as well.")] = True,
) -> None:
    """Measure ratios and growth, and print a line for each."""
    asked = only.split(",") if only else ["training", "calling", "playing", "starting"]
    found = _measured(asked, growths=growths)
    write_whole(out, found.model_dump_json(indent=2) + "\n")
    if gate:
        worse = slower(last(), found) if LAST.exists() else []
        for line in worse:
            print(f"slower: {line}")
        if worse:
            raise typer.Exit(1)
    if keep:
        write_whole(LAST, out.read_text(encoding="utf-8"))
        write_page(found)


def _measured(asked: list[str], *, growths: bool) -> Bench:
    from benchmarks import calling, playing, starting, training
    from parity.players.python.quiet import quiet_tensorflow

    quiet_tensorflow()
    ratios: list[Ratio] = []
    grown: list[Growth] = []

    def tell(each: Ratio) -> None:
        spread = f"{each.low:.2f} to {each.high:.2f}"
        print(f"{each.name}: {each.median:.2f} times {each.floor} ({spread})", flush=True)
        ratios.append(each)

    for name, module in (("training", training), ("calling", calling), ("starting", starting)):
        if name in asked:
            for each in module.ratios():
                tell(each)
    if "playing" in asked:
        with playing.players() as sides:
            for each in playing.ratios(*sides):
                tell(each)
            for growth in playing.growths(*sides) if growths else ():
                at = ", ".join(f"{point.size}: {point.seconds:.3g} s" for point in growth.points)
                print(f"{growth.name}: exponent {growth.exponent:.2f} ({at})", flush=True)
                grown.append(growth)
    return Bench(
        machine=f"{platform.machine()}, {os.cpu_count()} cores",
        versions=dict(versions()),
        ratios=tuple(ratios),
        growths=tuple(grown),
    )


if __name__ == "__main__":
    typer.run(bench)
