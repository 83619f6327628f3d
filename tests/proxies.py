"""A proxy that takes connections and lets nobody through, and what names it to programs."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

BY_URL = tuple(
    name
    for scheme in ("http", "https", "grpc", "all")
    for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper())
)
"""Variables that hold a proxy's URL."""
BY_ADDRESS = "GRPC_ADDRESS_HTTP_PROXY"
"""gRPC's own, which holds an address, for the targets that another one names."""


def environment(address: str) -> dict[str, str]:
    """All that there is to send any call to the proxy at this address."""
    return {
        **dict.fromkeys(BY_URL, f"http://{address}"),
        BY_ADDRESS: address,
        f"{BY_ADDRESS}_ENABLED_ADDRESSES": "0.0.0.0/0,::/0",
        "no_proxy": "",
        "NO_PROXY": "",
        "no_grpc_proxy": "",
    }


class Proxy:
    """Where it is, and what each connection said to it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.heard: list[bytes] = []


@contextlib.contextmanager
def listening_proxy() -> Iterator[Proxy]:
    """A proxy that hangs up on everybody."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = Proxy(f"127.0.0.1:{listener.getsockname()[1]}")

        def listen() -> None:
            with contextlib.suppress(OSError):  # It was shut down.
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.settimeout(5)
                        proxy.heard.append(connection.recv(4096))

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield proxy
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.fixture(params=["listens", "is dead"])
def proxy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """The environment names a proxy, which listens or which nobody reaches."""
    with listening_proxy() as proxy:
        # Port 1 is reserved, and nothing listens there.
        address = proxy.address if request.param == "listens" else "127.0.0.1:1"
        for name, value in environment(address).items():
            monkeypatch.setenv(name, value)
        yield proxy
