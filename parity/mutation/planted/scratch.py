"""A copy of the sources to plant bugs in, so that the checkout is never touched."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from parity.base.files import write_whole
from parity.mutation.judges.interop import CASES, INTEROP
from parity.mutation.judges.python_contracts import CONTRACTS, OPTION_TESTS, PYTHON_CONTRACTS
from parity.mutation.judges.rust_contracts import RUST_CONTRACTS
from parity.mutation.planted.copied_builds import copy_builds
from parity.mutation.planted.planted import REFERENCE, Language, PlantedBug

_SOURCES: Final[dict[Language, tuple[tuple[str, str], ...]]] = {
    "rust": (
        ("monolith-rs", "Cargo.*"),
        ("monolith-rs/crates", "*/Cargo.toml"),
        ("monolith-rs/crates", "*/build.rs"),
        ("monolith-rs/crates", "*/src/**/*.rs"),
        (REFERENCE, "**/*.proto"),
    ),
    "python": ((REFERENCE, "**/*.py"),),
}
"""The sources of each side: folders, and patterns in them."""
_TARGET: Final = Path("monolith-rs") / "target"
"""The folder in which cargo builds the port."""


class Scratch:
    """One side's sources in a folder of their own.

    The folder is kept from bug to bug and from run to run. Only files whose content
    differs are written, so that a build does no more than it must.
    """

    def __init__(self, root: Path, folder: Path, side: Language) -> None:
        self.folder: Final = folder
        self._root = root
        self._side = side

    def refresh(self) -> None:
        """Make the copy equal to the project's sources; a new one gets builds of dependencies."""
        if self._side == "rust":
            copy_builds(self._root / _TARGET, self.folder / _TARGET)
        wanted = set(source_files(self._root, self._side))
        for old in set(source_files(self.folder, self._side)) - wanted:
            (self.folder / old).unlink()
        for path in wanted:
            self._write(path, (self._root / path).read_bytes())

    @contextmanager
    def planted(self, bug: PlantedBug) -> Iterator[None]:
        """Plant this bug in the copy within the block.

        Raises:
            UsageError: The text that it replaces doesn't occur exactly once.
        """
        sound = (self._root / bug.path).read_text(encoding="utf-8")
        with self.holding(bug.path, bug.planted_in(sound)):
            yield

    @contextmanager
    def holding(self, path: Path, text: str) -> Iterator[None]:
        """Give a file of the copy, relative to the project, this text within the block."""
        sound = (self._root / path).read_bytes()
        self._write(path, text.encode())
        try:
            yield
        finally:
            self._write(path, sound)

    def _write(self, path: Path, content: bytes) -> None:
        target = self.folder / path
        if not (target.exists() and target.read_bytes() == content):
            write_whole(target, content)


def source_files(root: Path, side: Language) -> list[Path]:
    """Return one side's sources, relative to the project, in order."""
    found = {
        path.relative_to(root)
        for folder, pattern in _SOURCES[side]
        for path in (root / folder).glob(pattern)
    }
    return sorted(found)


def basis(sources: str, bug: PlantedBug, scenarios: Iterable[str]) -> str:
    """Return a digest of what a bug's result depends on: itself, both sides, the scenarios."""
    return digest_of([bug.model_dump_json(exclude={"breaks", "only_by"}), sources, *scenarios])


def sources_digest(root: Path) -> str:
    """Return a digest of both sides' sources."""
    digest = hashlib.sha256()
    sides: tuple[Language, ...] = ("rust", "python")
    for side in sides:
        for path in source_files(root, side):
            digest.update(f"\0{path}\0".encode() + (root / path).read_bytes())
    return digest.hexdigest()


def judge_texts(root: Path) -> dict[str, list[str]]:
    """Return the sources of interop and of the contracts, by the names of these judges."""
    contracts = [
        *python_texts(root, PYTHON_CONTRACTS),
        *(
            path.read_text(encoding="utf-8")
            for each in OPTION_TESTS
            if (path := root / each).exists()
        ),
        *texts_of(root, RUST_CONTRACTS, "*.rs"),
    ]
    return {INTEROP: python_texts(root, CASES), CONTRACTS: contracts}


def python_texts(root: Path, folder: str) -> list[str]:
    """Return the text of each Python file below a folder of the project, in order.

    Raises:
        FileNotFoundError: There is none, so that a digest of them would never change.
    """
    return texts_of(root, folder, "*.py")


def texts_of(root: Path, folder: str, pattern: str) -> list[str]:
    """Return the text of each file of this pattern below a folder of the project, in order.

    Raises:
        FileNotFoundError: There is none, so that a digest of them would never change.
    """
    texts = [path.read_text(encoding="utf-8") for path in sorted((root / folder).rglob(pattern))]
    if not texts:
        raise FileNotFoundError(f"{root / folder}: expected {pattern} files, found none")
    return texts


def digest_of(texts: Iterable[str]) -> str:
    """Return a digest of these texts, in this order."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode() + b"\0")
    return f"sha256:{digest.hexdigest()}"
