"""What the peer ``python`` observes: its machine, other machines, checkpoints, the clock."""

from __future__ import annotations

import contextlib
import io
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from unittest import mock

import tensorflow as tf
from absl.testing import flagsaver

from monolith_hooks import logging_ops, net_utils
from monolith_hooks.barrier_ops import BarrierOp
from monolith_hooks.checkpoint_state import (
    get_latest_checkpoint_state,
    get_monolith_checkpoint_state,
)
from monolith_hooks.clock import SYSTEM_CLOCK, SystemClock
from monolith_hooks.save_utils import SaveHelper, SecondOrStepTimerWithTideSetting
from parity.interop.peers.python_graphs import graphs
from parity.players.python.stage import local_config
from parity.spec.interop import Look, Looked, LookedBarrier, LookedCheckpoints

_LOOKING_THREADS: Final = 2
_NAMED_STEP: Final = 7


def observe(look: Look, barrier: LookedBarrier | None) -> Looked:
    """Return the observations; ``barrier`` is that of a served controller."""
    seconds = look.timeout_ms / 1000
    # The checker prints who is dead, as it should be; what was found is in the answer.
    with contextlib.redirect_stdout(io.StringIO()), _resolving(dict(look.resolves)):
        nodes = net_utils.NodeAliveChecker(look.addrs, seconds, _LOOKING_THREADS)
        server_addr = net_utils.get_local_server_addr(look.port)
        ipv4 = net_utils.is_ipv4_supported()
    return Looked(
        server_addr=server_addr,
        ipv4=ipv4,
        addrs=tuple(nodes.get_addrs()),
        alive=tuple(nodes.get_alive_nodes()),
        dead=tuple(nodes.get_dead_nodes()),
        all_alive=nodes.all_nodes_alive(),
        valid=tuple(map(_is_valid, look.candidates)),
        joined=tuple(net_utils.concat_ip_and_port(each, look.port) for each in look.hosts),
        health_hex=_health(look),
        timer=tuple(_timer(look)),
        no_capacity=_no_capacity(),
        now_ms=SYSTEM_CLOCK.now_ns() // 10**6,
        checkpoints=_checkpoints(look),
        barrier=barrier,
        graphs=graphs(look),
    )


@contextlib.contextmanager
def _resolving(names: Mapping[str, Sequence[str]]) -> Iterator[None]:
    """Have names resolve to these addresses; ``""`` is this host's own."""
    resolve, own = socket.getaddrinfo, socket.gethostname()

    def getaddrinfo(host: Any, port: Any, family: int = 0, *args: Any, **options: Any) -> list[Any]:
        found = names.get("" if host == own else host)
        if found is None:
            return resolve(host, port, family, *args, **options)
        answers = [each for ip in found for each in resolve(ip, port, 0, socket.SOCK_STREAM)]
        return [each for each in answers if family in {0, each[0]}]

    with mock.patch.object(socket, "getaddrinfo", getaddrinfo):
        yield


def _is_valid(candidate: str) -> bool:
    try:
        net_utils.parse_addr(candidate)
    except ValueError:
        return False
    return True


def _no_capacity() -> str | None:
    try:
        with tf.Graph().as_default():
            BarrierOp(0)
    except ValueError as error:
        return str(error)
    return None


class _ClockAt(SystemClock):
    """Clock with a settable time."""

    milliseconds = 0

    def now_ns(self) -> int:
        """Return the time that was set."""
        return self.milliseconds * 10**6


def _timer(look: Look) -> Iterator[bool]:
    clock = _ClockAt()
    seconds = None if look.every_steps is not None else look.every_ms / 1000
    timer = SecondOrStepTimerWithTideSetting(seconds, look.every_steps, clock=clock)
    for what, step, clock.milliseconds in look.timer:
        match what:
            case "due":
                yield timer.should_trigger_for_step(step)
                continue
            case "count":
                timer.update_last_triggered_step(step)
            case "enable":
                timer.enable()
            case "disable":
                timer.disable()
        yield timer.enabled


def _checkpoints(look: Look) -> LookedCheckpoints:
    helper = SaveHelper(look.basename)
    prefix = helper.get_ckpt_prefix(_NAMED_STEP)
    newest = tf.train.latest_checkpoint(look.basename.rpartition("/")[0])
    return LookedCheckpoints(
        prefix=prefix,
        asset_dir=helper.get_ckpt_asset_dir(prefix),
        existing=_existing(helper),
        restored=int(tf.train.load_variable(newest, "global_step")) if newest else None,
        steps=tuple(_step_of(helper, each) for each in look.prefixes),
        latest=_latest(look),
        exempt=_exempt(os.path.dirname(look.basename)),
    )


def _latest(look: Look) -> str | None:
    if look.latest_step is None:
        return None
    state = get_latest_checkpoint_state(os.path.dirname(look.basename), look.latest_step)
    return None if state is None else str(state.model_checkpoint_path)


def _exempt(folder: str) -> tuple[str, ...] | None:
    state = get_monolith_checkpoint_state(folder, remove_invalid_path=True)
    return None if state is None else tuple(state.exempt_model_checkpoint_paths)


def _existing(helper: SaveHelper) -> tuple[int, ...] | None:
    try:
        return tuple(sorted(helper.get_existing_checkpoint_steps()))
    except AttributeError:
        return None


def _step_of(helper: SaveHelper, prefix: str) -> int | None:
    try:
        return helper.get_global_step_value(prefix)
    except ValueError:
        return None


def _health(look: Look) -> tuple[str, ...]:
    """Return the health of these machines, created one after the other, in one poll."""
    if not look.machines:
        return ()
    name = "monolith_default_machine_info_mem_limit"
    default = logging_ops.default_mem_limit() if look.default_limit is None else look.default_limit
    with flagsaver.flagsaver(**{name: default}), tf.Graph().as_default():
        machines = [
            logging_ops.machine_info(limit, shared_name) for shared_name, limit in look.machines
        ]
        polls = [logging_ops.check_machine_health(machine) for machine in machines]
        with tf.compat.v1.Session(config=local_config(waiting_ops=0)) as session:
            for machine in machines:
                session.run(machine)
            return tuple(poll.hex() for poll in session.run(polls))
