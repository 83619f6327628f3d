"""The controller server (B25 to B37)."""

import os
from concurrent import futures

import grpc
import tensorflow as tf
from monolith_hooks.server import service_pb2, service_pb2_grpc
from tensorflow.python.lib.io import file_io

from plain_hooks import barrier_ops, constants, net_utils


class ControllerServicer(service_pb2_grpc.ControllerServicer):
    """Answers the calls of the Controller service."""

    def __init__(self, sess, barrier_op, saver_hook):
        self._sess = sess
        self._barrier_op = barrier_op
        self._saver_hook = saver_hook

    def StopTraining(self, request, context):
        """Places the barrier."""
        try:
            self._barrier_op.place_barrier(self._sess)
        except barrier_ops.BarrierAlreadyPlacedError:
            context.set_code(grpc.StatusCode.ALREADY_EXISTS)
            context.set_details("Barrier is placed already.")
        return service_pb2.StopTrainingResponse()

    def ResumeTraining(self, request, context):
        """Removes the barrier."""
        self._barrier_op.remove_barrier(self._sess)
        return service_pb2.ResumeTrainingResponse()

    def GetBlockStatus(self, request, context):
        """Tells the blocked and the unblocked indices, from one look."""
        blocked = self._barrier_op.get_blocked_indices(self._sess)
        unblocked = sorted(set(range(self._barrier_op.capacity)) - set(blocked))
        return service_pb2.GetBlockStatusResponse(
            blocked_indices=blocked, unblocked_indices=unblocked
        )

    def SaveCheckpoint(self, request, context):
        """Saves a checkpoint, and returns when it is written."""
        self._saver_hook.trigger_save(self._sess)
        return service_pb2.SaveCheckpointResponse()

    def GetTrainingStatus(self, request, context):
        """Tells the global step."""
        step = self._sess.run(tf.compat.v1.train.get_global_step(self._sess.graph))
        return service_pb2.GetTrainingStatusResponse(global_step=int(step))


class ServerHook(tf.compat.v1.train.SessionRunHook):
    """Serves the controller of a session and writes its address into the model dir."""

    def __init__(self, model_dir, barrier_op, saver_hook):
        self._model_dir = model_dir
        self._barrier_op = barrier_op
        self._saver_hook = saver_hook
        self._server = None

    def after_create_session(self, session, coord):
        self._server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
        service_pb2_grpc.add_ControllerServicer_to_server(
            ControllerServicer(session, self._barrier_op, self._saver_hook), self._server
        )
        # gRPC makes this socket serve both families, and falls back to IPv4 by itself.
        port = self._server.add_insecure_port("[::]:0")
        self._server.start()
        tf.io.gfile.makedirs(self._model_dir)
        file_io.atomic_write_string_to_file(
            os.path.join(self._model_dir, constants.SERVER_ADDR_FILENAME),
            net_utils.get_local_server_addr(port),
        )

    def end(self, session):
        self._server.stop(20)
