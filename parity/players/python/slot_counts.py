"""A job's hash tables, and the listener that writes how many entries each slot has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf

from monolith_hooks.ckpt_info import FidSlotCountSaverListener
from monolith_hooks.hash_tables import add_table
from parity.players.python.recorder import Recorder
from parity.spec.scenario import Scenario
from parity.spec.trace import SlotCountsEvent


@dataclass(frozen=True)
class EntriesTable:
    """A ``SlotTable`` with an entry of each of these slots."""

    entries: tuple[int, ...]
    device: str
    is_multi: bool

    def slots(self) -> tf.Tensor:
        """Return an op for the slot of each entry: an int64 vector."""
        return tf.constant(self.entries, tf.int64)


def add_tables(scenario: Scenario) -> None:
    """Add the scenario's tables to those of the default graph."""
    for table in scenario.tables:
        # Both are the one CPU that there is; counting goes by the name.
        device = "/device:CPU:0" if table.device else ""
        add_table(EntriesTable(table.slots, device, table.multi))


class RecordingSlotCountListener(FidSlotCountSaverListener):
    """The listener itself, which also records the file that it has written, if it has."""

    def __init__(self, model_dir: Path, recorder: Recorder) -> None:
        super().__init__(str(model_dir))
        self._folder = model_dir
        self._recorder = recorder

    def before_save(self, session: tf.compat.v1.Session, global_step_value: int) -> None:
        """Count and write, and record what was written."""
        super().before_save(session, global_step_value)
        written = self._folder / f"ckpt.info-{global_step_value}"
        if written.exists():
            text = written.read_text(encoding="utf-8")
            self._recorder.record(SlotCountsEvent, step=int(global_step_value), text=text)
