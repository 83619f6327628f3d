"""Where the pieces of a job are, and how a process of it joins the others."""

from __future__ import annotations

from typing import Any, Final

import tensorflow as tf

from monolith_hooks import logging_ops, ps_check_hooks
from monolith_hooks.device_utils import ps_device
from parity.players.cluster.wire import Setting
from parity.players.python.job_hooks import HealthOps
from parity.players.python.stage import Stage, session_config
from parity.spec.scenario import Scenario

tf1 = tf.compat.v1

SHARED_DEVICE: Final = ps_device(0)
"""Of the global step and the barrier, which chief and workers share."""
_RECOVERY_WAIT_SECONDS: Final = 0.2


def join(setting: Setting) -> Any:
    """Start TensorFlow's server of this process."""
    return tf.distribute.Server(
        tf.train.ClusterSpec({job: list(addrs) for job, addrs in setting.addresses.items()}),
        job_name=setting.job,
        task_index=setting.task,
        config=config_of(setting),
    )


def config_of(setting: Setting) -> tf.compat.v1.ConfigProto:
    """Sessions that see the PS and their own process: a dead worker is nobody else's business."""
    return session_config(device_filters=["/job:ps", f"/job:{setting.job}/task:{setting.task}"])


def chief_stage(setting: Setting, scenario: Scenario, master: str) -> Stage:
    """What the chief's job runs on: real PS, whose machine info each new session sees to."""
    limits = [
        (machine.ps, machine.mem_limit)
        for machine in scenario.all_machines()
        if machine.mem_limit is not None
    ]
    return Stage(
        health=lambda: HealthOps(
            num_ps=setting.num_ps,
            ps_device_fn=ps_device,
            machine_info=logging_ops.machine_info,
            check_machine_health=logging_ops.check_machine_health,
        ),
        config=config_of(setting),
        master=master,
        device=SHARED_DEVICE,
        local_init_op=lambda: tf.group(
            tf1.train.Scaffold.default_local_init_op(),
            *(machine_info_of(ps, limit).op for ps, limit in limits),
        ),
    )


def machine_info_of(ps: int, mem_limit: int | None) -> tf.Tensor:
    """Return the machine info of a PS, on it."""
    with tf.device(ps_device(ps)):
        return logging_ops.machine_info(
            mem_limit, ps_check_hooks.get_ps_machine_info_shared_name(ps)
        )


class WorkerSessionCreator(tf.compat.v1.train.SessionCreator):
    """Waits for the chief to have initialized what they share, looking often.

    TensorFlow's own looks every 30 s, which nothing but its private arguments can change.
    """

    def __init__(self, setting: Setting, master: str) -> None:
        self._master = master
        self._config = config_of(setting)
        self._scaffold = tf1.train.Scaffold()

    def create_session(self) -> tf.compat.v1.Session:
        """What a MonitoredSession asks of its session creator."""
        scaffold = self._scaffold.finalize()
        manager = tf1.train.SessionManager(
            local_init_op=scaffold.local_init_op,
            ready_op=scaffold.ready_op,
            ready_for_local_init_op=scaffold.ready_for_local_init_op,
            graph=tf1.get_default_graph(),
            recovery_wait_secs=_RECOVERY_WAIT_SECONDS,
        )
        return manager.wait_for_session(self._master, config=self._config)
