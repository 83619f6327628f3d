"""The command line: its commands in the order of ``--help``, and how it ends.

The exit codes: 0 for success; 1 if the sides differ or break an expectation, and nothing else
is wrong; 2 if something that was given is wrong; 3 if it can't be done here, be it for a player
that isn't available, output that can't be written or a bug of ours; 130 after Ctrl-C.

Each command imports what it needs when it is called, so TensorFlow is loaded only by those that
play on it.
"""

from __future__ import annotations

import functools
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Annotated, Final, NoReturn

import typer

from parity.app.commands import playing, reporting, searching, showing, writing
from parity.app.standard_streams import check_standard_output, standard_streams
from parity.base import project
from parity.base.host import missing_package
from parity.base.problems import OutputError, PortUnavailableError, UsageError
from parity.base.terminal_text import printable

COMMANDS: Final[tuple[Callable[..., None], ...]] = (
    playing.run,
    playing.smoke,
    showing.replay,
    showing.diff,
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
    reporting.render,
    searching.explore,
    searching.fuzz,
    searching.campaign,
    searching.killmatrix,
    searching.mutants,
)
_GIVEN_WRONGLY, _CANNOT, _INTERRUPTED = 2, 3, 130


def _ending(command: Callable[..., None]) -> Callable[..., None]:
    """Wrap the command so that it ends with an exit code, whatever it raises.

    Typer ends with 1 for some errors that it doesn't know, such as a closed pipe or end of input.
    """

    @functools.wraps(command)
    def ended(*args: object, **options: object) -> None:
        try:
            command(*args, **options)
        except typer.Exit:
            raise
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - printed, not hidden
            raise typer.Exit(_tell(error)) from None

    return ended


def _tell(error: BaseException) -> int:
    """Print the error, in one line unless it is a bug of ours, and return the exit code."""
    code = _CANNOT
    match error:
        case UsageError():
            text, code = str(error), _GIVEN_WRONGLY
        case PortUnavailableError() | OutputError():
            text = str(error)
        case KeyboardInterrupt():
            text, code = "interrupted", _INTERRUPTED
        case ModuleNotFoundError() if missing := missing_package(error.name):
            text = missing
        case MemoryError():
            text = "out of memory; free some, or ask for less at once"
        case OSError():
            where = "" if error.filename is None else f"{error.filename}: "
            text = f"{where}{error.strerror or error}; this can't be done here"
        case _:
            text = "".join(traceback.format_exception(error)) + (
                "This is a mistake of monolith-parity's, not of a port: please report it, with "
                "the lines above and the command."
            )
    typer.echo(printable(text), err=True)
    return code


app = typer.Typer(
    name="monolith-parity",
    help="Plays one scenario on several implementations and says where they differ.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # Panels take half of the start of --help, and break words in columns.
)


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(f"{project.NAME} {project.version()}")
        raise typer.Exit


@app.callback()
def _of_all(
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_say_version, help="Say the version, and exit."
        ),
    ] = False,
) -> None:
    pass


for command in COMMANDS:
    app.command()(_ending(command))


@functools.cache
def _parser() -> Callable[[], object]:
    """Return the commands with their options, which Typer takes 20 ms to find out."""
    return typer.main.get_command(app)


def main() -> NoReturn:
    """Run a command and exit; any error but a bug of ours is printed in one line.

    SIGTERM ends it as Ctrl-C does: it stops what it started, and keeps what was done.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with standard_streams():
        code = _run()
    sys.exit(code)


def _run() -> str | int | None:
    code: str | int | None = 0
    try:
        check_standard_output()
        _parser()()
    except SystemExit as end:
        code = end.code
    except OutputError as error:
        return _tell(error)
    try:
        check_standard_output()
    except OutputError as error:
        return _tell(error)
    return code
