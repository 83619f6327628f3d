"""The peer ``python``: monolith_hooks on real TensorFlow and gRPC, in this process.

Importing it imports TensorFlow.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, cast

import grpc
import tensorflow as tf

from fakes.faults import FaultLedger
from fakes.faulty_saver import FaultySaver
from monolith_hooks import net_utils
from monolith_hooks.barrier_ops import BarrierOp
from monolith_hooks.clock import SYSTEM_CLOCK, SystemClock
from monolith_hooks.save_utils import NoFirstSaveCheckpointSaverHook
from monolith_hooks.server import client_lib, service_pb2
from monolith_hooks.server.access import ServerAccess
from monolith_hooks.server.audit import AuditRecord
from monolith_hooks.server.channels import ClientAccess
from monolith_hooks.server.credentials import AccessError
from monolith_hooks.server.server_lib import ServerHook
from parity.interop.peers import python_messages
from parity.interop.peers.peer import PeerError
from parity.interop.peers.python_looking import observe
from parity.spec.interop import (
    Called,
    Decoded,
    Encoded,
    Fields,
    InteropClientAccess,
    InteropServer,
    InteropServerAccess,
    Look,
    Looked,
    LookedBarrier,
)
from parity.spec.rpcs import StatusCode

tf1 = tf.compat.v1

_METHODS: Final = service_pb2.DESCRIPTOR.services_by_name["Controller"].methods_by_name
_NEVER_BY_ITSELF: Final = 10**9
_ARRIVAL_SECONDS: Final = 10


class PythonPeer:
    """Peer that serves and calls on the machine's own clock."""

    name = "python"

    def __init__(self) -> None:
        self._run: _Run | None = None
        # Some cases make handlers raise and files be missing on purpose: that isn't the verdict.
        for name in ("grpc", "tensorflow"):
            logging.getLogger(name).setLevel(logging.CRITICAL)

    def serve(self, model_dir: Path, server: InteropServer) -> None:
        """Start a controller."""
        if self._run is not None:
            raise PeerError("python: a controller is served already")
        try:
            self._run = _Run(model_dir, server)
        except AccessError as error:
            raise PeerError(f"python: {error}") from None

    def arrive(self, workers: Sequence[int]) -> None:
        """Make workers block at the barrier."""
        self._served().block(workers)

    def stop_serving(self) -> None:
        """Close the session."""
        self._served().close()
        self._run = None

    def call(
        self,
        model_dir: Path,
        method: str,
        request_hex: str | None,
        deadline_ms: int,
        access: InteropClientAccess | None = None,
    ) -> Called:
        """Call a controller."""
        name, seconds = method.removeprefix("/Controller/"), deadline_ms / 1000
        try:
            means = None if access is None else ClientAccess(**access.model_dump())
            if request_hex is None and name in _METHODS:
                stub = client_lib.get_stub_from_model_dir(str(model_dir), access=means)
                request = getattr(service_pb2, f"{name}Request")()
                return _outcome(getattr(stub, name), request, seconds)
            with client_lib.get_channel_from_model_dir(str(model_dir), access=means) as channel:
                send: Any = channel.unary_unary(method)
                return _outcome(send, bytes.fromhex(request_hex or ""), seconds)
        except (tf.errors.OpError, UnicodeDecodeError, AccessError) as error:
            return Called(error=type(error).__name__, details=str(error))

    def encode(self, message: str, fields: Fields) -> Encoded:
        """Write a message."""
        return python_messages.encode(message, fields)

    def decode(self, message: str, hex: str) -> Decoded:  # noqa: A002 - the protocol's own name
        """Read a message."""
        return python_messages.decode(message, hex)

    can_look = True
    has_access = True

    def look(self, look: Look) -> Looked:
        """Return the port's observations."""
        barrier = None if self._run is None else self._run.look_at_barrier()
        return observe(look, barrier)

    def close(self) -> None:
        """Stop the controller if it is still served."""
        if self._run is not None:
            self.stop_serving()

    def _served(self) -> _Run:
        if self._run is None:
            raise PeerError("python: no controller is served")
        return self._run


