"""The controller's server, which runs beside the chief's session."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any, Final

import grpc
import tensorflow as tf

from monolith_hooks import net_utils
from monolith_hooks.barrier_ops import BarrierAlreadyPlacedError, BarrierOp
from monolith_hooks.clock import SYSTEM_CLOCK, Clock
from monolith_hooks.files import write_atomically
from monolith_hooks.ps_check_hooks import PsHealthCheckerHook
from monolith_hooks.save_utils import NoFirstSaveCheckpointSaverHook
from monolith_hooks.server import (
    constants,
    operations_pb2_grpc,
    service_pb2,
    service_pb2_grpc,
)
from monolith_hooks.server.access import GuardedServer, ServerAccess
from monolith_hooks.server.operations import SERVICE, OperationsServicer

_CONTROLLER: Final = service_pb2.DESCRIPTOR.services_by_name["Controller"].full_name
_HANDLERS: Final = 2
_REFUSERS: Final = 1
_GRACE_SECONDS: Final = 20
_FREED_SECONDS: Final = 1


class ControllerServicer(service_pb2_grpc.ControllerServicer):
    """Implementation of the controller's RPCs on one session (B25-B34).

    Handlers run on the server's pool, two at a time, beside the training thread.
    They hold no lock of their own; the barrier and the saver hook use theirs. The
    client receives an exception of a handler as UNKNOWN (B28).
    """

    def __init__(
        self, sess: Any, barrier_op: BarrierOp, saver_hook: NoFirstSaveCheckpointSaverHook
    ) -> None:
        self._sess = sess
        self._barrier_op = barrier_op
        self._saver_hook = saver_hook

    def StopTraining(  # noqa: N802
        self,
        request: service_pb2.StopTrainingRequest,  # noqa: ARG002
        context: grpc.ServicerContext,
    ) -> service_pb2.StopTrainingResponse:
        """Place the barrier with action ``""``; ALREADY_EXISTS if it is placed (B25)."""
        try:
            self._barrier_op.place_barrier(self._sess)
        except BarrierAlreadyPlacedError:
            context.abort(grpc.StatusCode.ALREADY_EXISTS, "Barrier is placed already.")
        return service_pb2.StopTrainingResponse()

    def ResumeTraining(  # noqa: N802
        self,
        request: service_pb2.ResumeTrainingRequest,  # noqa: ARG002
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> service_pb2.ResumeTrainingResponse:
        """Remove the barrier, if it is placed (B26)."""
        self._barrier_op.remove_barrier(self._sess)
        return service_pb2.ResumeTrainingResponse()

    def GetBlockStatus(  # noqa: N802
        self,
        request: service_pb2.GetBlockStatusRequest,  # noqa: ARG002
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> service_pb2.GetBlockStatusResponse:
        """Return the indices that are blocked and those that aren't, both ascending (B27, B43)."""
        # From one read of the barrier: with two, an index could be in both lists or in neither.
        blocked = self._barrier_op.get_blocked_indices(self._sess)
        unblocked = sorted(set(range(self._barrier_op.capacity)) - set(blocked))
        return service_pb2.GetBlockStatusResponse(
            blocked_indices=blocked, unblocked_indices=unblocked
        )

    def SaveCheckpoint(  # noqa: N802
        self,
        request: service_pb2.SaveCheckpointRequest,  # noqa: ARG002
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> service_pb2.SaveCheckpointResponse:
        """Save, and answer when the checkpoint is written (B30-B32)."""
        self._saver_hook.trigger_save(self._sess)
        return service_pb2.SaveCheckpointResponse()

    def GetTrainingStatus(  # noqa: N802
        self,
        request: service_pb2.GetTrainingStatusRequest,  # noqa: ARG002
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> service_pb2.GetTrainingStatusResponse:
        """Return the global step; without one in the graph the session raises (B29)."""
        global_step = tf.compat.v1.train.get_global_step(self._sess.graph)
        return service_pb2.GetTrainingStatusResponse(global_step=self._sess.run(global_step))


class ServerHook(tf.compat.v1.train.SessionRunHook):
    """Hook that serves the controller during a session, and publishes its address (B34-B37).

    Without ``access`` the server listens on all interfaces, without authentication, on a port
    that the system chooses. The training thread calls all methods.

    A session that ends with an exception doesn't call ``end``: its server keeps
    answering until this hook is dropped. So does the server of a session that was
    recreated, while anything else refers to it. Without ``access`` the address file is never
    removed.

    Args:
        model_dir: The directory of the address file; created if it doesn't exist.
        barrier_op: The barrier that StopTraining places.
        saver_hook: The hook that SaveCheckpoint triggers. List it before this hook: a
            save that is requested before its ``after_create_session`` is lost (B32).
        clock: Provides the pool that runs the handlers.
        server_addr: Returns the address to publish for a port.
        grace_seconds: Real seconds that calls in flight may go on for after ``end``.
        access: Where to listen and who may call: docs/production.md.
        operations: True to serve ``monolith_hooks.Operations`` as well, which says what state
            the run is in.
        health_hook: The health hook whose watch it then describes.
    """

    def __init__(
        self,
        model_dir: str,
        barrier_op: BarrierOp,
        saver_hook: NoFirstSaveCheckpointSaverHook,
        *,
        clock: Clock = SYSTEM_CLOCK,
        server_addr: Callable[[int], str] = net_utils.get_local_server_addr,
        grace_seconds: float = _GRACE_SECONDS,
        access: ServerAccess | None = None,
        operations: bool = False,
        health_hook: PsHealthCheckerHook | None = None,
    ) -> None:
        self._model_dir = model_dir
        self._barrier_op = barrier_op
        self._saver_hook = saver_hook
        self._clock = clock
        self._server_addr = server_addr
        self._grace_seconds = grace_seconds
        self._access = access
        self._operations = operations
        self._health_hook = health_hook
        self._published: str | None = None
        self._server: _OpenServer | GuardedServer | None = None

    def after_create_session(self, session: Any, coord: Any) -> None:  # noqa: ARG002
        """Start a server for this session, then publish its address.

        If it can't be started, or its address not be published, the server is stopped. With
        ``access`` that of an earlier session is stopped first, as it may have the address that
        this one is to have.

        Raises:
            tf.errors.FailedPreconditionError: The model directory is a file.
            socket.gaierror: This host's name doesn't resolve.
            AccessError: The access can't be given as it is wanted.
        """
        tf.io.gfile.makedirs(self._model_dir)
        if self._access is not None and self._server is not None:
            # What a handler does in a closed session may take long; the address is free before.
            self._server.stop(None).wait(_FREED_SECONDS)
        pool = self._clock.handler_pool(_HANDLERS, name="controller")
        server = self._guarded(pool) if self._access is not None else _OpenServer(pool)
        service_pb2_grpc.add_ControllerServicer_to_server(  # type: ignore[no-untyped-call]
            ControllerServicer(session, self._barrier_op, self._saver_hook), server.server
        )
        services = [_CONTROLLER]
        if self._operations:
            services.append(SERVICE)
            operations_pb2_grpc.add_OperationsServicer_to_server(  # type: ignore[no-untyped-call]
                self._operations_servicer(session), server.server
            )
        port = server.listen()
        try:
            server.start(services)
            self._publish(server.published(port, self._server_addr))
        except BaseException:
            server.stop(None)
            raise
        self._server = server

    def end(self, session: Any) -> None:  # noqa: ARG002
        """Refuse new calls at once, and give those in flight the grace without waiting (B34).

        Raises:
            AttributeError: No session was created.
        """
        if self._server is None:
            raise AttributeError(
                "ServerHook.end was called before after_create_session, so there is no server."
            )
        self._server.stop(self._grace_seconds)
        if self._access is not None and self._access.remove_address_file:
            self._unpublish()

    def _operations_servicer(self, session: Any) -> OperationsServicer:
        return OperationsServicer(
            session, self._barrier_op, self._saver_hook, self._health_hook, self._clock
        )

    def _guarded(self, pool: Executor) -> GuardedServer:
        assert self._access is not None
        refusals = self._clock.handler_pool(_REFUSERS, name="controller-refusals")
        return GuardedServer(self._access, pool, refusals)

    def _publish(self, addr: str) -> None:
        """Write the address file; a reader sees either all of the old file or all of the new."""
        path = os.path.join(self._model_dir, constants.SERVER_ADDR_FILENAME)
        write_atomically(path, addr)
        self._published = addr

    def _unpublish(self) -> None:
        """Remove the address file, unless another server has published its own meanwhile."""
        path = os.path.join(self._model_dir, constants.SERVER_ADDR_FILENAME)
        with contextlib.suppress(tf.errors.NotFoundError):
            with tf.io.gfile.GFile(path) as file:
                published = file.read()
            if published == self._published:
                tf.io.gfile.remove(path)


class _OpenServer:
    """The original's server: on all interfaces, for everyone."""

    def __init__(self, pool: Executor) -> None:
        self.server: grpc.Server = grpc.server(pool)  # type: ignore[arg-type]  # any Executor

    def start(self, services: Sequence[str]) -> None:  # noqa: ARG002 - they aren't listed
        """Begin to answer."""
        self.server.start()

    def listen(self) -> int:
        """Start listening, and return the port."""
        return self.server.add_insecure_port("[::]:0")

    def published(self, port: int, server_addr: Callable[[int], str]) -> str:
        """Return the address for clients."""
        return server_addr(port)

    def stop(self, grace: float | None) -> threading.Event:
        """Refuse new calls, and give those under way the grace; the event says that it is over."""
        return self.server.stop(grace)
