"""The playback of a play's moments: all at once, at a speed, or one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from monolith_hooks.clock import Clock
from parity.report.terminal.moments import (
    Moment,
    MomentRow,
    Play,
    SideState,
    fault_in_words,
    fields_of,
)

_MARK: Final = "≠"
_STYLES: Final = {" ": "", "-": "red", "+": "green", "*": "yellow"}


def line(row: MomentRow, *, comparing: bool = False, first_difference: bool = False) -> Text:
    """Return a row in full on one line."""
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
    """Return virtual time as seconds."""
    return f"{ms / 1000:.3f}"


def picture(play: Play, at: int, names: tuple[str, ...], height: int) -> RenderableType:
    """Return the clock, the lanes and the events so far, for a screen of that many lines."""
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


def _barrier(side: SideState) -> str:
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


def _doing(side: SideState, lane: str) -> str:
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


Ask = Callable[[], str | None]
"""Waits for a line from the user; returns None at the end of input."""


def print_all(play: Play, console: Console) -> None:
    """Print every event, one per line."""
    for i in range(len(play.moments)):
        _print_line(play, i, console)


def show_live(
    play: Play, names: tuple[str, ...], speed: float, clock: Clock, console: Console
) -> None:
    """Show one moment after the other on a terminal, ``speed`` of them a second."""
    if not play.moments:
        return
    height = console.height
    with Live(picture(play, 0, names, height), console=console, auto_refresh=False) as live:
        for i in range(len(play.moments)):
            live.update(picture(play, i, names, height), refresh=True)
            if i + 1 < len(play.moments):
                clock.sleep(1 / speed)


def step_through(play: Play, names: tuple[str, ...], ask: Ask, console: Console) -> None:
    """Show a moment each time that the user asks for the next; ``b`` goes back, ``q`` stops."""
    at = 0
    while at < len(play.moments):
        if console.is_terminal:
            console.clear()
            console.print(picture(play, at, names, console.height - 1))
            console.print("Enter: next   b: back   q: stop ", end="", style="dim")
        else:
            _print_line(play, at, console)
        answer = ask()
        if answer is None or answer.strip() == "q":
            return
        at = max(0, at - 1) if answer.strip() == "b" else at + 1


def _print_line(play: Play, i: int, console: Console) -> None:
    moment = play.moments[i]
    text = line(
        moment.row,
        comparing=moment.second is not None,
        first_difference=i == play.first_difference,
    )
    console.print(text, soft_wrap=True)
