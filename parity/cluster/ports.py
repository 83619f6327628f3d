"""Ports of this machine, held for as long as a cluster lives."""

from __future__ import annotations

import socket
from typing import Final

LOOPBACK: Final = "127.0.0.1"


class HeldPorts:
    """Ports that nobody else is given.

    TensorFlow's servers need all addresses before the first of them starts. Each port
    is bound here with SO_REUSEPORT and never listened on, so the system gives it to
    nobody else who asks for any port, no connection comes here, and a server of ours
    that sets SO_REUSEPORT too (``TF_GRPC_REUSE_PORT``) can listen on it; also one that is
    started again after the first was killed.
    """

    def __init__(self, count: int) -> None:
        self._sockets: list[socket.socket] = []
        for _ in range(count):
            held = socket.socket()
            self._sockets.append(held)
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            held.bind((LOOPBACK, 0))

    def addresses(self) -> tuple[str, ...]:
        """``127.0.0.1:port`` of each."""
        return tuple(f"{LOOPBACK}:{held.getsockname()[1]}" for held in self._sockets)

    def close(self) -> None:
        """Give them back."""
        for held in self._sockets:
            held.close()
