"""Files that a scenario writes into the model directory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from parity.kit.unplayable import Unplayable
from parity.spec.steps import FileContent

NEW_FOLDER: Final = "server/new"
"""The folder of a server whose ``folder`` is ``missing``."""


def write_content(
    path: Path, content: FileContent, fill_in: Callable[[str], str] = lambda text: text
) -> None:
    """Replace the file's content, or remove the file.

    Raises:
        Unplayable: The file's folder doesn't exist.
    """
    try:
        if content.text is not None:
            path.write_text(fill_in(content.text), encoding="utf-8", newline="")
        elif content.hex is not None:
            path.write_bytes(bytes.fromhex(content.hex))
        elif path.parent.is_dir():
            path.unlink(missing_ok=True)
    except OSError:
        raise Unplayable(f"{path.name} can't be written: its folder isn't there") from None
