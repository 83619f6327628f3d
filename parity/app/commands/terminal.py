"""The console that commands print on: text that others wrote steers no terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from parity.base.terminal_text import printable


class PrintableConsole(Console):
    """Shows control characters that stand in text; styles and cursor movements are its own."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Render as any console does, and show what would steer a terminal."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else printable(text), style, control)


def console_on(file: TextIO) -> Console:
    """A console that takes text as it is: no markup, no emoji by name, nothing highlighted."""
    return PrintableConsole(file=file, highlight=False, markup=False, emoji=False)
