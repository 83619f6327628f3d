"""The console that commands print on, which shows control characters instead of sending them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from parity.base.terminal_text import printable


class PrintableConsole(Console):
    """Console that shows control characters in text; only its own reach the terminal."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Render as any console does, but show control characters."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else printable(text), style, control)


def console_on(file: TextIO) -> Console:
    """Return a console that prints text as it is: no markup, emoji names or highlighting."""
    return PrintableConsole(file=file, highlight=False, markup=False, emoji=False)
