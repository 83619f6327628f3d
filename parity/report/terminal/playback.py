"""Going through the moments of a play: all at once, at a speed, or one by one."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.live import Live

from monolith_hooks.clock import Clock
from parity.report.terminal.moments import Play
from parity.report.terminal.picture import line, picture

Ask = Callable[[], str | None]
"""Waits for a line of the user's; None if there will be none."""


def print_all(play: Play, console: Console) -> None:
    """Every event, a line each."""
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
