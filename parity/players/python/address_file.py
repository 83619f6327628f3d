"""The address file of a run, which servers publish and the scenario may replace."""

from __future__ import annotations

import contextlib
import re
import socket
from pathlib import Path
from typing import Final

from monolith_hooks.server import constants
from parity.kit.model_folder import write_content
from parity.kit.recorder import EventSink
from parity.kit.state_files import WatchedFile
from parity.spec.steps import FileContent
from parity.spec.trace import AddressEvent

_PORT: Final = re.compile(r":\d+$")
_LOOPBACK: Final = "127.0.0.1"


class AddressFile:
    """Observer and writer of the address file, with the history of published addresses.

    Only the lane that has the turn may use it.
    """

    def __init__(self, folder: Path, recorder: EventSink) -> None:
        self.folder: Final = folder
        self._path = folder / constants.SERVER_ADDR_FILENAME
        self._recorder = recorder
        self._file = WatchedFile(self._path)
        self._seen: str | None = None
        self._sockets = contextlib.ExitStack()
        self._dead: str | None = None
        self._silent: str | None = None
        self.published: list[str] = []
        """Every address that was observed after a session's creation, the oldest first."""

    def look(self) -> None:
        """Record the address if it has changed."""
        changed = self._file.changed()
        if changed is None:
            return
        replaced, text = changed
        if text != self._seen:
            self._seen = text
            self.published.append(text)
            mode = f"{self._path.stat().st_mode & 0o7777:04o}"
            self._recorder.record(
                AddressEvent, text=_PORT.sub(":<port>", text), mode=mode, replaced=replaced
            )

    def write(self, content: FileContent) -> None:
        """Replace the file's content."""
        write_content(self._path, content, self._fill_in)

    def never_answers(self, addr: str) -> bool:
        """Return True for the address of the silent listener."""
        return addr == self._silent

    def text(self) -> str:
        """Return the file's content, or empty text if it doesn't exist or isn't text."""
        try:
            return self._path.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError):
            return ""

    def close(self) -> None:
        """Close the file, and the sockets of ``{dead}`` and ``{silent}``."""
        self._file.close()
        self._sockets.close()

    def _fill_in(self, text: str) -> str:
        text = text.replace("{addr}", self.text())
        if "{dead}" in text:
            # A port that is bound without listening refuses connections, and stays reserved.
            self._dead = self._dead or self._bind(listens=False)
            text = text.replace("{dead}", self._dead)
        if "{silent}" in text:
            self._silent = self._silent or self._bind(listens=True)
            text = text.replace("{silent}", self._silent)
        return text

    def _bind(self, *, listens: bool) -> str:
        listener = self._sockets.enter_context(socket.socket())
        listener.bind((_LOOPBACK, 0))
        if listens:
            listener.listen()
        return f"{_LOOPBACK}:{listener.getsockname()[1]}"
