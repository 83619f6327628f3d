"""A run's model directory, as traces and matrices show it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

ADDRESS_FILE: Final = "controller_server_addr.txt"
_CHECKPOINT: Final = re.compile(r"(model\.ckpt-\d+)(\..*)?")


def files_left(model_dir: Path) -> list[str]:
    """The canonical names (docs/trace-format.md) of what is in it."""
    left = set()
    for path in model_dir.iterdir():
        if path.name in {"checkpoint", ADDRESS_FILE}:
            left.add(path.name)
        elif match := _CHECKPOINT.fullmatch(path.name):
            left.add(match[1])
    return sorted(left)
