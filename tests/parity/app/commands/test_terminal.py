"""What others wrote steers no terminal, on whatever way it comes to be printed."""

from __future__ import annotations

from io import StringIO

from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from parity.app.commands.terminal import console_on

HOSTILE = "a\x1b[2J\x9b1m\u202eb [red]c[/] :bug: d"
SHOWN = "a\\x1b[2J\\x9b1m\\u202eb [red]c[/] :bug: d"


def printed(renderable, terminal=False):
    file = StringIO()
    console = console_on(file)
    console._force_terminal = terminal
    console.print(renderable, soft_wrap=True, width=200)
    return file.getvalue()


def table():
    made = Table(HOSTILE, min_width=100)
    made.add_row(HOSTILE)
    return made


def test_text_is_shown_whatever_holds_it():
    for renderable in (HOSTILE, Text(HOSTILE), Panel(HOSTILE, title=Text(HOSTILE)), table()):
        text = printed(renderable)
        assert SHOWN in text
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_a_picture_that_moves_is_shown_as_well():
    file = StringIO()
    console = console_on(file)
    console._force_terminal = True
    with Live(Panel(HOSTILE), console=console, auto_refresh=False) as live:
        live.update(table(), refresh=True)
    text = file.getvalue()
    assert "a\\x1b[2J" in text
    assert "\x1b[2J" not in text
    assert "\x1b[" in text, "its own movements are sent"


def test_styles_are_the_consoles_own():
    text = printed(Text("x\x1b[31my", style="bold"), terminal=True)
    assert "x\\x1b[31my" in text
