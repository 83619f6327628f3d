"""What a served controller's barrier says of itself, and what the port sees of its machine."""

from __future__ import annotations

from typing import Final

from parity.interop.cases.service import ask
from parity.interop.cases.steps import (
    Arrive,
    BarrierIs,
    Case,
    CheckpointsAre,
    Group,
    Ipv6IsSeen,
    MachineIsSeen,
)
from parity.spec.interop import Server

BARRIER: Final = "barrier"
MACHINE: Final = "machine"
CHECKPOINTS: Final = "checkpoints"

_STEP: Final = 41


def looking_groups() -> list[Group]:
    """All cases that look beside the calls; for peers that can."""
    steps = (
        BarrierIs(removed=True, none_blocked=True, unblocked=(0, 1, 2), refused=(0, 3)),
        ask("StopTraining"),
        BarrierIs(removed=False, none_blocked=False, unblocked=(1, 2), refused=(0, 3)),
        Arrive(workers=(1,)),
        ask("ResumeTraining"),
        BarrierIs(removed=True, none_blocked=False, unblocked=(0, 2), refused=(0, 3)),
    )
    barrier = Case(method=BARRIER, name="in each state", covers=("B23",), steps=steps)
    covers = ("B1", "B2", "B3", "B44")
    machine = Case(method=MACHINE, name="is seen", covers=covers, steps=(MachineIsSeen(),))
    ipv6 = Case(method=MACHINE, name="by IPv6", covers=("B44",), steps=(Ipv6IsSeen(),))
    saved = Case(
        method=CHECKPOINTS,
        name="a saved step is there and can be restored",
        covers=("B30",),
        steps=(ask("SaveCheckpoint"), CheckpointsAre(steps=(_STEP,))),
    )
    return [Group(server=Server(global_step=_STEP), cases=(barrier, machine, ipv6, saved))]
