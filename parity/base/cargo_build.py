"""The build of the port's driver by cargo.

Only what ``begun_for`` needs is imported before cargo is started: what a run imports then takes
half a second, in which cargo is at work.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Final

from parity.base import project
from parity.base.cargo_messages import CargoMessage, errors_in, read_messages, reason_of
from parity.base.problems import PortDoesNotCompileError, PortUnavailableError

_BUILD: Final = (
    "build", "--locked", "--quiet", "--package", "parity-driver",
    "--message-format", "json", "--target-dir", "target",
)  # fmt: skip
_BUILD_SECONDS: Final = 900
_QUICK_SECONDS: Final = 2.0
"""Duration after which a build is announced; one with nothing to do is faster."""


@contextlib.contextmanager
def begun_for(peer: str | None) -> Iterator[DriverBuild | None]:
    """Begin to build the driver for the block if this peer, as a user asks for it, needs it."""
    if peer not in (None, "rust") or project.SOURCES is None:
        yield None
        return
    with DriverBuild(project.SOURCES) as build:
        yield build


def build_driver(root: Path, tell: Callable[[str], None] | None = None) -> Path:
    """Build the port's driver, and return its path; fast if it is already built.

    Raises:
        PortDoesNotCompileError: Its sources don't compile; the message is the compiler's.
        PortUnavailableError: It can't be built here; the message is the reason, in one line.
    """
    with DriverBuild(root) as build:
        return build.driver(tell)


class DriverBuild:
    """A build of the port's driver, which goes on while its caller does other work.

    The build is in the folder of its sources, whatever CARGO_TARGET_DIR is: there a mutant's
    build could replace the correct one. Leaving the ``with`` block before it is over ends it
    with all its processes.

    Args:
        root: The folder that has ``monolith-rs``.
    """

    def __init__(self, root: Path) -> None:
        self._folder = root / "monolith-rs"
        self._began = time.monotonic()
        self._process: subprocess.Popen[str] | None = None
        self._why_not = "there is no Rust toolchain (no cargo on PATH)"
        # Files, as nobody empties a pipe before ``driver`` is called.
        self._stdout, self._stderr = (
            tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - closed in __exit__
            for _ in range(2)
        )
        cargo = shutil.which("cargo")
        if cargo is not None:
            self._start(cargo)

    def __enter__(self) -> DriverBuild:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            if self._process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._stdout.close()
        self._stderr.close()

    def driver(self, tell: Callable[[str], None] | None = None) -> Path:
        """Wait for the end of the build, and return the driver's path.

        ``tell`` is called with a line if the build takes longer than one that has nothing to do.

        Raises:
            PortDoesNotCompileError: Its sources don't compile; the message is the compiler's.
            PortUnavailableError: It can't be built here; the message is the reason, in one line.
        """
        if self._process is None:
            raise PortUnavailableError(self._why_not)
        if not self._ends_within(_QUICK_SECONDS):
            if tell is not None:
                tell("building the Rust port (cargo build in monolith-rs/)")
            if not self._ends_within(_BUILD_SECONDS):
                raise PortUnavailableError(f"cargo build took more than {_BUILD_SECONDS} s")
        messages, stderr = read_messages(_all_of(self._stdout)), _all_of(self._stderr)
        if self._process.returncode == 0:
            return _executable(messages)
        errors = errors_in(self._folder, messages, stderr)
        if errors:
            raise PortDoesNotCompileError(
                f"{errors}\n\n"
                "the Rust port doesn't compile, so recorded traces don't stand in for it"
            )
        raise PortUnavailableError(f"cargo build failed: {reason_of(messages, stderr)}")

    def _start(self, cargo: str) -> None:
        try:
            self._process = subprocess.Popen(  # noqa: S603 - cargo, from PATH
                [cargo, *_BUILD],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=self._stdout,
                stderr=self._stderr,
                text=True,
                start_new_session=True,
            )
        except OSError as error:
            self._why_not = f"{cargo} can't be run: {error.strerror}"

    def _ends_within(self, seconds: float) -> bool:
        """Return whether the build is over so many seconds after it began, waiting until then."""
        assert self._process is not None
        try:
            self._process.wait(max(0.0, self._began + seconds - time.monotonic()))
        except subprocess.TimeoutExpired:
            return False
        return True


def _all_of(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


def _executable(messages: list[CargoMessage]) -> Path:
    for message in reversed(messages):
        if message.executable:
            return Path(message.executable)
    raise PortUnavailableError("cargo build succeeded but named no executable")
