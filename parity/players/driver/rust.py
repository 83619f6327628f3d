"""The player ``rust``: the port in monolith-rs/, which is built here."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

from parity.base.problems import PortDoesNotCompileError, PortUnavailableError
from parity.base.project import rust_source_digest
from parity.players.driver.cargo_messages import CargoMessage, errors_in, read_messages, reason_of
from parity.players.driver.player import DriverPlayer

_BUILD_SECONDS: Final = 900
_QUICK_SECONDS: Final = 2.0
"""Duration after which a build is announced; one with nothing to do is faster."""


def build_driver(root: Path, tell: Callable[[str], None] | None = None) -> Path:
    """Build the port's driver, and return its path; fast if it is already built.

    The build is in the folder of its sources, whatever CARGO_TARGET_DIR is: there a mutant's
    build could replace the correct one. ``tell`` is called if the build takes longer.

    Raises:
        PortDoesNotCompileError: Its sources don't compile; the message is the compiler's.
        PortUnavailableError: It can't be built here; the message is the reason, in one line.
    """
    cargo = shutil.which("cargo")
    if cargo is None:
        raise PortUnavailableError("there is no Rust toolchain (no cargo on PATH)")
    folder = root / "monolith-rs"
    command = [
        cargo, "build", "--locked", "--quiet", "--package", "parity-driver",
        "--message-format", "json", "--target-dir", "target",
    ]  # fmt: skip
    try:
        status, stdout, stderr = _run(command, folder, tell)
    except subprocess.TimeoutExpired:
        raise PortUnavailableError(f"cargo build took more than {_BUILD_SECONDS} s") from None
    except OSError as error:
        raise PortUnavailableError(f"{cargo} can't be run: {error.strerror}") from None
    messages = read_messages(stdout)
    if status == 0:
        return _executable(messages)
    errors = errors_in(folder, messages, stderr)
    if errors:
        raise PortDoesNotCompileError(
            f"{errors}\n\nthe Rust port doesn't compile, so recorded traces don't stand in for it"
        )
    raise PortUnavailableError(f"cargo build failed: {reason_of(messages, stderr)}")


def rust_player(root: Path, driver: Path, limit: float, *, gives_up: bool = False) -> DriverPlayer:
    """Start the player, and check that it was built from the sources that are here.

    Raises:
        PortUnavailableError: It can't be started, or was built from other sources.
    """
    player = DriverPlayer("rust", [str(driver)], limit, gives_up=gives_up)
    hello = player.start()
    here = rust_source_digest(root)
    if hello.source_digest != here:
        player.close()
        raise PortUnavailableError(
            f"rust: {driver}: expected a build of the sources that are here ({here}), "
            f"got one of {hello.source_digest}; cargo build in monolith-rs/ makes it"
        )
    return player


def _run(
    command: list[str], folder: Path, tell: Callable[[str], None] | None
) -> tuple[int, str, str]:
    """Run cargo, and return its exit status and output; on an error all its processes are killed.

    Raises:
        OSError: It can't be run.
        subprocess.TimeoutExpired: It took too long.
    """
    with subprocess.Popen(  # noqa: S603 - cargo, from PATH
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            try:
                stdout, stderr = process.communicate(timeout=_QUICK_SECONDS)
            except subprocess.TimeoutExpired:
                if tell is not None:
                    tell("building the Rust port (cargo build in monolith-rs/)")
                stdout, stderr = process.communicate(timeout=_BUILD_SECONDS)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
        return process.returncode, stdout, stderr


def _executable(messages: list[CargoMessage]) -> Path:
    for message in reversed(messages):
        if message.executable:
            return Path(message.executable)
    raise PortUnavailableError("cargo build succeeded but named no executable")
