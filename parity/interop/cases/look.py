"""The state of a served barrier, of its checkpoints, and of the port's machine."""

from __future__ import annotations

from typing import Final

from parity.interop.cases.service import ask
from parity.interop.cases.steps import (
    Arrive,
    BarrierIs,
    CheckpointsAre,
    Group,
    InteropCase,
    Ipv6IsSeen,
    MachineIsSeen,
)
from parity.spec.interop import InteropServer

BARRIER: Final = "barrier"
MACHINE: Final = "machine"
CHECKPOINTS: Final = "checkpoints"

_STEP: Final = 41


def looking_groups() -> list[Group]:
    """Return all cases with observations, for peers that support ``look``."""
    steps = (
        BarrierIs(removed=True, none_blocked=True, unblocked=(0, 1, 2), refused=(0, 3)),
        ask("StopTraining"),
        BarrierIs(removed=False, none_blocked=False, unblocked=(1, 2), refused=(0, 3)),
        Arrive(workers=(1,)),
        ask("ResumeTraining"),
        BarrierIs(removed=True, none_blocked=False, unblocked=(0, 2), refused=(0, 3)),
    )
    barrier = InteropCase(
        method=BARRIER, name="in each state", covers=("B20a", "B23b", "B23c"), steps=steps
    )
    covers = (
        *("B1b", "B2a", "B2b", "B3b", "B4b", "B4c", "B24a"),
        *(
            "B24b",
            "B44a",
            "B44b",
            "B44e",
            "B44g",
            "B46c",
            "B51c",
            "B51d",
            "B61b",
            "B64a",
            "B64b",
            "B74f",
            "B74g",
            "B74h",
            "B74i",
            "B75a",
            "B75b",
            "B75c",
            "B75d",
        ),
    )
    machine = InteropCase(method=MACHINE, name="is seen", covers=covers, steps=(MachineIsSeen(),))
    ipv6 = InteropCase(method=MACHINE, name="by IPv6", covers=("B44e",), steps=(Ipv6IsSeen(),))
    saved = InteropCase(
        method=CHECKPOINTS,
        name="a saved step is there and can be restored",
        covers=("B30a",),
        steps=(ask("SaveCheckpoint"), CheckpointsAre(steps=(_STEP,))),
    )
    return [Group(server=InteropServer(global_step=_STEP), cases=(barrier, machine, ipv6, saved))]
