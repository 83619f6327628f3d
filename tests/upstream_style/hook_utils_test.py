"""The seed's hook_utils_test. For another implementation change the import lines."""

import unittest

import tensorflow as tf

from monolith_hooks import hook_utils


class RecordingListener(tf.compat.v1.train.CheckpointSaverListener):
    def __init__(self):
        self.calls = []

    def before_save(self, session, global_step_value):
        self.calls.append(("before_save", session, global_step_value))

    def after_save(self, session, global_step_value):
        self.calls.append(("after_save", session, global_step_value))


class HookUtilsTest(tf.test.TestCase):
    def testBeforeAfterSaverListener(self):
        listener = RecordingListener()
        before = hook_utils.BeforeSaveListener(listener)
        after = hook_utils.AfterSaveListener(listener)
        for each in (before, after):
            each.begin()
            each.before_save(None, 1)
            each.after_save(None, 1)
            each.end(None, 1)
        self.assertEqual(listener.calls, [("before_save", None, 1), ("after_save", None, 1)])


if __name__ == "__main__":
    tf.compat.v1.disable_eager_execution()
    unittest.main()
