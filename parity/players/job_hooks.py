"""From the hooks that a scenario lists to hooks of TensorFlow."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import tensorflow as tf

from fakes.faults import FaultLedger
from fakes.machines import FakeMachines, FakePs
from fakes.probe_hook import ProbeHook, RaiseIn
from fakes.probe_listener import ProbeListener
from fakes.virtual_clock import VirtualClock
from monolith_hooks import hook_utils, logging_ops_pb2, ps_check_hooks
from monolith_hooks.barrier_ops import BarrierOp
from monolith_hooks.save_utils import NoFirstSaveCheckpointSaverHook
from monolith_hooks.server.server_lib import ServerHook
from parity.hooks import (
    Hook,
    Probe,
    ProbeEntry,
    PsHealth,
    PsHealthEntry,
    Saver,
    SaverEntry,
    ServerEntry,
)
from parity.players.recorder import Recorder
from parity.trace import HookEvent, ListenerEvent, LogEvent

Results = Mapping[int, logging_ops_pb2.MachineHealthResult]

NEVER_BY_ITSELF: Final = 10**9
"""Steps between two saves by schedule."""


@dataclass
class HookMaker:
    """Makes the hooks of one job, and gives each what it works on."""

    clock: VirtualClock
    ledger: FaultLedger
    recorder: Recorder
    machines: Sequence[FakePs]
    barrier_op: BarrierOp
    saver: tf.compat.v1.train.Saver
    model_dir: Path

    def all(self, entries: Sequence[Hook]) -> list[tf.compat.v1.train.SessionRunHook]:
        """The hooks in the order of the list."""
        savers = {
            i: self._saver_hook(entry.saver)
            for i, entry in enumerate(entries)
            if isinstance(entry, SaverEntry)
        }
        made: list[tf.compat.v1.train.SessionRunHook] = []
        for i, entry in enumerate(entries):
            match entry:
                case PsHealthEntry():
                    made.append(self._ps_health(entry.ps_health))
                case SaverEntry():
                    made.append(savers[i])
                case ServerEntry():
                    made.append(self._server(next(iter(savers.values()))))
                case ProbeEntry():
                    made.append(self._probe(entry.probe, f"hooks[{i}].probe.raises"))
        return made

    def _ps_health(self, options: PsHealth) -> tf.compat.v1.train.SessionRunHook:
        reports = {
            "record": self.recorder.report,
            "raise": self._report_and_raise,
            "default": self._report_by_default,
        }
        machines = FakeMachines(self.machines)
        config = ps_check_hooks.Config(
            barrier_op=self.barrier_op if options.barrier else None,  # type: ignore[arg-type]
            num_ps=len(self.machines),
            ps_device_fn=lambda _: "",
            report_fn=reports[options.report],
        )
        return ps_check_hooks.PsHealthCheckerHook(
            config,
            clock=self.clock,
            machine_info=machines.machine_info,
            check_machine_health=machines.check_machine_health,
        )

    def _report_and_raise(self, results: Results) -> None:
        self.recorder.report(results)
        raise RuntimeError("report failed")

    def _report_by_default(self, results: Results) -> None:
        with _absl_records_go_to(self.recorder):
            ps_check_hooks._default_report(results)

    def _saver_hook(self, options: Saver) -> NoFirstSaveCheckpointSaverHook:
        return NoFirstSaveCheckpointSaverHook(
            str(self.model_dir),
            save_steps=NEVER_BY_ITSELF,
            saver=self.saver,
            listeners=[self._listener(i, kind) for i, kind in enumerate(options.listeners)],
            save_graph_def=False,
            ignore_save_errors=options.ignore_save_errors,
            clock=self.clock,
        )

    def _listener(self, index: int, kind: str) -> tf.compat.v1.train.CheckpointSaverListener:
        def told(method: str, step: int | None) -> None:
            self.recorder.record(ListenerEvent, listener=index, method=method, step=step)

        listener = ProbeListener(told)
        wrappers = {
            "plain": lambda inner: inner,
            "before": hook_utils.BeforeSaveListener,
            "after": hook_utils.AfterSaveListener,
        }
        return wrappers[kind](listener)

    def _server(self, saver_hook: NoFirstSaveCheckpointSaverHook) -> ServerHook:
        return ServerHook(
            str(self.model_dir),
            self.barrier_op,
            saver_hook,
            clock=self.clock,
            server_addr=lambda port: f"127.0.0.1:{port}",
        )

    def _probe(self, probe: Probe, place: str) -> ProbeHook:
        raises = None
        if probe.raises is not None:
            self.ledger.declare(place)
            raises = RaiseIn(
                probe.raises.phase,
                probe.raises.error,
                probe.raises.message,
                probe.raises.times,
                place,
            )
        shows = functools.partial(self._show_phase, probe.name)
        return ProbeHook(shows, raises, self.ledger)

    def _show_phase(self, name: str, phase: str) -> None:
        self.recorder.record(HookEvent, hook=name, phase=phase)


class _ToRecorder(logging.Handler):
    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    def emit(self, record: logging.LogRecord) -> None:
        self._recorder.record(LogEvent, level=record.levelname, message=record.getMessage())


@contextmanager
def _absl_records_go_to(recorder: Recorder) -> Iterator[None]:
    """Take down what is logged through absl, in place of printing it."""
    logger, handler = logging.getLogger("absl"), _ToRecorder(recorder)
    before = logger.handlers, logger.propagate, logger.level
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.handlers, logger.propagate = before[:2]
        logger.setLevel(before[2])
