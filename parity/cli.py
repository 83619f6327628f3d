"""The command line: its commands in the order of ``--help``, and how it ends.

TensorFlow is imported only by the commands that play on it, and only then: what a command
works with is imported within it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final, NoReturn

import typer

from parity.commands import playing, reporting, searching, watching, writing
from parity.problems import PortUnavailableError, UsageError
from parity.terminal_text import printable

COMMANDS: Final[tuple[Callable[..., None], ...]] = (
    playing.run,
    watching.replay,
    watching.diff,
    writing.validate,
    writing.new,
    writing.schema,
    writing.explain,
    playing.interop,
    playing.record,
    playing.baseline,
    reporting.checklist,
    reporting.export_trace,
    reporting.compare,
    reporting.merge,
    searching.explore,
    searching.fuzz,
    searching.killmatrix,
    searching.mutants,
)

app = typer.Typer(
    name="monolith-parity",
    help="Plays one scenario on several implementations and says where they differ.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for command in COMMANDS:
    app.command()(command)


def main() -> NoReturn:
    """Run a command; what is the user's to mend is said without a traceback."""
    try:
        app()
    except UsageError as error:
        typer.echo(printable(str(error)), err=True)
        sys.exit(2)
    except PortUnavailableError as error:
        typer.echo(printable(str(error)), err=True)
        sys.exit(3)
    sys.exit(0)
