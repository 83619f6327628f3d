"""The operations that can meet, as data: those that are under way, and those that arrive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

Steps = tuple[dict[str, Any], ...]
Lane = Literal["main", "background", "thread"]
"""Where an operation runs: on the chief's lane, on one of its own, or on a hook's thread."""

_SLOW_SAVE: Final = {"slow_save": {"takes": "2s"}}
_OUT_OF_MEMORY: Final = {"fault": {"rss": {"ps": 0, "bytes": "9GiB"}}}
_STOP: Final = {"rpc": "StopTraining"}
_SAVE: Final = {"rpc": "SaveCheckpoint"}
_TRAIN: Final = {"train": 1}


@dataclass(frozen=True)
class UnderWay:
    """A slow operation, which holds something while others arrive."""

    name: str
    kind: str
    """The arrival of which it is a slow form."""
    is_: str
    """What it is, as a noun phrase."""
    takes: int
    """Its duration in milliseconds, if nothing else arrives."""
    holds: str
    """The lock, lane or handler that it holds."""
    covers: tuple[str, ...]
    """The facts that say so."""
    lane: Lane
    begin: Steps = ()
    """The steps that begin it; none if it begins by itself."""
    setup: Steps = ()
    """The steps before it."""
    begins_at: int = 0
    """The earliest instant at which it can begin, in milliseconds."""
    hooks: tuple[str, ...] = ()
    """Hooks that it needs besides the saver and the server."""
    saver: tuple[tuple[str, Any], ...] = ()
    """Options of the saver."""
    faults: Steps = ()
    callback: Literal["record", "slow"] = "record"
    """The kind of the barrier's callback."""
    workers: int = 2
    saves_at_once: bool = False
    """True if a slow save by what arrives would change how long it takes."""


@dataclass(frozen=True)
class Arrival:
    """An operation that arrives while another is under way."""

    name: str
    is_: str
    """What it is, as a noun phrase that begins a sentence."""
    covers: tuple[str, ...]
    """The facts that decide it."""
    lane: Lane
    steps: Steps = ()
    """The steps of which it consists."""
    setup: Steps = ()
    """Steps at the start of the scenario."""
    comes_at: int | None = None
    """The instant at which it arrives, in milliseconds; None if it can arrive at any time."""
    hooks: tuple[str, ...] = ()
    """Hooks that it needs besides the saver and the server."""
    faults: Steps = ()
    """Faults that make it slow as well."""


