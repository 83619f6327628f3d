"""Paths of this project, in a checkout or in an installed package.

A package contains the scenarios, the recorded traces and the facts, but not the Rust port. The
digest of the port's sources identifies the port that a recording shows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).resolve().parents[1]
_CHECKOUT: Final = _PACKAGE.parent

SOURCES: Final = _CHECKOUT if (_CHECKOUT / "monolith-rs" / "Cargo.toml").exists() else None
"""The checkout, in which the port can be built; None in an installed package."""
ROOT: Final = SOURCES or _PACKAGE / "bundled"
SCENARIOS: Final = ROOT / "scenarios"
KNOWN_DIFFERENCES: Final = SCENARIOS / "known_differences.yaml"
FOUND: Final = SCENARIOS / "found"
RECORDED: Final = ROOT / "recorded" / "rust"
SCHEMAS: Final = ROOT / "schemas"
BEHAVIOUR: Final = ROOT / "docs" / "behaviour.md"
REPORTS: Final = Path("reports")
"""The folder of a run's report, relative to the working directory."""
NAME: Final = "monolith-hooks-parity"

_PATTERNS: Final = ("Cargo.toml", "Cargo.lock", "crates/*/Cargo.toml", "crates/*/build.rs")


def version() -> str:
    """Return the installed version of this project."""
    from importlib import metadata  # noqa: PLC0415 - as slow as all else here, and seldom needed

    try:
        return metadata.version(NAME) or "not installed"  # None while it is being installed.
    except metadata.PackageNotFoundError:
        return "not installed"


def own_scenarios() -> Path:
    """Return the folder for a user's new scenarios, which isn't in an installed package."""
    return SCENARIOS if SOURCES else Path.cwd() / "scenarios"


def shown(path: Path) -> str:
    """Return a path as a person would type it here; for an installed scenario, its name."""
    path = path.resolve()
    if SOURCES is None and path.is_relative_to(SCENARIOS):
        return path.relative_to(SCENARIOS).with_suffix("").as_posix()
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def rust_source_digest(root: Path) -> str:
    """Return ``sha256:...`` of the path, length and content of each file, ordered by path."""
    digest = hashlib.sha256()
    for path in sorted(rust_sources(root), key=lambda path: path.relative_to(root).as_posix()):
        content = path.read_bytes()
        name = path.relative_to(root).as_posix()
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return f"sha256:{digest.hexdigest()}"


def rust_sources(root: Path) -> Iterator[Path]:
    """Yield the files that the port is built from."""
    workspace = root / "monolith-rs"
    for pattern in _PATTERNS:
        yield from workspace.glob(pattern)
    for sources in workspace.glob("crates/*/src"):
        yield from sources.rglob("*.rs")
    yield from (root / "monolith_hooks").rglob("*.proto")
