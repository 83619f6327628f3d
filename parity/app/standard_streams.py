"""Standard output and standard error whose failures don't stop the command.

A pipe whose reader has gone, as in ``| head``, or a full disk under ``> file`` raises in the
middle of whatever prints: a pytest hook, a progress bar, the interpreter's own exit. So no write
raises here: everything after the first failure is dropped, the command does its work, and
reports the failure at its end (``parity.app.cli``).
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
    """A stream on a file descriptor of this process that drops what can't be written.

    Attributes:
        failure: The error because of which output was dropped, or None.
    """

    def __init__(self, fd: int) -> None:
        self._fd: Final = fd
        self.failure: OSError | None = None

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._fd

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return os.isatty(self._fd)

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, data: object) -> int:
        """Write as much as the system takes at once; drop all of it after a failure."""
        view = memoryview(data)  # type: ignore[arg-type]  # A buffer, of whichever type.
        while self.failure is None:
            try:
                return os.write(self._fd, view)
            except BlockingIOError:  # Another process made the pipe non-blocking.
                select.select([], [self._fd], [])
            except OSError as error:
                self.failure = error
        return view.nbytes


def check_standard_output() -> None:
    """Raise if output was dropped; called at the end, and by whatever would print forever.

    Raises:
        OutputError: Some output was dropped.
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
    """Make ``sys.stdout`` and ``sys.stderr`` such streams within the block."""
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
    """Open closed standard descriptors on /dev/null, and return their numbers.

    Otherwise a file that is opened later would get such a number, and receive printed output.
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
        errors="backslashreplace",  # A character that the encoding lacks is no reason to fail.
        line_buffering=stream.isatty() or stream.fileno() == _STDERR,
    )
