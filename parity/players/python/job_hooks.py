"""Construction of TensorFlow hooks from the hooks of a scenario."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import tensorflow as tf

from fakes.faults import FaultLedger
from fakes.probes import ListenerFaults, ProbeHook, ProbeListener, RaiseIn
from monolith_hooks import logging_ops_pb2, net_utils
from monolith_hooks.barrier_ops import BarrierOp
from monolith_hooks.ckpt_hooks import WorkerCkptHelper
from monolith_hooks.clock import Clock
from monolith_hooks.controller_hooks import ControllerHook, StopHelper
from monolith_hooks.held_barrier import HeldBarrier
from monolith_hooks.resilient_watch import Resilience
from monolith_hooks.save_utils import NoFirstSaveCheckpointSaverHook
from monolith_hooks.server.server_lib import ServerHook
from parity.base.model import Model
from parity.kit.model_folder import NEW_FOLDER
from parity.players.python.implementation import Implementation, Role
from parity.players.python.operator import ScriptedOperator
from parity.players.python.recorder import Recorder
from parity.players.python.slot_counts import RecordingSlotCountListener
from parity.spec.hooks import (
    Call,
    CallEntry,
    Controller,
    ControllerEntry,
    CurrentSessionEntry,
    Hook,
    InputEntry,
    ListenerKind,
    Probe,
    ProbeEntry,
    PsHealth,
    PsHealthEntry,
    QueryActionEntry,
    Saver,
    SaverEntry,
    Server,
    ServerEntry,
    StopHelperEntry,
    Tide,
)
from parity.spec.scenario import Scenario
from parity.spec.steps import RpcStep
from parity.spec.trace import HookEvent, ListenerEvent

Results = Mapping[int, logging_ops_pb2.MachineHealthResult]

NEVER_BY_ITSELF: Final = 10**9
"""Steps between two scheduled saves of a saver without a schedule."""


def server_folder(scenario: Scenario, model_dir: Path) -> Path:
    """Return the folder of the server's address file, and create the file that blocks it if any."""
    for hook in scenario.hooks:
        if isinstance(hook, ServerEntry) and hook.server.folder == "missing":
            return model_dir / NEW_FOLDER
        if isinstance(hook, ServerEntry) and hook.server.folder == "file":
            (model_dir / "server").touch()
            return model_dir / "server"
    return model_dir


@dataclass(frozen=True)
class HealthOps:
    """The PS whose health is monitored: their number, their devices, and the health ops."""

    num_ps: int
    ps_device_fn: Callable[[int], str]
    machine_info: Callable[..., tf.Tensor]
    check_machine_health: Callable[[tf.Tensor], tf.Tensor]


