#!/usr/bin/env python3
"""Runs this project's nox sessions on a machine that has nothing but Python.

    python3 dev.py parity          # the parity job
    python3 dev.py tests           # the tests
    python3 dev.py                 # every session that is on by default
    python3 dev.py tests -- -k oom # what follows -- goes to the session

It keeps nox and uv in .venv/ beside this file and touches nothing else: a system's
Python that refuses installs is fine, and one of pip and ensurepip is enough.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST = (3, 11)
TOOLS = ["nox>=2025.5.1", "uv>=0.8"]


def main() -> int:
    """Have nox, then be nox."""
    if sys.version_info < OLDEST:
        print(
            f"dev.py: this is Python {sys.version.split()[0]}; expected 3.11 or later, "
            "such as: python3.11 dev.py",
            file=sys.stderr,
        )
        return 2
    with Path(__file__).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # A second dev.py waits until the first has made .venv.
        if not _has_tools() and not _install_tools():
            return 1
    sessions, separator, rest = _split(sys.argv[1:])
    chosen = ["-s", *sessions] if sessions else []
    environment = {**os.environ, "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"}
    command = [str(PYTHON), "-m", "nox", "-f", str(ROOT / "noxfile.py"), *chosen, *separator, *rest]
    with subprocess.Popen(command, env=environment) as nox:
        while True:
            with contextlib.suppress(KeyboardInterrupt):  # nox has it too, and ends its sessions.
                return nox.wait()


def _split(words: list[str]) -> tuple[list[str], list[str], list[str]]:
    if "--" not in words:
        return words, [], []
    at = words.index("--")
    return words[:at], ["--"], words[at + 1 :]


def _has_tools() -> bool:
    if not PYTHON.exists():
        return False
    found = subprocess.run([str(PYTHON), "-c", "import nox, uv"], capture_output=True, check=False)
    return found.returncode == 0


def _install_tools() -> bool:
    """Make .venv, and have the pip that is here install into it; where there is none, its own.

    Debian's Python has no ensurepip to give .venv a pip, uv's environments have no pip.
    """
    print("dev.py: installing nox and uv into .venv", file=sys.stderr)
    venv = [sys.executable, "-m", "venv", "--clear"]
    install = ["install", "--quiet", *TOOLS]
    if importlib.util.find_spec("pip") is not None:
        pip = [sys.executable, "-m", "pip", "--python", str(PYTHON)]
        commands = [[*venv, "--without-pip", str(VENV)], [*pip, *install]]
    else:
        commands = [[*venv, str(VENV)], [str(PYTHON), "-m", "pip", *install]]
    for command in commands:
        if subprocess.run(command, check=False).returncode:
            print(f"dev.py: this failed: {' '.join(command)}", file=sys.stderr)
            return False
    return True


if __name__ == "__main__":
    sys.exit(main())
