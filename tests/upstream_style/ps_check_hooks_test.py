"""The seed's ps_check_hooks_test. For another implementation change the import lines."""

import threading
import unittest

import tensorflow as tf

from monolith_hooks import barrier_ops, logging_ops, logging_ops_pb2, ps_check_hooks


class RaisingHook(tf.compat.v1.train.SessionRunHook):
    def __init__(self, phase):
        self._phase = phase

    def after_create_session(self, session, coord):
        self._raise_in("after_create_session")

    def before_run(self, run_context):
        self._raise_in("before_run")

    def _raise_in(self, phase):
        if phase == self._phase:
            raise tf.errors.DeadlineExceededError(None, None, f"raised in {phase}")


class PsCheckHooksTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        graph = tf.Graph()
        default = graph.as_default()
        default.__enter__()
        self.addCleanup(default.__exit__, None, None, None)
        self.reports = []
        self.reported = threading.Event()

    def report(self, results):
        self.reports.append(results)
        self.reported.set()

    def train(self, mem_limit=None, hooks=(), until_reported=False):
        """One step of a job with one PS that is this process."""
        barrier_op = barrier_ops.BarrierOp(1)
        info = logging_ops.machine_info(
            mem_limit=mem_limit, shared_name=ps_check_hooks.get_ps_machine_info_shared_name(0)
        )
        step = tf.compat.v1.assign_add(tf.compat.v1.train.get_or_create_global_step(), 1)
        checker = ps_check_hooks.PsHealthCheckerHook(
            ps_check_hooks.Config(
                barrier_op, num_ps=1, ps_device_fn=lambda index: "", report_fn=self.report
            )
        )
        scaffold = tf.compat.v1.train.Scaffold(
            local_init_op=tf.group(tf.compat.v1.train.Scaffold.default_local_init_op(), info.op)
        )
        with tf.compat.v1.train.SingularMonitoredSession(
            hooks=[checker, *hooks], scaffold=scaffold
        ) as sess:
            sess.run(step)
            if until_reported:
                self.assertTrue(self.reported.wait(60))

    def test_shared_name(self):
        self.assertEqual(ps_check_hooks.get_ps_machine_info_shared_name(3), "ps_machine_info_3")

    def test_basic(self):
        self.train(mem_limit=2**62)
        self.assertEqual(self.reports, [])

    def test_oom(self):
        self.train(mem_limit=0, until_reported=True)
        self.assertLen(self.reports, 1)
        self.assertEqual(list(self.reports[0]), [0])
        self.assertEqual(
            self.reports[0][0].status, logging_ops_pb2.MachineHealthResult.OUT_OF_MEMORY
        )

    def test_raise_in_after_create_session(self):
        with self.assertRaises(tf.errors.DeadlineExceededError):
            self.train(hooks=[RaisingHook("after_create_session")])

    def test_raise_in_before_run(self):
        with self.assertRaises(tf.errors.DeadlineExceededError):
            self.train(hooks=[RaisingHook("before_run")])

    def test_default_report(self):
        result = logging_ops_pb2.MachineHealthResult(
            status=logging_ops_pb2.MachineHealthResult.OUT_OF_MEMORY, message="too much"
        )
        with self.assertLogs("absl", "ERROR") as logs:
            ps_check_hooks._default_report({0: result})
        self.assertEndsWith(
            logs.output[0], 'PS are not healthy:\nPS 0: status: OUT_OF_MEMORY message: "too much"'
        )


if __name__ == "__main__":
    tf.compat.v1.disable_eager_execution()
    unittest.main()
