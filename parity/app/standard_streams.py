"""Standard output and standard error that can fail without taking the command with them.

A pipe whose reader has gone, as in ``| head``, or a full disk under ``> file`` shows itself
in the middle of whatever prints: a hook of pytest's, a progress bar, the interpreter's own
exit. So no write fails here: what comes after the first failure is dropped, the command does
its work, and its end says what became of the output (``parity.app.cli``).
"""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TextIO

from parity.base.problems import OutputError

_STDIN, _STDOUT, _STDERR = 0, 1, 2


class StandardStream(io.RawIOBase):
    """A file descriptor of this process; what it can't take is dropped.

    Attributes:
        failure: why something was dropped, once it was.
    """

    def __init__(self, fd: int) -> None:
        self._fd: Final = fd
        self.failure: OSError | None = None

    def fileno(self) -> int:
        """The descriptor."""
        return self._fd

    def isatty(self) -> bool:
        """Return True for a terminal."""
        return os.isatty(self._fd)

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: object) -> int:
        """Write as much as the system takes at once; drop all of it after a failure."""
        view = memoryview(data)  # type: ignore[arg-type]  # A buffer, of whichever type.
        while self.failure is None:
            try:
                return os.write(self._fd, view)
            except BlockingIOError:  # Another process made the pipe so.
                select.select([], [self._fd], [])
            except OSError as error:
                self.failure = error
        return view.nbytes


def check_standard_output() -> None:
    """Notice that what is printed can't be read; for the end, and for what would print for ever.

    Raises:
        OutputError: something that was printed was dropped.
    """
    sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if isinstance(raw, StandardStream) and raw.failure is not None:
        raise OutputError(
            f"standard output: can't be written: {raw.failure.strerror}; let its reader read to "
            "the end, or send it to a file or to /dev/null"
        )


@contextmanager
def standard_streams() -> Iterator[None]:
    """Within the block ``sys.stdout`` and ``sys.stderr`` are standard streams."""
    before = sys.stdout, sys.stderr
    closed = _open_what_is_closed()
    out, err = StandardStream(_STDOUT), StandardStream(_STDERR)
    if _STDOUT in closed:
        out.failure = OSError(errno.EBADF, "it is closed")
    sys.stdout, sys.stderr = _text(out), _text(err)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        sys.stdout, sys.stderr = before


def _open_what_is_closed() -> list[int]:
    """Open closed descriptors on /dev/null: a file of ours would get their numbers.

    What others print would end up in that file.
    """
    closed = []
    for fd in (_STDIN, _STDOUT, _STDERR):
        try:
            os.fstat(fd)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)  # It gets the lowest number that is free.
            os.set_inheritable(opened, True)
            closed.append(fd)
    if _STDIN in closed:
        sys.stdin = open(_STDIN, encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the process
    return closed


def _text(stream: StandardStream) -> TextIO:
    return io.TextIOWrapper(
        io.BufferedWriter(stream),
        encoding=sys.__stdout__.encoding if sys.__stdout__ else "utf-8",
        errors="backslashreplace",  # What the encoding doesn't have is no reason to end.
        line_buffering=stream.isatty() or stream.fileno() == _STDERR,
    )
