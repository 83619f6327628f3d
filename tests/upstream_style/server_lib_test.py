"""The seed's server_lib_test. For another implementation change the import lines."""

import os
import tempfile
import unittest

import grpc
import tensorflow as tf

from monolith_hooks import barrier_ops, save_utils
from monolith_hooks.server import client_lib, constants, server_lib, service_pb2


class ServerLibTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        graph = tf.Graph()
        default = graph.as_default()
        default.__enter__()
        self.addCleanup(default.__exit__, None, None, None)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.model_dir = folder.name
        self.global_step = tf.compat.v1.train.get_or_create_global_step()
        self.train_op = tf.compat.v1.assign_add(self.global_step, 1)
        self.barrier_op = barrier_ops.BarrierOp(1)
        saver_hook = save_utils.NoFirstSaveCheckpointSaverHook(
            self.model_dir, save_secs=10**6, saver=tf.compat.v1.train.Saver()
        )
        server_hook = server_lib.ServerHook(self.model_dir, self.barrier_op, saver_hook)
        self.hooks = [saver_hook, server_hook]

    def session(self):
        return tf.compat.v1.train.SingularMonitoredSession(hooks=self.hooks)

    def test_address_file(self):
        path = os.path.join(self.model_dir, constants.SERVER_ADDR_FILENAME)
        self.assertEqual(constants.SERVER_ADDR_FILENAME, "controller_server_addr.txt")
        with self.session():
            self.assertTrue(tf.io.gfile.exists(path))
        with self.assertRaises(tf.errors.NotFoundError):
            client_lib.get_stub_from_model_dir(os.path.join(self.model_dir, "elsewhere"))

    def test_stop_and_resume(self):
        with self.session() as sess:
            stub = client_lib.get_stub_from_model_dir(self.model_dir)
            stub.StopTraining(service_pb2.StopTrainingRequest())
            self.assertTrue(self.barrier_op.is_barrier_placed(sess))
            with self.assertRaises(grpc.RpcError) as error:
                stub.StopTraining(service_pb2.StopTrainingRequest())
            self.assertEqual(error.exception.code(), grpc.StatusCode.ALREADY_EXISTS)
            status = stub.GetBlockStatus(service_pb2.GetBlockStatusRequest())
            self.assertEqual(list(status.blocked_indices), [0])
            stub.ResumeTraining(service_pb2.ResumeTrainingRequest())
            self.assertTrue(self.barrier_op.is_barrier_removed(sess))
            status = stub.GetBlockStatus(service_pb2.GetBlockStatusRequest())
            self.assertEqual(list(status.unblocked_indices), [0])

    def test_save_checkpoint(self):
        with self.session() as sess:
            stub = client_lib.get_stub_from_model_dir(self.model_dir)
            sess.run(self.train_op)
            stub.SaveCheckpoint(service_pb2.SaveCheckpointRequest())
            self.assertEqual(
                tf.train.latest_checkpoint(self.model_dir),
                os.path.join(self.model_dir, "model.ckpt-1"),
            )

    def test_training_status(self):
        with self.session() as sess:
            stub = client_lib.get_stub_from_model_dir(self.model_dir)
            for step in (1, 2):
                sess.run(self.train_op)
                status = stub.GetTrainingStatus(service_pb2.GetTrainingStatusRequest())
                self.assertEqual(status.global_step, step)


if __name__ == "__main__":
    tf.compat.v1.disable_eager_execution()
    unittest.main()
