"""The player ``rust``: the port in monolith-rs/, built here."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Final

from parity.digest import rust_source_digest
from parity.players.driver import DriverPlayer
from parity.problems import PortUnavailableError

_BUILD_SECONDS: Final = 900


def build_driver(root: Path) -> Path:
    """Build the port's driver and say where it is; quick if it is built already.

    It is in the folder of its sources whatever CARGO_TARGET_DIR says: a mutant's would
    take the place of the sound one there.

    Raises:
      PortUnavailableError: it can't be built; the message is the reason, in one line.
    """
    cargo = shutil.which("cargo")
    if cargo is None:
        raise PortUnavailableError("there is no Rust toolchain (no cargo on PATH)")
    command = [
        cargo, "build", "--locked", "--quiet", "--bin", "parity-driver",
        "--message-format", "json-render-diagnostics", "--target-dir", "target",
    ]  # fmt: skip
    try:
        built = subprocess.run(  # noqa: S603 - cargo, from PATH
            command,
            cwd=root / "monolith-rs",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_BUILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PortUnavailableError(f"cargo build took more than {_BUILD_SECONDS} s") from None
    except OSError as error:
        raise PortUnavailableError(f"{cargo} can't be run: {error.strerror}") from None
    if built.returncode != 0:
        raise PortUnavailableError(f"cargo build failed: {_reason(built.stderr)}")
    return _executable(built.stdout)


def rust_player(root: Path, driver: Path, limit: float) -> DriverPlayer:
    """The player, once it has said that it was built from the sources that are here.

    Raises:
      PortUnavailableError: it can't be started, or was built from other sources.
    """
    player = DriverPlayer("rust", [str(driver)], limit)
    hello = player.start()
    here = rust_source_digest(root)
    if hello.source_digest != here:
        player.close()
        raise PortUnavailableError(
            f"rust: {driver} was built from {hello.source_digest}, the sources are {here}; "
            "cargo build in monolith-rs/ would be right"
        )
    return player


def _executable(messages: str) -> Path:
    for line in reversed(messages.splitlines()):
        message = json.loads(line) if line.startswith("{") else {}
        if message.get("executable"):
            return Path(message["executable"])
    raise PortUnavailableError("cargo build succeeded but named no executable")


def _reason(stderr: str) -> str:
    """The first error that cargo named, with its deepest cause, in one line."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line.removeprefix("error: ") for line in lines if line.startswith("error")]
    reason = errors[0] if errors else "it said nothing"
    if "Caused by:" in lines and lines[-1] != reason:
        reason = f"{reason} ({lines[-1]})"
    return reason
