"""Observer of the model directory's state files: what they list, and how they are replaced."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, BinaryIO, Final

from parity.spec.steps import STATE_FILES
from parity.spec.trace import Replaced

_FIELD: Final = re.compile(r'(\w+): ("?)(.*)\2')
_PATHS: Final = ("all_model_checkpoint_paths", "exempt_model_checkpoint_paths")
_REAL_TIMES: Final = ("all_model_checkpoint_timestamps", "last_preserved_timestamp")


class WatchedFile:
    """A file that is kept open, so that its successor has another inode.

    Only the lane that has the turn may use it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: BinaryIO | None = None
        self._seen: tuple[int, int, int] | None = None

    def changed(self) -> tuple[Replaced, str] | None:
        """Return how it has changed since the last call and its text, or None if it hasn't."""
        try:
            stat = os.stat(self._path)
        except OSError:
            self.close()
            return None
        now = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        before, self._seen = self._seen, now
        if now == before:
            return None
        if self._open is not None:
            self._open.close()
        self._open = open(self._path, "rb")  # noqa: SIM115 - kept, see above
        replaced: Replaced = "new"
        if before is not None:
            replaced = "in_place" if before[0] == now[0] else "whole"
        return replaced, self._open.read().decode("utf-8", "replace")

    def close(self) -> None:
        """Let it go; if it is seen again it is new."""
        self._seen = None
        if self._open is not None:
            self._open.close()
            self._open = None


class StateFiles:
    """The state files of one model directory."""

    def __init__(self, model_dir: Path) -> None:
        self._files = {name: WatchedFile(model_dir / name) for name in STATE_FILES}

    def changes(self) -> list[dict[str, Any]]:
        """Return the fields of an event for each file that has changed since the last call."""
        return [
            {"file": name, "replaced": changed[0], **_content(changed[1])}
            for name, file in self._files.items()
            if (changed := file.changed()) is not None
        ]

    def close(self) -> None:
        """Let all of them go."""
        for file in self._files.values():
            file.close()


def _content(text: str) -> dict[str, tuple[str, ...]]:
    checkpoints, fields = [], []
    for line in text.splitlines():
        match = _FIELD.fullmatch(line)
        if match is None:
            fields.append(line)
        elif match[1] in _PATHS:
            checkpoints.append(match[3].rpartition("/")[2])
        elif match[1] not in _REAL_TIMES:
            fields.append(f"{match[1]}: {match[3].rpartition('/')[2]}")
    return {"checkpoints": tuple(checkpoints), "fields": tuple(sorted(fields))}