class _Run:
    """A run with a controller, in a graph of its own."""

    def __init__(self, model_dir: Path, server: InteropServer) -> None:
        def react(action: str, session: Any) -> None:
            del action, session
            SYSTEM_CLOCK.sleep(server.callback_ms / 1000)
            if server.callback_error is not None:
                raise RuntimeError(server.callback_error)
            if server.callback_panic is not None:
                raise AssertionError(server.callback_panic)

        self._workers_clock = _HoldingClock()
        with tf.Graph().as_default():
            self._barrier_op = BarrierOp(
                server.workers, barrier_callbacks=[react], clock=self._workers_clock
            )
            saver, saver_hook = None, None
            if server.global_step is not None:
                _create_global_step(server.global_step)
                saver = _faulty_saver(server)
                saver_hook = NoFirstSaveCheckpointSaverHook(
                    str(model_dir), save_steps=_NEVER_BY_ITSELF, saver=saver, save_graph_def=False
                )
            self._server_hook = ServerHook(
                str(model_dir),
                self._barrier_op,
                cast(NoFirstSaveCheckpointSaverHook, saver_hook),
                server_addr=lambda port: net_utils.concat_ip_and_port(server.ip, port),
                access=None if server.access is None else _server_access(server.access),
            )
            self._monitored = tf1.train.SingularMonitoredSession(
                hooks=[*filter(None, [saver_hook]), self._server_hook],
                scaffold=tf1.train.Scaffold(saver=saver),
            )
        self._session = self._monitored.raw_session()

    def block(self, workers: Sequence[int]) -> None:
        for worker in workers:
            SYSTEM_CLOCK.start_thread(self._waits(worker), name=f"worker {worker}")
            if not self._workers_clock.held.acquire(timeout=_ARRIVAL_SECONDS):
                raise PeerError(f"python: worker {worker} isn't blocked")

    def look_at_barrier(self) -> LookedBarrier:
        return LookedBarrier(
            removed=self._barrier_op.is_barrier_removed(self._session),
            none_blocked=self._barrier_op.is_none_blocked(self._session),
            unblocked=tuple(self._barrier_op.get_unblocked_indices(self._session)),
            refused=tuple(filter(self._refuses, (0, self._barrier_op.capacity))),
        )

    def close(self) -> None:
        """Close the session, so that blocked workers end; a second ``end`` does nothing."""
        self._monitored.close()
        self._server_hook.end(self._session)
        self._workers_clock.let_go.set()
        tf1.summary.FileWriterCache.clear()

    def _refuses(self, worker: int) -> bool:
        try:
            self._barrier_op.wait_until_barrier_removed(self._session, worker)
        except ValueError:
            return True
        return False

    def _waits(self, worker: int) -> Callable[[], None]:
        def wait() -> None:
            with contextlib.suppress(RuntimeError):  # The session was closed meanwhile.
                self._barrier_op.wait_until_barrier_removed(self._session, worker)

        return wait


def _server_access(access: InteropServerAccess) -> ServerAccess:
    options = access.model_dump(exclude={"audit", "max_deadline_ms"})
    if access.max_deadline_ms is not None:
        options["max_deadline_seconds"] = access.max_deadline_ms / 1000
    path = access.audit
    if path is None:
        return ServerAccess(**options)

    def audit(record: AuditRecord) -> None:
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"{record.line()}\n")

    return ServerAccess(audit=audit, **options)


class _HoldingClock(SystemClock):
    """Clock on which every sleep lasts until ``let_go`` is set, and is counted in ``held``."""

    def __init__(self) -> None:
        self.held = threading.Semaphore(0)
        self.let_go = threading.Event()

    def sleep(self, seconds: float) -> None:
        """Wait until ``let_go`` is set."""
        del seconds
        self.held.release()
        self.let_go.wait()


class _NoObserver:
    def saved(self, step: int) -> None:
        """Ignore the write."""

    def save_failed(self, step: int, error: BaseException) -> None:
        """Ignore the error, which the caller gets."""


def _create_global_step(step: int) -> None:
    tf1.get_variable(
        tf1.GraphKeys.GLOBAL_STEP,
        initializer=tf.constant(step, tf.int64),
        trainable=False,
        collections=[tf1.GraphKeys.GLOBAL_VARIABLES, tf1.GraphKeys.GLOBAL_STEP],
    )


def _faulty_saver(server: InteropServer) -> FaultySaver:
    ledger = FaultLedger()
    saver = FaultySaver(SYSTEM_CLOCK, ledger, _NoObserver())
    if server.save_ms:
        ledger.declare("save_ms")
        saver.slow_down(server.save_ms / 1000, "save_ms")
    if server.save_error is not None:
        ledger.declare("save_error")
        saver.fail("RuntimeError", server.save_error, None, "save_error")
    return saver


def _outcome(send: Any, request: Any, seconds: float) -> Called:
    try:
        response = send(request, timeout=seconds)
    except grpc.RpcError as error:
        return Called(code=cast(StatusCode, error.code().name), details=error.details())
    raw = response if isinstance(response, bytes) else response.SerializeToString()
    return Called(code="OK", response_hex=raw.hex())
