"""The peer ``python``: monolith_hooks on real TensorFlow and gRPC, in this process.

Importing it imports TensorFlow.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import grpc
import tensorflow as tf

from fakes.faults import FaultLedger
from fakes.faulty_saver import FaultySaver
from monolith_hooks import net_utils
from monolith_hooks.barrier_ops import BarrierOp
from monolith_hooks.clock import SYSTEM_CLOCK, SystemClock
from monolith_hooks.save_utils import NoFirstSaveCheckpointSaverHook
from monolith_hooks.server import client_lib, service_pb2
from monolith_hooks.server.server_lib import ServerHook
from parity.interop import python_messages
from parity.interop.peer import Called, Decoded, Encoded, Fields, PeerError, Server

tf1 = tf.compat.v1

_METHODS: Final = service_pb2.DESCRIPTOR.services_by_name["Controller"].methods_by_name
_NEVER_BY_ITSELF: Final = 10**9
_ARRIVAL_SECONDS: Final = 10


class PythonPeer:
    """Serves and calls on the machine's own clock."""

    name = "python"

    def __init__(self) -> None:
        self._run: _Run | None = None
        # A handler that raises is what some cases ask for; its traceback says nothing more.
        logging.getLogger("grpc").setLevel(logging.CRITICAL)

    def serve(self, model_dir: Path, server: Server) -> None:
        """Start a controller."""
        if self._run is not None:
            raise PeerError("python: a controller is served already")
        self._run = _Run(model_dir, server)

    def arrive(self, workers: Sequence[int]) -> None:
        """Have workers block at the barrier."""
        self._served().block(workers)

    def stop_serving(self) -> None:
        """Close the session."""
        self._served().close()
        self._run = None

    def call(
        self, model_dir: Path, method: str, request_hex: str | None, deadline_ms: int
    ) -> Called:
        """Call a controller."""
        name, seconds = method.removeprefix("/Controller/"), deadline_ms / 1000
        try:
            if request_hex is None and name in _METHODS:
                stub = client_lib.get_stub_from_model_dir(str(model_dir))
                request = getattr(service_pb2, f"{name}Request")()
                return _outcome(getattr(stub, name), request, seconds)
            with client_lib.get_channel_from_model_dir(str(model_dir)) as channel:
                send: Any = channel.unary_unary(method)
                return _outcome(send, bytes.fromhex(request_hex or ""), seconds)
        except (tf.errors.OpError, UnicodeDecodeError) as error:
            return Called(error=type(error).__name__, details=str(error))

    def encode(self, message: str, fields: Fields) -> Encoded:
        """Write a message."""
        return python_messages.encode(message, fields)

    def decode(self, message: str, hex: str) -> Decoded:  # noqa: A002 - the protocol's own name
        """Read a message."""
        return python_messages.decode(message, hex)

    def close(self) -> None:
        """Stop what is still served."""
        if self._run is not None:
            self.stop_serving()

    def _served(self) -> _Run:
        if self._run is None:
            raise PeerError("python: no controller is served")
        return self._run


class _Run:
    """A run with a controller, in a graph of its own."""

    def __init__(self, model_dir: Path, server: Server) -> None:
        def raise_if_told(action: str, session: Any) -> None:
            del action, session
            if server.callback_error is not None:
                raise RuntimeError(server.callback_error)

        self._workers_clock = _HoldingClock()
        with tf.Graph().as_default():
            tf1.get_variable(
                tf1.GraphKeys.GLOBAL_STEP,
                initializer=tf.constant(server.global_step, tf.int64),
                trainable=False,
                collections=[tf1.GraphKeys.GLOBAL_VARIABLES, tf1.GraphKeys.GLOBAL_STEP],
            )
            self._barrier_op = BarrierOp(
                server.workers, barrier_callbacks=[raise_if_told], clock=self._workers_clock
            )
            saver = _faulty_saver(server)
            saver_hook = NoFirstSaveCheckpointSaverHook(
                str(model_dir), save_steps=_NEVER_BY_ITSELF, saver=saver, save_graph_def=False
            )
            server_hook = ServerHook(
                str(model_dir),
                self._barrier_op,
                saver_hook,
                server_addr=lambda port: net_utils.concat_ip_and_port(server.ip, port),
            )
            self._monitored = tf1.train.SingularMonitoredSession(
                hooks=[saver_hook, server_hook], scaffold=tf1.train.Scaffold(saver=saver)
            )
        self._session = self._monitored.raw_session()

    def block(self, workers: Sequence[int]) -> None:
        for worker in workers:
            SYSTEM_CLOCK.start_thread(self._waits(worker), name=f"worker {worker}")
            if not self._workers_clock.held.acquire(timeout=_ARRIVAL_SECONDS):
                raise PeerError(f"python: worker {worker} isn't blocked")

    def close(self) -> None:
        """Workers that are blocked find the session closed, and end."""
        self._monitored.close()
        self._workers_clock.let_go.set()
        tf1.summary.FileWriterCache.clear()

    def _waits(self, worker: int) -> Callable[[], None]:
        def wait() -> None:
            with contextlib.suppress(RuntimeError):  # The session was closed meanwhile.
                self._barrier_op.wait_until_barrier_removed(self._session, worker)

        return wait


class _HoldingClock(SystemClock):
    """Keeps who sleeps until all are let go, and says that it does."""

    def __init__(self) -> None:
        self.held = threading.Semaphore(0)
        self.let_go = threading.Event()

    def sleep(self, seconds: float) -> None:
        """Wait until let go, however long that is."""
        del seconds
        self.held.release()
        self.let_go.wait()


class _NoObserver:
    def saved(self, step: int) -> None:
        """Nobody asks."""

    def save_failed(self, step: int, error: BaseException) -> None:
        """The caller is told."""


def _faulty_saver(server: Server) -> FaultySaver:
    ledger = FaultLedger()
    saver = FaultySaver(SYSTEM_CLOCK, ledger, _NoObserver())
    if server.save_ms:
        ledger.declare("save_ms")
        saver.be_slow(server.save_ms / 1000, "save_ms")
    if server.save_error is not None:
        ledger.declare("save_error")
        saver.fail("RuntimeError", server.save_error, None, "save_error")
    return saver


def _outcome(send: Any, request: Any, seconds: float) -> Called:
    try:
        response = send(request, timeout=seconds)
    except grpc.RpcError as error:
        return Called(code=error.code().name, details=error.details())
    raw = response if isinstance(response, bytes) else response.SerializeToString()
    return Called(code="OK", response_hex=raw.hex())
