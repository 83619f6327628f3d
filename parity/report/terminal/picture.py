"""A moment as it is shown: lines for a file or a pipe, a picture for a terminal.

Signs say what colours say, so that nothing is lost without them.
"""

from __future__ import annotations

from typing import Final

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from parity.report.terminal.moments import Moment, Play, Row, Side
from parity.report.terminal.words import fault_in_words, fields_of

_MARK: Final = "≠"
_STYLES: Final = {" ": "", "-": "red", "+": "green", "*": "yellow"}


def line(row: Row, *, comparing: bool = False, first_difference: bool = False) -> Text:
    """One thing that happened, on one line; all of it."""
    if row.fault is not None:
        struck = "" if row.struck else "  (strikes nobody)"
        kind, said = "fault", f"{fault_in_words(row.fault)}{struck}"
    else:
        assert row.event is not None
        kind, said = row.event.kind, fields_of(row.event)
    sign = f"{_MARK if first_difference else ' '}{row.sign} " if comparing else ""
    text = f"{sign}{seconds(row.ms):>9} s  {row.lane:<16} {kind:<12} {said}".rstrip()
    style = _STYLES[row.sign] if comparing or row.fault is not None else ""
    return Text(text, style=f"{style} reverse" if first_difference else style)


def seconds(ms: int) -> str:
    """Virtual time."""
    return f"{ms / 1000:.3f}"


def picture(play: Play, at: int, names: tuple[str, ...], height: int) -> RenderableType:
    """The clock, the lanes, and the events so far, on a screen of that many lines."""
    moment = play.moments[at]
    lanes = Panel(_lanes(play, moment, names), title="lanes", title_align="left")
    room = max(3, height - len(play.lanes) - 8)
    return Group(_headline(play, at, moment), lanes, _events(play, at, room))


def _headline(play: Play, at: int, moment: Moment) -> Text:
    text = Text.assemble(
        (f"{seconds(moment.row.ms)} s", "bold cyan"),
        f"  {at + 1} of {len(play.moments)}",
        f"  barrier: {_barrier(moment.first)}",
    )
    if moment.second is not None and moment.second.blocked != moment.first.blocked:
        text.append(f" | {_barrier(moment.second)}", "bold red")
    if play.first_difference is not None and at >= play.first_difference:
        row = play.moments[play.first_difference].row
        where = f"{seconds(row.ms)} s on {row.lane}"
        text.append(f"  {_MARK} first difference at {where}", "bold red")
    return text


def _barrier(side: Side) -> str:
    held = ", ".join(str(index) for index in side.blocked if index)
    placed = "placed" if 0 in side.blocked else "not placed"
    return f"{placed}, holds {held}" if held else placed


def _lanes(play: Play, moment: Moment, names: tuple[str, ...]) -> Table:
    table = Table(box=None, expand=True, pad_edge=False)
    table.add_column("", no_wrap=True)
    for name in names:
        table.add_column(name, ratio=1, no_wrap=True)
    for lane in play.lanes:
        sides = [moment.first] if moment.second is None else [moment.first, moment.second]
        cells = [_doing(side, lane) for side in sides]
        differ = len(set(cells)) > 1
        now = lane == moment.row.lane
        style = "bold red" if differ else "bold" if now else ""
        table.add_row(f"{'>' if now else ' '} {lane}", *cells, style=style)
    return table


def _doing(side: Side, lane: str) -> str:
    doing = side.doing.get(lane, "")
    kind, _, index = lane.partition("-")
    held = kind == "worker" and index.isdigit() and int(index) in side.blocked
    return f"held by the barrier; {doing}".removesuffix("; ") if held else doing


def _events(play: Play, at: int, room: int) -> Table:
    table = Table.grid()
    table.add_column(no_wrap=True, overflow="ellipsis")
    comparing = play.moments[0].second is not None
    for i in range(max(0, at + 1 - room), at + 1):
        first = i == play.first_difference
        text = line(play.moments[i].row, comparing=comparing, first_difference=first)
        table.add_row(text)
    return table
