"""The files that a run leaves in its model directory."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from parity.spec.trace import LISTED_CHECKPOINTS, LISTED_FILES, OTHER_FILES, UNLISTED_FILES

_TORN: Final = re.compile(r"\.tmp[0-9a-f]{32}$")
"""The end of a temporary file that TensorFlow's own atomic writer leaves if it can't write it."""
_BASES: Final = "|".join(map(re.escape, LISTED_CHECKPOINTS))
_CHECKPOINT: Final = re.compile(rf"((?:{_BASES})--?\d+)(\..*)?")


def files_left(model_dir: Path) -> tuple[str, ...]:
    """Return the canonical names of all files in the folder, sorted (docs/trace-format.md)."""
    files = [
        path.relative_to(model_dir).as_posix() for path in model_dir.rglob("*") if path.is_file()
    ]
    names = {_canonical(file) for file in files if not _is_tensorflows(file)}
    return tuple(sorted(names))


def known_files(model_dir: Path) -> tuple[str, ...]:
    """Return ``files_left`` without other files, of which a temporary one may be there."""
    return tuple(name for name in files_left(model_dir) if name != OTHER_FILES)


def _is_tensorflows(file: str) -> bool:
    return file.startswith(UNLISTED_FILES) or _TORN.search(file) is not None


def _canonical(file: str) -> str:
    match = _CHECKPOINT.fullmatch(file)
    if match is not None:
        return match[1]
    return file if file in LISTED_FILES else OTHER_FILES