@dataclass
class HookMaker:
    """Builder of the hooks of one job."""

    implementation: Implementation
    clock: Clock
    ledger: FaultLedger
    recorder: Recorder
    health: Callable[[PsHealth], HealthOps]
    barrier_op: BarrierOp
    held: bool
    saver: tf.compat.v1.train.Saver
    model_dir: Path
    server_folder: Path
    operator: ScriptedOperator
    stop_helpers: Iterator[StopHelper]
    listener_faults: ListenerFaults
    ckpt_helper: WorkerCkptHelper | None
    current_session: Callable[[], tf.compat.v1.Session | None]
    _savers: list[NoFirstSaveCheckpointSaverHook] = field(default_factory=list)
    _controllers: list[ControllerHook] = field(default_factory=list)
    _servers: list[ServerHook] = field(default_factory=list)

    def all(self, entries: Sequence[Hook]) -> list[tf.compat.v1.train.SessionRunHook]:
        """Return the hooks in the order of the list; hooks that others use are built first."""
        made: dict[int, tf.compat.v1.train.SessionRunHook] = {}
        for i, entry in enumerate(entries):
            if isinstance(entry, SaverEntry):
                made[i] = self._saver_hook(entry.saver)
                self._savers.append(made[i])
        for i, entry in enumerate(entries):
            if isinstance(entry, ControllerEntry):
                made[i] = self._controller(entry.controller)
                self._controllers.append(made[i])
        return [
            made[i] if i in made else self._hook(entry, f"hooks[{i}]")
            for i, entry in enumerate(entries)
        ]

    def first_saver(self) -> NoFirstSaveCheckpointSaverHook:
        """Return the first saver hook, which the other hooks use."""
        return self._savers[0]

    def controller(self) -> ControllerHook:
        """Return the first controller hook."""
        return self._controllers[0]

    def _hook(self, entry: Hook, place: str) -> tf.compat.v1.train.SessionRunHook:
        hook: tf.compat.v1.train.SessionRunHook
        match entry:
            case PsHealthEntry():
                hook = self._ps_health(entry.ps_health)
            case ServerEntry():
                hook = self._server(entry.server)
            case ProbeEntry():
                hook = self._probe(entry.probe, f"{place}.probe.raises")
            case CallEntry():
                hook = self._caller(entry.call, f"{place}.call")
            case CurrentSessionEntry():
                hook = self.implementation.of("session_hooks").SetCurrentSessionHook()
            case QueryActionEntry():
                hook = self._make(
                    "controller_hooks", "QueryActionHook", str(self.model_dir), self.controller()
                )
            case StopHelperEntry():
                hook = next(self.stop_helpers).create_stop_hook()
            case InputEntry():
                assert self.ckpt_helper is not None, "it is made for each scenario with an input"
                hook = self.ckpt_helper.create_restorer_hook()
            case _:
                raise AssertionError(f"{place} is made before the others")
        return hook

    def _ps_health(self, options: PsHealth) -> tf.compat.v1.train.SessionRunHook:
        reports = {
            "record": self.recorder.report,
            "raise": self._report_and_raise,
        }
        health = self.health(options)
        module = self.implementation.of("ps_check_hooks")
        config = module.Config(
            barrier_op=self._barrier_of("ps_health") if options.barrier else None,
            num_ps=health.num_ps,
            ps_device_fn=health.ps_device_fn,
            **({} if options.report == "default" else {"report_fn": reports[options.report]}),
        )
        hook = self._make(
            "ps_check_hooks",
            "PsHealthCheckerHook",
            config,
            only_ours={
                "machine_info": health.machine_info,
                "check_machine_health": health.check_machine_health,
            },
            **_resilience(options),
        )
        self.implementation.monitor(hook, health)
        return hook

    def _barrier_of(self, holder: str) -> BarrierOp:
        """Return the barrier as this holder has it, if each hook has it as a holder."""
        if not self.held:
            return self.barrier_op
        releases = ("ps_health", "stop", "") if holder == "operator" else ()
        return HeldBarrier(self.barrier_op, holder, releases)

    def _report_and_raise(self, results: Results) -> None:
        self.recorder.report(results)
        raise RuntimeError("report failed")

    def _saver_hook(self, options: Saver) -> NoFirstSaveCheckpointSaverHook:
        by_itself = options.save_steps is not None or options.save_secs is not None
        guards = enumerate(options.guards, start=len(options.listeners))
        hook = self._make(
            "save_utils",
            "NoFirstSaveCheckpointSaverHook",
            str(self.model_dir),
            save_secs=None if options.save_secs is None else options.save_secs / 1000,
            save_steps=options.save_steps if by_itself else NEVER_BY_ITSELF,
            saver=self.saver,
            listeners=[self._listener(*each, options) for each in enumerate(options.listeners)],
            guard_saver_listeners=[self._listener(*each, options) for each in guards],
            save_graph_def=options.save_graph_def,
            **tide_options(options.tide),
            **set_options(
                options,
                ignore_save_errors=("ignore_save_errors", options.ignore_save_errors),
                is_dense_only=("dense_only", options.dense_only),
                no_first_save=("first_save", not options.first_save),
            ),
            **_step_wait(options),
        )
        if options.dump_mode:
            hook._in_model_dump_mode = True  # Of this hook, where a process has it for all.
        return hook

    def _listener(
        self, index: int, kind: ListenerKind, options: Saver
    ) -> tf.compat.v1.train.CheckpointSaverListener:
        if kind == "barrier":
            return self._barrier_listener(options)
        if kind == "slot_counts":
            return RecordingSlotCountListener(self.model_dir, self.recorder)

        def record_call(method: str, step: int | None) -> None:
            self.recorder.record(ListenerEvent, listener=index, method=method, step=step)
            self.listener_faults.raise_injected_error(index, method)

        listener = ProbeListener(record_call, asks_to_stop=kind in {"stops", "after_stops"})
        hook_utils = self.implementation.of("hook_utils")
        if kind == "before":
            return hook_utils.BeforeSaveListener(listener)
        if kind in {"after", "after_stops"}:
            return hook_utils.AfterSaveListener(listener)
        return listener

    def _barrier_listener(self, options: Saver) -> tf.compat.v1.train.CheckpointSaverListener:
        return self._make(
            "ckpt_hooks",
            "BarrierSaverListener",
            self._barrier_of("save"),
            **set_options(
                options,
                wait_seconds=("barrier_wait", options.barrier_wait / 1000),
                max_pending_seconds=("barrier_pending", options.barrier_pending / 1000),
            ),
        )

    def _controller(self, options: Controller) -> ControllerHook:
        return self._make(
            "controller_hooks",
            "ControllerHook",
            barrier_op=self._barrier_of("stop") if options.barrier else None,
            trigger_save=self._trigger_save if self._savers and options.saver else None,
        )

    def _make(
        self,
        role: Role,
        name: str,
        *args: Any,
        only_ours: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Any:
        beside = {"clock": self.clock, **(only_ours or {})}
        return self.implementation.make(role, name, *args, only_ours=beside, **kwargs)

    def _trigger_save(self) -> None:
        self.first_saver().trigger_save(self.current_session())

    def stop_servers(self) -> None:
        """Stop the servers that are still running at the end of the run."""
        for hook in self._servers:
            server = getattr(hook, "_server", None)
            if server is not None:
                server.stop(None)

    def _server(self, options: Server) -> ServerHook:
        ip = options.ip
        hook = self._make(
            "server_lib",
            "ServerHook",
            str(self.server_folder),
            self._barrier_of("operator"),
            self.first_saver() if options.saver else None,
            only_ours={"server_addr": functools.partial(net_utils.concat_ip_and_port, ip)},
        )
        self.implementation.publish(hook, ip)
        self._servers.append(hook)
        return hook

    def _caller(self, call: Call, place: str) -> ProbeHook:
        def come_to(phase: str) -> None:
            if phase == call.phase:
                self.operator.call(RpcStep(rpc=call.rpc, expect=call.expect), place)

        return ProbeHook(come_to, None, self.ledger)

    def _probe(self, probe: Probe, place: str) -> ProbeHook:
        raises = None
        if probe.raises is not None:
            self.ledger.declare(place)
            raises = RaiseIn(
                probe.raises.phase,
                probe.raises.error,
                probe.raises.message,
                probe.raises.skips,
                probe.raises.times,
                place,
            )
        shows = functools.partial(self._show_phase, probe.name)
        takes = functools.partial(self.clock.sleep, probe.takes / 1000)
        return ProbeHook(shows, raises, self.ledger, takes if probe.takes else None)

    def _show_phase(self, name: str, phase: str) -> None:
        self.recorder.record(HookEvent, hook=name, phase=phase)


def tide_options(tide: Tide | None) -> dict[str, Any]:
    """Return the saver hook's arguments for a tide."""
    if tide is None:
        return {}
    return {
        "tide_start_hour": tide.start_hour,
        "tide_start_minute": tide.start_minute,
        "tide_end_hour": tide.end_hour,
        "tide_end_minute": tide.end_minute,
        "tide_save_secs": tide.save_secs / 1000,
    }


def set_options(options: Model, **arguments: tuple[str, Any]) -> dict[str, Any]:
    """Return the arguments of a hook for the options that a scenario sets.

    Args:
        options: A part of a scenario.
        arguments: By argument of the hook, the option's name and the value to pass.
    """
    return {
        argument: value
        for argument, (option, value) in arguments.items()
        if option in options.model_fields_set
    }


def _step_wait(options: Saver) -> dict[str, Any]:
    """Return the keyword argument of a saver hook whose saves wait for steps, for ours alone."""
    wait = options.step_wait
    return {} if wait is None else {"step_wait_seconds": wait / 1000}


def _resilience(options: PsHealth) -> dict[str, Resilience]:
    """Return the keyword argument that a health hook has if it is resilient, for ours alone."""
    resilient = options.resilient
    if resilient is None:
        return {}
    resilience = Resilience(
        poll_deadline_seconds=resilient.poll_deadline / 1000,
        report_deadline_seconds=resilient.report_deadline / 1000,
        backoff_seconds=resilient.backoff / 1000,
        unreachable_after=resilient.unreachable_after,
    )
    return {"resilience": resilience}
