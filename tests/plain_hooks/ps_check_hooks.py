"""Watches the health of the parameter servers (B5 to B16)."""

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf
from absl import logging
from google.protobuf import text_format
from monolith_hooks import logging_ops_pb2

from plain_hooks import logging_ops
from plain_hooks.device_utils import ps_device

_POLL_SECONDS = 30


def get_ps_machine_info_shared_name(index):
    """The shared name of the machine info of parameter server `index`."""
    return f"ps_machine_info_{index}"


def _default_report(results):
    """Logs the unhealthy parameter servers in one record at ERROR (B16)."""
    lines = (
        f"PS {index}: {text_format.MessageToString(result, as_one_line=True)}"
        for index, result in results.items()
    )
    logging.error("PS are not healthy:\n%s", "\n".join(lines))


class Config(NamedTuple):
    """What a PsHealthCheckerHook watches, and whom it tells."""

    barrier_op: Any
    num_ps: int
    ps_device_fn: Callable = ps_device
    report_fn: Callable = _default_report


class PsHealthCheckerHook(tf.compat.v1.train.SessionRunHook):
    """Reports unhealthy parameter servers once a session and places the barrier."""

    def __init__(self, config):
        self._config = config
        self._health = None

    def begin(self):
        self._health = []
        for i in range(self._config.num_ps):
            with tf.device(self._config.ps_device_fn(i)):
                info = logging_ops.machine_info(shared_name=get_ps_machine_info_shared_name(i))
                self._health.append(logging_ops.check_machine_health(info))

    def after_create_session(self, session, coord):
        thread = threading.Thread(target=self._watch, args=(session, coord), daemon=True)
        coord.register_thread(thread)
        thread.start()

    def _watch(self, session, coord):
        while not coord.should_stop():
            polled = session.run(self._health)
            unhealthy = {
                i: logging_ops_pb2.MachineHealthResult.FromString(raw)
                for i, raw in enumerate(polled)
                if raw
            }
            if unhealthy:
                self._config.report_fn(unhealthy)
                self._config.barrier_op.place_barrier(session)
                coord.wait_for_stop()
                return
            coord.wait_for_stop(_POLL_SECONDS)
