"""A guarded controller among hostile connections: ``python -m benchmarks.flood rust [SECONDS]``.

A server in Python or Rust with TLS and tokens, in a process of its own, has 1,000 connections that
say nothing, 200 that never begin TLS, 200 that are reset in the middle of it and 50 that send
random bytes. Beside the first two, 200 clients call it as fast as it answers. After each of these
one more call is timed, and in the end the server must have no more open files than before. It exits
with 1 if a call failed.
"""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import grpc

from monolith_hooks.server.address_file import read_server_addr
from monolith_hooks.server.addresses import split_addr
from monolith_hooks.server.channels import ClientAccess
from monolith_hooks.server.client_lib import get_channel_from_model_dir
from monolith_hooks.server.service_pb2 import GetBlockStatusRequest
from monolith_hooks.server.service_pb2_grpc import ControllerStub
from parity.app.interop import open_peer
from parity.interop.credentials import make_credentials
from parity.spec.interop import InteropServer, InteropServerAccess

_IDLE, _HALF_OPEN, _RESET, _GARBAGE, _CLIENTS = 1000, 200, 200, 50, 200
_DEADLINE_SECONDS = 60
_CLOSING_SECONDS = 30.0
_MOST_FILES = 8192


def main() -> int:
    """Measure, print the results, and return the exit code."""
    if sys.argv[1] == "serve":
        return _serve(sys.argv[2], Path(sys.argv[3]))
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 30.0
    with tempfile.TemporaryDirectory() as folder:
        make_credentials(Path(folder) / "files")
        with _server(sys.argv[1], Path(folder)) as pid:
            return _attack(Attacked(Path(folder), pid), seconds)


def _attack(attacked: Attacked, seconds: float) -> int:
    attacked.ping("at first")
    files = attacked.open_files()
    with contextlib.ExitStack() as stack:
        for _ in range(_IDLE):
            stack.enter_context(attacked.connect_tls())
        attacked.ping(f"beside {_IDLE} idle connections")
        for _ in range(_HALF_OPEN):
            stack.enter_context(attacked.connect())
        attacked.ping(f"and {_HALF_OPEN} half-open ones")
        held = attacked.open_files()
        assert held > _IDLE, f"{held} open files with {_IDLE} connections: another process serves"
        attacked.load(seconds)
        for _ in range(_RESET):
            attacked.reset()
        attacked.ping(f"after {_RESET} resets")
        for _ in range(_GARBAGE):
            attacked.send_garbage()
        attacked.ping(f"after {_GARBAGE} floods")
    left = attacked.wait_for_files(files)
    print(f"open files: {files} before, {left} after; {attacked.failures} calls failed")
    return 1 if attacked.failures or left > files else 0


class Attacked:
    """A server under attack, and its clients."""

    def __init__(self, folder: Path, pid: int) -> None:
        self._folder = folder
        self._pid = pid
        files = folder / "files"
        self._means = ClientAccess(ca=str(files / "ca.pem"), token_file=str(files / "reader.token"))
        self._address = split_addr(read_server_addr(str(folder)))
        self._tls = ssl.create_default_context(cafile=str(files / "ca.pem"))
        self._tls.set_alpn_protocols(["h2"])
        self._tls.check_hostname = False
        self.failures = 0

    def connect(self) -> socket.socket:
        """Connect, and send nothing."""
        return socket.create_connection(self._address, timeout=_DEADLINE_SECONDS)

    def connect_tls(self) -> socket.socket:
        """Connect, begin TLS, and send nothing more."""
        return self._tls.wrap_socket(self.connect())

    def reset(self) -> None:
        """Connect, begin TLS, and reset the connection."""
        with self.connect() as client:
            client.sendall(b"\x16\x03\x01\x02\x00\x01")
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def send_garbage(self) -> None:
        """Connect, and send random bytes until the server closes the connection."""
        with self.connect() as client, contextlib.suppress(OSError):
            for _ in range(16):
                client.sendall(os.urandom(1 << 16))

    def ping(self, when: str) -> None:
        """Time one call on a new connection."""
        begun = time.monotonic()
        with get_channel_from_model_dir(str(self._folder), access=self._means) as channel:
            self.failures += not _answers(channel)
        print(f"a call {when}: {1000 * (time.monotonic() - begun):.0f} ms", flush=True)

    def load(self, seconds: float) -> None:
        """Call from many clients at once, each on a connection of its own."""
        over, lock = threading.Event(), threading.Lock()
        calls, slowest = 0, 0.0

        def ask() -> None:
            nonlocal calls, slowest
            with get_channel_from_model_dir(str(self._folder), access=self._means) as channel:
                while not over.is_set():
                    begun = time.monotonic()
                    answered = _answers(channel)
                    with lock:
                        calls += answered
                        self.failures += not answered
                        slowest = max(slowest, time.monotonic() - begun)

        clients = [threading.Thread(target=ask) for _ in range(_CLIENTS)]
        for client in clients:
            client.start()
        time.sleep(seconds)
        over.set()
        for client in clients:
            client.join()
        print(
            f"{_CLIENTS} clients: {calls} calls in {seconds:g} s, the slowest {slowest:.1f} s",
            flush=True,
        )

    def open_files(self) -> int:
        """Count the server's open files."""
        return len(os.listdir(f"/proc/{self._pid}/fd"))

    def wait_for_files(self, files: int) -> int:
        """Wait until it has no more open files than this, and return how many it has then."""
        end = time.monotonic() + _CLOSING_SECONDS
        while (left := self.open_files()) > files and time.monotonic() < end:
            time.sleep(0.1)
        return left


def _answers(channel: grpc.Channel) -> bool:
    stub = ControllerStub(channel)  # type: ignore[no-untyped-call]  # generated
    try:
        stub.GetBlockStatus(GetBlockStatusRequest(), timeout=_DEADLINE_SECONDS)
    except grpc.RpcError as error:
        print(f"{error.code()}: {error.details()}", file=sys.stderr)
        return False
    return True


@contextlib.contextmanager
def _server(language: str, folder: Path) -> Iterator[int]:
    """Start a process that serves, or whose child does, and yield the pid of the server."""
    _allow_files()
    command = [sys.executable, "-m", "benchmarks.flood", "serve", language, str(folder)]
    with subprocess.Popen(  # noqa: S603 - this module
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield int(process.stdout.readline())
        process.stdin.close()


def _serve(language: str, folder: Path) -> int:
    files = folder / "files"
    peer = open_peer(language)
    access = InteropServerAccess(
        certificate=str(files / "server.pem"),
        private_key=str(files / "server.key"),
        token_file=str(files / "tokens"),
        max_concurrent_calls=2 * _CLIENTS,
    )
    peer.serve(folder, InteropServer(workers=100, access=access))
    print(_child() or os.getpid(), flush=True)
    sys.stdin.read()
    peer.stop_serving()
    peer.close()
    return 0


def _child() -> int | None:
    """Return the pid of the driver that serves for this process, if there is one."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()
    return int(children[0]) if children else None


def _allow_files() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


if __name__ == "__main__":
    sys.exit(main())
