"""Listeners that aren't controllers: they stay silent, hang up, or cancel every call.

They speak just enough HTTP/2 to look like a gRPC server.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Final

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived
from h2.exceptions import ProtocolError

_PATIENCE_SECONDS: Final = 5
_CHUNK_BYTES: Final = 1 << 16
_CANCELLED: Final = [
    (":status", "200"),
    ("content-type", "application/grpc"),
    ("grpc-status", "1"),
    ("grpc-message", "no"),
]


def _be_silent(connection: socket.socket) -> None:
    """Keep the connection for as long as the client does."""
    while connection.recv(_CHUNK_BYTES):
        pass


def _hang_up(connection: socket.socket) -> None:
    """Close the connection at once."""
    del connection


def _break_off(connection: socket.socket) -> None:
    """Close the connection in the middle of the first call."""
    _receive_call(connection)


def _cancel(connection: socket.socket) -> None:
    """Answer the first call with CANCELLED."""
    server, stream = _receive_call(connection)
    server.send_headers(stream, _CANCELLED, end_stream=True)
    connection.sendall(server.data_to_send())
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
        listener.shutdown(socket.SHUT_RDWR)  # It wakes the thread in accept; a close doesn't.


def _serve(listener: socket.socket, behave: Callable[[socket.socket], None]) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:  # It was closed.
            return
        with connection, contextlib.suppress(OSError, EOFError, ProtocolError):
            connection.settimeout(_PATIENCE_SECONDS)
            behave(connection)


def _receive_call(connection: socket.socket) -> tuple[H2Connection, int]:
    """Greet the client, wait until it has begun a call, and return the call's stream.

    Raises:
        EOFError: The client left before.
        ProtocolError: The client doesn't speak HTTP/2.
    """
    server = H2Connection(H2Configuration(client_side=False))
    server.initiate_connection()
    connection.sendall(server.data_to_send())
    while data := connection.recv(_CHUNK_BYTES):
        events = server.receive_data(data)
        connection.sendall(server.data_to_send())
        for event in events:
            if isinstance(event, RequestReceived):
                assert event.stream_id is not None
                return server, event.stream_id
    raise EOFError
