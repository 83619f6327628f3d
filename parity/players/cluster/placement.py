"""Placement of a job's variables and sessions, and the servers of its processes."""

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
"""Device of the global step and the barrier, which chief and workers share."""
_RECOVERY_WAIT_SECONDS: Final = 0.2


def join(setting: Setting) -> Any:
    """Start TensorFlow's server of this process, and return it."""
    return tf.distribute.Server(
        tf.train.ClusterSpec({job: list(addrs) for job, addrs in setting.addresses.items()}),
        job_name=setting.job,
        task_index=setting.task,
        config=config_of(setting),
    )


def config_of(setting: Setting) -> tf.compat.v1.ConfigProto:
    """Return a configuration of sessions that see only the PS and their own process.

    So a dead worker doesn't affect the others.
    """
    return session_config(device_filters=["/job:ps", f"/job:{setting.job}/task:{setting.task}"])


def chief_stage(setting: Setting, scenario: Scenario, master: str) -> Stage:
    """Return the stage of the chief's job: real PS, whose machine info each session creates."""
    limits = [
        (machine.ps, machine.mem_limit)
        for machine in scenario.all_machines()
        if machine.mem_limit is not None
    ]
    return Stage(
        health=lambda _: HealthOps(
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
    """Return the machine info of a PS, placed on it."""
    with tf.device(ps_device(ps)):
        return logging_ops.machine_info(
            mem_limit, ps_check_hooks.get_ps_machine_info_shared_name(ps)
        )


class WorkerSessionCreator(tf.compat.v1.train.SessionCreator):
    """Session creator that waits until the chief has initialized the shared variables.

    It checks often. TensorFlow's own creator checks every 30 s, which only its private
    arguments can change.
    """

    def __init__(self, setting: Setting, master: str) -> None:
        self._master = master
        self._config = config_of(setting)
        self._scaffold = tf1.train.Scaffold()

    def create_session(self) -> tf.compat.v1.Session:
        """Create the session, as a MonitoredSession requires."""
        scaffold = self._scaffold.finalize()
        manager = tf1.train.SessionManager(
            local_init_op=scaffold.local_init_op,
            ready_op=scaffold.ready_op,
            ready_for_local_init_op=scaffold.ready_for_local_init_op,
            graph=tf1.get_default_graph(),
            recovery_wait_secs=_RECOVERY_WAIT_SECONDS,
        )
        return manager.wait_for_session(self._master, config=self._config)
