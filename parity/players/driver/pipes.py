"""Bounded readers of a driver's output: the lines of its stdout, the tail of its stderr."""

from __future__ import annotations

import os
import select
import threading
from typing import IO, Final

from parity.spec.protocol import GarbageError, prose, quoted_line

_CHUNK: Final = 64 * 2**10
"""Capacity of a pipe."""
_LOG_BYTES: Final = 16 * 2**10
_LOG_LINES: Final = 20
_LAST_CHUNKS: Final = 16
"""Most chunks read from the log of a dead driver, as a process that outlives it may write on."""


class LineReader:
    r"""Non-blocking reader of a pipe's lines, which only ``\n`` ends.

    It keeps at most a line and a chunk.
    """

    def __init__(self, pipe: IO[bytes]) -> None:
        self._fd = pipe.fileno()
        os.set_blocking(self._fd, False)
        self._kept = bytearray()
        self._searched = 0
        self.ended = False
        """True once the end of the pipe was read."""

    @property
    def kept(self) -> bytes:
        """The bytes that were read and aren't part of a returned line."""
        return bytes(self._kept)

    def read(self) -> bool:
        """Read a chunk, and return True if there was one."""
        try:
            chunk = os.read(self._fd, _CHUNK)
        except BlockingIOError:
            return False
        self.ended = not chunk
        self._kept += chunk
        return bool(chunk)

    def take(self, longest: int) -> bytes | None:
        """Return the next line without its end, or None if none is complete.

        Raises:
            GarbageError: The line is longer than ``longest`` bytes.
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
    """Reader of a pipe's last lines, with a thread of its own.

    Any thread can ask for the tail at any time; what is in the pipe by then is part of it.
    """

    def __init__(self, pipe: IO[bytes]) -> None:
        self._fd = pipe.fileno()
        self._tail = b""
        self._count = 0
        self._ended = False
        self._reading = threading.Lock()
        self._stopped, self._stop = os.pipe()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def position(self) -> int:
        """Return the number of bytes so far."""
        self._catch_up()
        return self._count

    def text(self, since: int = 0, most: int = _LOG_BYTES) -> str:
        """Return the last lines so far, in printable form.

        Args:
            since: The position of the first byte.
            most: Most bytes.
        """
        self._catch_up()
        with self._reading:
            length = min(self._count - since, most)
            tail = self._tail[-length:] if length else b""
            is_cut = length < self._count - since
        lines = tail.decode("utf-8", errors="replace").removesuffix("\n").split("\n")
        if is_cut:
            lines[0] = f"...{lines[0]}"
        return prose("\n".join(line.removesuffix("\r") for line in lines[-_LOG_LINES:]))

    def stop(self) -> None:
        """Read the available output and end, even if a process still holds the pipe open."""
        os.close(self._stop)
        self._thread.join()
        os.close(self._stopped)

    def _read(self) -> None:
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        poll.register(self._stopped, select.POLLIN)
        last_chunks = _LAST_CHUNKS
        while last_chunks and not self._ended:
            ready = {fd for fd, _ in poll.poll()}
            stopped = self._stopped in ready
            with self._reading:
                length = self._read_chunk()
                self._ended = length == 0 or (length is None and stopped)
            last_chunks -= stopped
        with self._reading:
            self._ended = True

    def _catch_up(self) -> None:
        """Read what is in the pipe, as the thread may not have had its turn yet."""
        with self._reading:
            for _ in range(_LAST_CHUNKS):
                if self._ended or not self._read_chunk():
                    break

    def _read_chunk(self) -> int | None:
        """Return the bytes that were read, 0 at the end of the pipe, None if there is nothing."""
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        if not poll.poll(0):
            return None
        chunk = os.read(self._fd, _CHUNK)
        self._tail = (self._tail + chunk)[-_LOG_BYTES:]
        self._count += len(chunk)
        return len(chunk)
