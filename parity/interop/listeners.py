"""Listeners that aren't controllers: they are silent, hang up, or cancel every call.

They speak just enough HTTP/2 to look like a gRPC server.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Final

_PATIENCE_SECONDS: Final = 5
_CLIENTS_FIRST_WORDS: Final = len(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
_FRAME_HEADER: Final = 9
_HEADERS: Final = 1
_END_OF_STREAM_AND_HEADERS: Final = 5
_EMPTY_SETTINGS: Final = bytes.fromhex("000000040000000000")
_STATUS_200: Final = b"\x88"


def _be_silent(connection: socket.socket) -> None:
    """Keep the connection open as long as the client does."""
    while connection.recv(4096):
        pass


def _hang_up(connection: socket.socket) -> None:
    """Close the connection at once."""
    del connection


def _break_off(connection: socket.socket) -> None:
    """Close the connection during the first call."""
    _first_call(connection)


def _cancel(connection: socket.socket) -> None:
    """Answer the first call with CANCELLED."""
    stream = _first_call(connection)
    fields = {b"content-type": b"application/grpc", b"grpc-status": b"1", b"grpc-message": b"no"}
    block = _STATUS_200 + b"".join(
        b"\x00%c%b%c%b" % (len(name), name, len(value), value) for name, value in fields.items()
    )
    kind = bytes([_HEADERS, _END_OF_STREAM_AND_HEADERS])
    connection.sendall(len(block).to_bytes(3) + kind + stream.to_bytes(4) + block)
    _be_silent(connection)


LISTENERS: Final[dict[bytes, Callable[[socket.socket], None]]] = {
    b"{silent}": _be_silent,
    b"{hangs up}": _hang_up,
    b"{breaks off}": _break_off,
    b"{cancels}": _cancel,
}
"""The behaviour of each listener, by the placeholder of its address."""


@contextlib.contextmanager
def listening(behave: Callable[[socket.socket], None]) -> Iterator[bytes]:
    """Yield the address of a listener that handles its connections one after the other."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_serve, args=(listener, behave), daemon=True).start()
        yield b"127.0.0.1:%d" % listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)  # It wakes the thread that accepts; a close doesn't.


def _serve(listener: socket.socket, behave: Callable[[socket.socket], None]) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:  # It was closed.
            return
        with connection, contextlib.suppress(OSError, EOFError):
            connection.settimeout(_PATIENCE_SECONDS)
            behave(connection)


def _first_call(connection: socket.socket) -> int:
    """Send the settings, read until a call begins, and return its stream.

    Raises:
        EOFError: There was no call.
    """
    connection.sendall(_EMPTY_SETTINGS)
    with connection.makefile("rb") as words:
        words.read(_CLIENTS_FIRST_WORDS)
        while len(header := words.read(_FRAME_HEADER)) == _FRAME_HEADER:
            words.read(int.from_bytes(header[:3]))
            if header[3] == _HEADERS:
                return int.from_bytes(header[5:])
    raise EOFError
