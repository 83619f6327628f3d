"""Command line of ``monolith-controller``, which parses and prints; ``operating`` does the work.

It starts without TensorFlow, so that an operator doesn't wait for its import.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from enum import StrEnum
from typing import Annotated, Final

import typer

from monolith_hooks.clock import SYSTEM_CLOCK, Clock
from monolith_hooks.controller_words import Answer, document, sentence
from monolith_hooks.operating import (
    LOOK_SECONDS,
    ClosedSessionError,
    NoAccessError,
    Operator,
    OperatorError,
    RefusedError,
    checked_addr,
    find_addr,
)
from monolith_hooks.server.channels import ClientAccess
from monolith_hooks.server.credentials import AccessError

_INTERRUPTED: Final = 130

_HELP: Final = """Stop, resume, save and inspect a training run through its controller.

\b
status   the global step, and whether training runs
blocked  the workers that the barrier holds
stop     hold every worker after its current step
resume   release the workers
save     write a checkpoint, and wait until it is written

\b
Exit codes:
  0  done
  1  the controller refused: already stopped, a save that failed, no right to it
  2  wrong usage, no address found, or a file of access that can't be used
  3  nothing reachable at the address
  4  no answer within --timeout; the request may still be performed
  130  interrupted
"""


class Action(StrEnum):
    """The actions of the command line."""

    STATUS = "status"
    BLOCKED = "blocked"
    STOP = "stop"
    RESUME = "resume"
    SAVE = "save"


_FOR_GOOD: Final = (RefusedError, NoAccessError)
"""Errors that a restart of the chief doesn't cure."""
_LOOKS: Final = (Action.STATUS, Action.BLOCKED)
_WAITS: Final = (Action.STOP, Action.RESUME)
_DONE: Final = {
    Action.STOP: "stopped: each worker is held after its current step",
    Action.RESUME: "resumed",
    Action.SAVE: "saved",
}


@dataclasses.dataclass(frozen=True)
class Invocation:
    """A parsed command line."""

    action: Action
    model_dir: str | None
    addr: str | None
    timeout: float
    watch: float | None
    as_json: bool
    wait: bool = False
    through_restarts: bool = False
    access: ClientAccess = ClientAccess()  # noqa: RUF009 - frozen

    def find(self) -> str:
        """Return the controller's current address, as a recreated session has another one."""
        if self.addr is not None:
            return checked_addr(self.addr)
        assert self.model_dir is not None
        return find_addr(self.model_dir)


def operate(asked: Invocation, clock: Clock = SYSTEM_CLOCK) -> int:
    """Ask once, or repeatedly until an error occurs, and return the exit code."""
    is_gone = False
    while True:
        try:
            addr, answer = _ask(asked, clock)
        except OperatorError as error:
            may_return = asked.watch is not None and asked.through_restarts
            if not is_gone or not may_return:
                _print_error(error, asked)
            if asked.watch is None or not may_return or isinstance(error, _FOR_GOOD):
                return error.exit_code
            is_gone = True
            clock.sleep(asked.watch)
            continue
        is_gone = False
        if asked.as_json:
            typer.echo(json.dumps({"action": asked.action.value, "addr": addr, **document(answer)}))
        else:
            at = (
                f"{time.strftime('%H:%M:%S', time.localtime(clock.now()))}  " if asked.watch else ""
            )
            typer.echo(at + (sentence(answer) or _DONE[asked.action]))
        if asked.watch is None:
            return 0
        sys.stdout.flush()
        clock.sleep(asked.watch)


def _ask(asked: Invocation, clock: Clock) -> tuple[str, Answer]:
    """Return the address and its answer; with ``--wait``, go on at that of a recreated session.

    A recreated session's barrier is cleared (B36), so all is asked anew there.
    """
    addr = asked.find()
    deadline = clock.now() + asked.timeout
    while True:
        try:
            return addr, _ask_at(addr, asked, clock)
        except ClosedSessionError:
            closed = addr
            while addr == closed:
                if not asked.wait or clock.now() >= deadline:
                    raise
                clock.sleep(LOOK_SECONDS)
                addr = asked.find()


