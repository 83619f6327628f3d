"""The cost of the controller's answers, relative to a call that does nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent import futures

from benchmarks.measuring import Ratio, Work, ratio

_CALLS = 200


def ratios() -> Iterator[Ratio]:
    """Yield the ratios of the calls that change nothing."""
    import grpc
    import tensorflow as tf

    from monolith_hooks.barrier_ops import BarrierOp
    from monolith_hooks.save_utils import NoFirstSaveCheckpointSaverHook
    from monolith_hooks.server import client_lib, service_pb2, service_pb2_grpc
    from monolith_hooks.server.server_lib import ServerHook

    class Empty(service_pb2_grpc.ControllerServicer):
        """Servicer that answers at once."""

        def GetBlockStatus(self, *_: object) -> object:  # noqa: N802 - gRPC's name
            return service_pb2.GetBlockStatusResponse()

    empty = grpc.server(futures.ThreadPoolExecutor(2))
    service_pb2_grpc.add_ControllerServicer_to_server(Empty(), empty)  # type: ignore[no-untyped-call]
    port = empty.add_insecure_port("127.0.0.1:0")
    empty.start()
    tf1 = tf.compat.v1
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            tf.Graph().as_default(),
            grpc.insecure_channel(f"127.0.0.1:{port}") as channel,
        ):
            step = tf1.assign_add(tf1.train.get_or_create_global_step(), 1)
            barrier = BarrierOp(capacity=100)
            saver = NoFirstSaveCheckpointSaverHook(folder, save_secs=3600)
            with tf1.train.MonitoredSession(
                tf1.train.ChiefSessionCreator(), [saver, ServerHook(folder, barrier, saver)]
            ) as session:
                session.run(step)
                stub = client_lib.get_stub_from_model_dir(folder)
                nothing = service_pb2_grpc.ControllerStub(channel)  # type: ignore[no-untyped-call]
                bare = _calls(nothing.GetBlockStatus)
                yield ratio("GetBlockStatus", _calls(stub.GetBlockStatus), "an empty call", bare)
    finally:
        empty.stop(None)


def _calls(method: object) -> Work:
    from monolith_hooks.server import service_pb2

    def call() -> None:
        for _ in range(_CALLS):
            method(service_pb2.GetBlockStatusRequest())  # type: ignore[operator]

    return call