UNDER_WAY: Final = (
    UnderWay(
        "slow_stop",
        kind="stop",
        is_="a StopTraining whose callback takes 1 s",
        takes=1000,
        holds="the barrier's lock and a handler",
        covers=("B18a", "B21c", "B25a"),
        lane="background",
        begin=({"background": _STOP},),
        callback="slow",
    ),
    UnderWay(
        "slow_save",
        kind="save",
        is_="a SaveCheckpoint of 2 s",
        takes=2000,
        holds="the saver's lock and a handler",
        covers=("B30a", "B30g"),
        lane="background",
        begin=({"background": _SAVE},),
        faults=(_SLOW_SAVE,),
        callback="slow",
    ),
    UnderWay(
        "scheduled_save",
        kind="train",
        is_="a scheduled save of 2 s",
        takes=2000,
        holds="the chief's lane and the saver's lock",
        covers=("B30h",),
        lane="main",
        begin=(_TRAIN,),
        saver=(("save_steps", 2),),
        faults=(_SLOW_SAVE,),
        callback="slow",
    ),
    UnderWay(
        "exit_save",
        kind="end",
        is_="the exit's save of 2 s",
        takes=2000,
        holds="the chief's lane and the saver's lock, while the server still answers",
        covers=("B73a",),
        lane="main",
        begin=({"end": {}},),
        faults=(_SLOW_SAVE,),
        callback="slow",
    ),
    UnderWay(
        "slow_poll",
        kind="alarm",
        is_="a health poll of 1 s that ends in an alarm",
        takes=1000,
        holds="the health thread, for which an exit waits",
        covers=("B8a", "B15a"),
        lane="thread",
        setup=(_OUT_OF_MEMORY, {"fault": {"slow_poll": {"ps": 0, "takes": "1s"}}}),
        begins_at=30_000,
        hooks=("ps_health",),
        callback="slow",
        saves_at_once=True,
    ),
    UnderWay(
        "controllers_stop",
        kind="controllers_stop",
        is_="the ControllerHook's stop, which waits 30 s for a worker",
        takes=30_000,
        holds="the chief's lane and, without its lock, the barrier",
        covers=("B46d",),
        lane="main",
        begin=(_TRAIN,),
        setup=({"controller_op": "stop_op"},),
        hooks=("controller",),
    ),
    UnderWay(
        "held_worker",
        kind="worker",
        is_="the second between two checks of a worker that the barrier holds",
        takes=1000,
        holds="the worker's lane",
        covers=("B20c", "B20d", "B22c"),
        lane="background",
        begin=({"worker": {"index": 2, "train": 1}},),
        setup=(_STOP,),
        workers=3,
    ),
    UnderWay(
        "workers_step",
        kind="worker",
        is_="a worker's step of 2 s",
        takes=2000,
        holds="the worker's lane, having read the barrier at the beginning",
        covers=("B22c",),
        lane="background",
        begin=({"worker": {"index": 2, "train": 1, "takes": "2s"}},),
        workers=3,
    ),
    UnderWay(
        "listeners_wait",
        kind="save",
        is_="a save whose BarrierSaverListener waits 2 s for a worker",
        takes=2000,
        holds="the saver's lock, a handler and, without its lock, the barrier",
        covers=("B53b", "B55a"),
        lane="background",
        begin=({"background": _SAVE},),
        saver=(("listeners", ["barrier"]), ("barrier_pending", "1s")),
        saves_at_once=True,
    ),
    UnderWay(
        "closed_session",
        kind="end",
        is_="a StopTraining of 1 s that has outlived its session",
        takes=1000,
        holds="the barrier's lock and a handler of a server that has stopped",
        covers=("B34a",),
        lane="main",
        begin=({"background": _STOP}, {"end": {}}),
        callback="slow",
        saves_at_once=True,
    ),
)


def _call(name: str, method: str, *covers: str, faults: Steps = ()) -> Arrival:
    return Arrival(
        name,
        is_=method,
        covers=covers,
        lane="background",
        steps=({"rpc": method},),
        faults=faults,
    )


ARRIVALS: Final = (
    _call("stop", "StopTraining", "B18a", "B25a"),
    _call("resume", "ResumeTraining", "B19a", "B26a"),
    _call("block_status", "GetBlockStatus", "B27a"),
    _call("training_status", "GetTrainingStatus", "B29a"),
    _call("save", "SaveCheckpoint", "B30g", faults=(_SLOW_SAVE,)),
    Arrival(
        "alarm",
        is_="A health alarm",
        covers=("B8a",),
        lane="thread",
        setup=(_OUT_OF_MEMORY,),
        comes_at=30_000,
        hooks=("ps_health",),
    ),
    Arrival(
        "worker",
        is_="A worker's step",
        covers=("B20b", "B22c"),
        lane="background",
        steps=({"worker": {"index": 1, "train": 1}},),
    ),
    Arrival(
        "controllers_stop",
        is_="A stop by the ControllerHook",
        covers=("B46d",),
        lane="main",
        steps=({"controller_op": "stop_op"}, _TRAIN),
        hooks=("controller",),
    ),
    Arrival(
        "controllers_save",
        is_="A save by the ControllerHook",
        covers=("B46h",),
        lane="main",
        steps=({"controller_op": "trigger_save_op"}, _TRAIN),
        hooks=("controller",),
        faults=(_SLOW_SAVE,),
    ),
    Arrival(
        "action_file",
        is_="The check for an action file that requests a save",
        covers=("B47c",),
        lane="thread",
        setup=({"action_file": {"text": "action: TRIGGER_SAVE"}},),
        comes_at=60_000,
        hooks=("controller", "query_action"),
    ),
    Arrival(
        "timer",
        is_="The disabling of the saver's timer",
        covers=("B32a",),
        lane="background",
        steps=({"timer": "disable"},),
    ),
    Arrival(
        "train",
        is_="A step of the chief",
        covers=("B30h",),
        lane="main",
        steps=(_TRAIN,),
    ),
    Arrival(
        "end",
        is_="The chief's exit",
        covers=("B73a",),
        lane="main",
        steps=({"end": {}},),
        faults=(_SLOW_SAVE,),
    ),
)