def _ask_at(addr: str, asked: Invocation, clock: Clock) -> Answer:
    operator = Operator(addr, asked.timeout, asked.access)
    try:
        match asked.action:
            case Action.STATUS:
                return operator.status()
            case Action.BLOCKED:
                return operator.blocked()
            case Action.STOP:
                operator.stop()
                if asked.wait:
                    operator.wait_for("stopped", clock)
            case Action.RESUME:
                operator.resume()
                if asked.wait:
                    operator.wait_for("running", clock)
            case Action.SAVE:
                operator.save()
        return None
    finally:
        operator.close()


def _print_error(error: OperatorError, asked: Invocation) -> None:
    if asked.as_json:
        document = {
            "action": asked.action.value,
            "error": str(error),
            "check": error.check,
            "code": error.code,
            "exit_code": error.exit_code,
        }
        typer.echo(json.dumps(document))
    else:
        typer.echo(f"{error}\n{error.check}", err=True)


app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # Panels cut the names of options off at 80 columns.
)


@app.command(help=_HELP, no_args_is_help=True)
def control(
    action: Annotated[Action, typer.Argument(help="What to do.")],
    model_dir: Annotated[
        str | None, typer.Option(help="The run's model directory, which has the address file.")
    ] = None,
    addr: Annotated[str | None, typer.Option(help="The address, host:port, instead.")] = None,
    timeout: Annotated[
        float, typer.Option(min=0.001, help="Seconds that a call may take; a save may need more.")
    ] = 10.0,
    watch: Annotated[
        float | None,
        typer.Option(min=0.1, help="status, blocked: look again after this many seconds."),
    ] = None,
    through_restarts: Annotated[
        bool, typer.Option(help="With --watch: go on while the chief is gone.")
    ] = False,
    wait: Annotated[
        bool, typer.Option(help="stop, resume: until all workers are held, or none is.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON object a line.")] = False,
    ca: Annotated[
        str | None,
        typer.Option(
            help="Speak TLS: a PEM file of the authorities of the server's certificate.",
        ),
    ] = None,
    cert: Annotated[
        str | None,
        typer.Option(help="PEM file of your own certificate."),
    ] = None,
    key: Annotated[str | None, typer.Option(help="PEM file of its key.")] = None,
    server_name: Annotated[
        str | None,
        typer.Option(
            help="The name in the server's certificate, if it isn't the address's host.",
        ),
    ] = None,
    token_file: Annotated[
        str | None,
        typer.Option(help="File with your token, which only you can read."),
    ] = None,
    proxy: Annotated[
        str | None,
        typer.Option(
            help="http://HOST:PORT of a proxy to use; the environment's are ignored.",
        ),
    ] = None,
) -> None:
    """Check the options that depend on each other, then ask."""
    if (model_dir is None) == (addr is None):
        found = "neither" if addr is None else "both"
        raise typer.BadParameter(f"expected one of --model-dir and --addr, got {found}")
    if watch is not None and action not in _LOOKS:
        raise typer.BadParameter(
            f"--watch: expected the action status or blocked, got {action.value}"
        )
    if wait and action not in _WAITS:
        raise typer.BadParameter(
            f"--wait: expected the action stop or resume, got {action.value}; a save always waits"
        )
    if through_restarts and watch is None:
        raise typer.BadParameter("--through-restarts: expected --watch as well")
    try:
        access = ClientAccess(ca, cert, key, server_name, token_file, proxy)
    except AccessError as error:
        raise typer.BadParameter(str(error)) from None
    try:
        code = operate(
            Invocation(
                action, model_dir, addr, timeout, watch, as_json, wait, through_restarts, access
            )
        )
    except KeyboardInterrupt:
        code = _INTERRUPTED
    raise typer.Exit(code)


def main() -> None:
    """Run the command."""
    app(prog_name="monolith-controller")
