"""What a driver of the Rust port was built from, as one digest.

The port's build script computes the same over the same files, so that a binary or
a recording that no longer matches the sources is found out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

_PROTOS = (
    "monolith_hooks/controller_hooks.proto",
    "monolith_hooks/logging_ops.proto",
    "monolith_hooks/server/service.proto",
)
_PATTERNS = ("Cargo.toml", "Cargo.lock", "crates/*/Cargo.toml", "crates/*/build.rs")


def rust_source_digest(root: Path) -> str:
    """``sha256:...`` over path, length and content of each file, in the order of their paths."""
    digest = hashlib.sha256()
    for path in sorted(_files(root), key=lambda path: path.relative_to(root).as_posix()):
        content = path.read_bytes()
        name = path.relative_to(root).as_posix()
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return f"sha256:{digest.hexdigest()}"


def _files(root: Path) -> Iterator[Path]:
    workspace = root / "monolith-rs"
    for pattern in _PATTERNS:
        yield from workspace.glob(pattern)
    for sources in workspace.glob("crates/*/src"):
        yield from sources.rglob("*.rs")
    yield from (root / proto for proto in _PROTOS)
