"""Copies of the builds of the port's dependencies, for a copy of its sources."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_PARTS: Final = (".fingerprint", "build", "deps")
"""Cargo's files of each crate: whether it is fresh, its build script's output, the crate."""
_OWN: Final = ("monolith", "parity")
"""First parts of the names of the port's own crates, which are built where their sources are."""


def copy_builds(target: Path, copy: Path) -> None:
    """Copy what cargo has built in a target folder, unless the copy exists already.

    It only saves a copy of the sources two minutes: where it can't be made, cargo builds anew.
    """
    built = target / "debug"
    if copy.exists() or not built.is_dir():
        return
    copy.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=copy.parent) as folder:
        whole = Path(folder) / "target"
        try:
            for path in _of_dependencies(built):
                _copy(path, whole / "debug" / path.relative_to(built))
            whole.rename(copy)
        except OSError:  # Such as a full disk, or cargo building there at this moment.
            return


def _of_dependencies(built: Path) -> Iterator[Path]:
    for part in _PARTS:
        for path in sorted((built / part).iterdir()):
            name = path.name.removeprefix("lib")
            if not name.startswith(_OWN) and "_test-" not in name:
                yield path


def _copy(path: Path, copy: Path) -> None:
    """Copy a file or a folder with its times, which cargo goes by."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        shutil.copytree(path, copy, symlinks=True)
    else:
        shutil.copy2(path, copy)
