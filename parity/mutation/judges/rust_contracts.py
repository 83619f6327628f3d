"""The contracts of the crate monolith-testing as a judge of a mutant of the Rust port."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import threading
from pathlib import Path
from typing import Final

from parity.base.problems import PortUnavailableError
from parity.mutation.judges.python_contracts import CONTRACTS

RUST_CONTRACTS: Final = "monolith-rs/crates/monolith-testing/tests/contracts"
_SECONDS: Final = 150.0
"""Limit of building and running them, which is generous; each wait of theirs ends after 60 s."""
_FAILED: Final = re.compile(r"^test (\S+) \.\.\. FAILED$", re.MULTILINE)


def copy_contracts(root: Path, folder: Path) -> None:
    """Copy the project's contracts into a copy of the port's sources."""
    shutil.rmtree(folder / RUST_CONTRACTS, ignore_errors=True)
    shutil.copytree(root / RUST_CONTRACTS, folder / RUST_CONTRACTS)


def first_red_contract(folder: Path, seconds: float = _SECONDS) -> tuple[str, str] | None:
    """Build and run the contracts of a copy, and return the first that fails, and why.

    Raises:
        PortUnavailableError: Cargo isn't installed.
    """
    cargo = shutil.which("cargo")
    if cargo is None:
        raise PortUnavailableError("there is no Rust toolchain (no cargo on PATH)")
    command = [
        cargo, "test", "--locked", "--package", "monolith-testing", "--test", "contracts",
        "--target-dir", "target",
    ]  # fmt: skip
    with subprocess.Popen(  # noqa: S603 - cargo, from PATH
        command,
        cwd=folder / "monolith-rs",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    ) as process:
        late = threading.Event()

        def end_late() -> None:
            late.set()
            _end(process)

        timer = threading.Timer(seconds, end_late)
        timer.start()
        try:
            output = _until_red(process)
        finally:
            timer.cancel()
            _end(process)
    if late.is_set():
        return CONTRACTS, f"the contracts, hung: no end after {seconds:g} s"
    if process.returncode == 0:
        return None
    return red_contract(output)


def _until_red(process: subprocess.Popen[str]) -> str:
    """Return the output up to the first test that fails: others may hang for the same reason."""
    assert process.stdout is not None
    output = ""
    for line in process.stdout:
        output += line
        if _FAILED.search(line):
            return output
    process.wait()
    return output


def _end(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # The group includes the tests that cargo started.


def red_contract(output: str) -> tuple[str, str]:
    """Return the first failed test in the output of cargo, and the last line of its message."""
    lines = output.strip().splitlines()
    failed = _FAILED.search(output)
    name = f"{CONTRACTS}: {failed[1]}" if failed else CONTRACTS
    return name, lines[-1] if lines else "cargo said nothing"
