"""Where the parts of this project lie."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
SCENARIOS: Final = ROOT / "scenarios"
KNOWN_DIFFERENCES: Final = SCENARIOS / "known_differences.yaml"
RECORDED: Final = ROOT / "recorded" / "rust"
NAME: Final = "monolith-hooks-parity"


def version() -> str:
    """This project's version, as it is installed."""
    try:
        return metadata.version(NAME)
    except metadata.PackageNotFoundError:
        return "not installed"


def shown(path: Path) -> str:
    """A path as a person would type it here."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
