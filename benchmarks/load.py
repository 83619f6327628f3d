"""Many clients at once, with TLS and tokens and without: ``python -m benchmarks.load [SECONDS]``.

The controller is Python's, in a process that trains meanwhile. Each client has a connection of
its own and asks for the block status as fast as it is answered; plain and guarded take turns.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import tensorflow as tf

from monolith_hooks import (
    BarrierOp,
    ClientAccess,
    NoFirstSaveCheckpointSaverHook,
    ServerAccess,
    ServerHook,
)
from monolith_hooks.server.client_lib import get_channel_from_model_dir
from monolith_hooks.server.service_pb2 import GetBlockStatusRequest
from monolith_hooks.server.service_pb2_grpc import ControllerStub
from parity.interop.credentials import make_credentials

_CLIENTS = 200
_ROUNDS = 2
_DEADLINE_SECONDS = 60


@dataclass
class Load:
    """The results of the clients and the training in one round."""

    calls: int = 0
    failures: int = 0
    slowest: float = 0.0
    steps: int = 0

    def add(self, other: Load) -> None:
        """Add another round."""
        self.calls += other.calls
        self.failures += other.failures
        self.slowest = max(self.slowest, other.slowest)
        self.steps += other.steps


def main() -> None:
    """Measure, and print a table."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 15.0
    with tempfile.TemporaryDirectory() as folder, training(Path(folder)) as train:
        total = {"nobody": Load(), "plain": Load(), "TLS and tokens": Load()}
        for _ in range(_ROUNDS):
            for name, load in total.items():
                load.add(train(name, seconds))
    for name, load in total.items():
        rate = load.calls / seconds / _ROUNDS
        print(
            f"{name}: {load.calls} calls ({rate:.0f} a second), {load.failures} failed, slowest "
            f"{1000 * load.slowest:.0f} ms; {load.steps / seconds / _ROUNDS:.0f} steps a second"
        )


@contextlib.contextmanager
def training(folder: Path) -> Iterator[Callable[[str, float], Load]]:
    """Open a session with two servers, and yield a function that trains beside one's clients."""
    make_credentials(folder / "files")
    files = folder / "files"
    access = ServerAccess(
        "127.0.0.1:0",
        certificate=str(files / "server.pem"),
        private_key=str(files / "server.key"),
        token_file=str(files / "tokens"),
        max_concurrent_calls=2 * _CLIENTS,
    )
    means = ClientAccess(ca=str(files / "ca.pem"), token_file=str(files / "reader.token"))
    with tf.Graph().as_default():
        step = tf.compat.v1.assign_add(tf.compat.v1.train.get_or_create_global_step(), 1)
        barrier = BarrierOp(100)
        saver = NoFirstSaveCheckpointSaverHook(str(folder / "plain"), save_secs=10**6)
        dirs = {"plain": str(folder / "plain"), "TLS and tokens": str(folder / "guarded")}
        hooks = [
            saver,
            ServerHook(dirs["plain"], barrier, saver, server_addr="127.0.0.1:{}".format),
            ServerHook(dirs["TLS and tokens"], barrier, saver, access=access),
        ]
        with tf.compat.v1.train.MonitoredSession(
            tf.compat.v1.train.ChiefSessionCreator(), hooks
        ) as session:

            def train(name: str, seconds: float) -> Load:
                load, over, lock = Load(), threading.Event(), threading.Lock()
                given = means if name == "TLS and tokens" else None

                def ask() -> None:
                    own = Load()
                    with get_channel_from_model_dir(dirs[name], access=given) as channel:
                        stub = ControllerStub(channel)  # type: ignore[no-untyped-call]
                        while not over.is_set():
                            begun = time.monotonic()
                            try:
                                stub.GetBlockStatus(
                                    GetBlockStatusRequest(), timeout=_DEADLINE_SECONDS
                                )
                                own.calls += 1
                            except grpc.RpcError:
                                own.failures += 1
                            own.slowest = max(own.slowest, time.monotonic() - begun)
                    with lock:
                        load.add(own)

                clients = [
                    threading.Thread(target=ask) for _ in range(_CLIENTS if name in dirs else 0)
                ]
                for client in clients:
                    client.start()
                end = time.monotonic() + seconds
                while time.monotonic() < end:
                    session.run(step)
                    load.steps += 1
                over.set()
                for client in clients:
                    client.join()
                return load

            yield train


if __name__ == "__main__":
    main()
