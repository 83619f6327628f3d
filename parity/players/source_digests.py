"""What a play depends on beside its scenario, so that two machines can be compared."""

from __future__ import annotations

import hashlib
import platform
import shlex
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from parity.base import project
from parity.base.content_cache import source_digest
from parity.players.choose import PlayerSpec, choose_player

_OURS: Final = ("parity", "fakes", "monolith_hooks")
_PACKAGES: Final = ("absl-py", "grpcio", "hypothesis", "numpy", "protobuf", "tensorflow")
SHOWN: Final = 12
"""Digits of a digest: enough to tell two apart, and to read."""


def sources_here(specs: Sequence[PlayerSpec]) -> dict[str, str]:
    """Return a digest or version of everything that plays of these players depend on here.

    Our Python is looked at once in each process, with its first use: what is loaded stays.
    """
    return {**_python_here(), **dict(each for spec in specs for each in _of_player(spec))}


def player_here(spec: PlayerSpec) -> PlayerSpec:
    """Return the same player on this machine, which may have the project elsewhere.

    Raises:
        PortUnavailableError: The port can't be built here.
    """
    return choose_player("rust").spec if spec.kind == "rust" else spec


@cache
def _python_here() -> dict[str, str]:
    found = {"python": f"{platform.python_implementation()} {platform.python_version()}"}
    for name in _OURS:
        spec = find_spec(name)
        assert spec is not None, "it is installed with this package"
        assert spec.origin is not None, "it has an __init__.py"
        found[name] = source_digest(Path(spec.origin).parent)[:SHOWN]
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "none"
    return found


def _of_player(spec: PlayerSpec) -> Iterator[tuple[str, str]]:
    match spec.kind:
        case "rust":
            root = project.SOURCES
            digest = "none" if root is None else project.rust_source_digest(root)
            yield "monolith-rs", digest.removeprefix("sha256:")[:SHOWN]
        case "hooks":
            yield spec.where, _file_digest(Path(spec.where))
        case "recorded":
            folder = Path(spec.where) if spec.where else project.RECORDED
            recordings = hashlib.sha256()
            for path in sorted(folder.rglob("*.json")):
                recordings.update(f"{path.relative_to(folder)}\0{_file_digest(path)}".encode())
            yield spec.where or "recorded", recordings.hexdigest()[:SHOWN]
        case "command":
            # The program itself may be a Python, of which each machine has its own.
            for word in shlex.split(spec.where)[1:]:
                yield word, _file_digest(Path(word))


def _file_digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:SHOWN]
    except (OSError, ValueError):
        return "none"
