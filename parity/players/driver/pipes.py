"""What a driver prints, read within bounds: the lines of its stdout, the tail of its stderr."""

from __future__ import annotations

import os
import select
import threading
from typing import IO, Final

from parity.spec.protocol import GarbageError, prose, quoted_line

_CHUNK: Final = 64 * 2**10
"""As much as a pipe holds."""
_LOG_BYTES: Final = 16 * 2**10
_LOG_LINES: Final = 20
_LAST_CHUNKS: Final = 16
"""What is read at most of the log of a dead driver: something that outlives it may go on."""


class LineReader:
    r"""Lines of a pipe that is read without waiting; they end at ``\n`` alone.

    No more than a line and a chunk is kept.
    """

    def __init__(self, pipe: IO[bytes]) -> None:
        self._fd = pipe.fileno()
        os.set_blocking(self._fd, False)
        self._kept = bytearray()
        self._searched = 0
        self.ended = False
        """Whether the end of the pipe was read."""

    @property
    def kept(self) -> bytes:
        """What has been read that no line was made of."""
        return bytes(self._kept)

    def read(self) -> bool:
        """Read a chunk if there is one; whether there was."""
        try:
            chunk = os.read(self._fd, _CHUNK)
        except BlockingIOError:
            return False
        self.ended = not chunk
        self._kept += chunk
        return bool(chunk)

    def take(self, longest: int) -> bytes | None:
        """Return the next line, without its end; None if none is whole.

        Raises:
            GarbageError: It is longer than ``longest`` bytes.
        """
        end = self._kept.find(b"\n", self._searched)
        self._searched = len(self._kept)
        if (self._searched if end < 0 else end) > longest:
            raise GarbageError(
                f"a line that is longer than {longest} bytes: {quoted_line(self.kept)}"
            )
        if end < 0:
            return None
        line = bytes(self._kept[:end])
        del self._kept[: end + 1]
        self._searched = 0
        return line


class LogTail:
    """Reads a pipe to its end on a thread of its own and keeps the last lines.

    The tail is replaced as a whole, so that any thread can read it at any time.
    """

    def __init__(self, pipe: IO[bytes]) -> None:
        self._fd = pipe.fileno()
        self._tail = b""
        self._stopped, self._stop = os.pipe()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def text(self) -> str:
        """Return the last lines so far, as they can be shown."""
        tail = self._tail
        lines = tail.decode("utf-8", errors="replace").removesuffix("\n").split("\n")
        if len(tail) == _LOG_BYTES:
            lines[0] = f"...{lines[0]}"
        return prose("\n".join(line.removesuffix("\r") for line in lines[-_LOG_LINES:]))

    def stop(self) -> None:
        """Read what is there and end, though something may still hold the pipe open."""
        os.close(self._stop)
        self._thread.join()
        os.close(self._stopped)

    def _read(self) -> None:
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        poll.register(self._stopped, select.POLLIN)
        last_chunks = _LAST_CHUNKS
        while last_chunks:
            ready = {fd for fd, _ in poll.poll()}
            chunk = os.read(self._fd, _CHUNK) if self._fd in ready else b""
            if not chunk:
                return
            self._tail = (self._tail + chunk)[-_LOG_BYTES:]
            last_chunks -= self._stopped in ready
