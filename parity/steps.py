"""What happens in a scenario, step by step."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, get_args

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    model_validator,
)

from parity.faults import ErrorName, Fault, Index, only_key
from parity.model import Model, OrOneOf
from parity.rpcs import Method, StatusCode
from parity.units import Duration, MemLimit

Count = Annotated[int, Field(ge=1)]


class WorkerTrain(Model):
    """Training steps for one worker; the chief is worker 0 and isn't meant."""

    index: Count
    train: Count


class Response(Model):
    """The fields of a response that a step expects; those not given aren't compared."""

    blocked_indices: tuple[Index, ...] | None = None
    unblocked_indices: tuple[Index, ...] | None = None
    global_step: int | None = None


class Raised(Model):
    """An exception in the body of the session."""

    error: ErrorName
    message: str = "raised by the scenario"


class End(Model):
    """Closing the session has no options."""


Bound = Annotated[Duration | None, Field(exclude=True)]
"""How long a step may take, all having settled after it; in real time only.

In virtual time a step takes exactly what the clock says, and that is compared: so it is
no part of what is played, and drivers don't get it.
"""


class TrainStep(Model):
    """``train: 3``."""

    train: Count
    within: Bound = None


class AdvanceStep(Model):
    """``advance: 30s``."""

    advance: Duration


class FaultStep(Model):
    """``fault: {...}``, with ``strikes: false`` where nothing may notice it."""

    fault: Fault
    strikes: bool = True
    within: Bound = None


class RpcStep(Model):
    """``rpc: StopTraining``, with the result that is expected.

    ``deadline`` is in virtual time. ``server: 1`` calls the first address that a server
    of this play has published, and so on; without it the address file is read. ``error``
    is what the client raises where it can't even call, such as NotFoundError.
    """

    rpc: Method
    deadline: Annotated[Duration, Field(ge=1)] | None = None
    server: Count | None = None
    expect: StatusCode = "OK"
    details: str | None = None
    response: Response | None = None
    error: str | None = None
    within: Bound = None


class WorkerStep(Model):
    """``worker: {index: 1, train: 2}``."""

    worker: WorkerTrain
    within: Bound = None


class RaiseStep(Model):
    """``raise: ValueError``, or ``raise: {error, message}``."""

    raise_: Annotated[Raised, OrOneOf(get_args(ErrorName)), Field(alias="raise")]

    @model_validator(mode="before")
    @classmethod
    def _long_form(cls, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("raise"), str):
            return {**value, "raise": {"error": value["raise"]}}
        return value


class EndStep(Model):
    """``end``."""

    end: End
    within: Bound = None


class BackgroundStep(Model):
    """``background: {rpc: SaveCheckpoint}``: called in a lane of its own; main goes on."""

    background: RpcStep


Hex = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{2})*$")]


class FileContent(Model):
    """What a file is made to hold: text, or bytes in hex; neither removes it."""

    text: str | None = None
    hex: Hex | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> FileContent:
        if self.text is not None and self.hex is not None:
            raise ValueError("text and hex are both given; one would be right")
        return self


def _removed(value: object) -> object:
    return {"text": None, "hex": None} if value == "missing" else value


Content = Annotated[FileContent, BeforeValidator(_removed), OrOneOf(("missing",))]


class AddressFileStep(Model):
    """``address_file: {text: ...}`` or ``missing``: what clients find from now on.

    In the text ``{addr}`` is the address that the file holds now, ``{dead}`` one where
    nothing listens, and ``{silent}`` one where somebody listens and never answers.
    """

    address_file: Content


class ActionFileStep(Model):
    """``action_file: {text: "action: STOP"}``: the file that QueryActionHook looks for."""

    action_file: Content


class ControllerOpStep(Model):
    """``controller_op: stop_op``: run that op of the ControllerHook on the chief's session."""

    controller_op: Literal["stop_op", "trigger_save_op"]


class MachineInfo(Model):
    """The PS, and the limit in bytes; None is the flag's value."""

    ps: Index
    mem_limit: MemLimit | None = None


class MachineInfoStep(Model):
    """``machine_info: {ps, mem_limit}``: the job creates it, if that PS has none yet."""

    machine_info: MachineInfo


class TimerStep(Model):
    """``timer: disable``: the first saver hook's schedule, off or on again."""

    timer: Literal["enable", "disable"]


class LookStep(Model):
    """``look: current_session``, with what is expected to be seen.

    ``current_session`` is ``none``, ``current`` (the chief's session) or ``left`` (one
    that was closed). ``action_response`` is ``none``, ``OK`` or ``error`` (any other text).
    """

    look: Literal["current_session", "action_response"]
    expect: Literal["none", "current", "left", "OK", "error"]


CONCURRENT: Final = ("rpc", "worker")

ConcurrentStep = Annotated[
    Annotated[RpcStep, Tag("rpc")] | Annotated[WorkerStep, Tag("worker")],
    Discriminator(
        lambda value: only_key(value, CONCURRENT),
        custom_error_type="no_concurrent_step",
        custom_error_message="this can't be done concurrently; "
        f"one of {', '.join(CONCURRENT)} would be right",
    ),
]


class ConcurrentlyStep(Model):
    """``concurrently: [...]``."""

    concurrently: Annotated[tuple[ConcurrentStep, ...], Field(min_length=2)]


STEPS: Final = (
    "train",
    "advance",
    "fault",
    "rpc",
    "background",
    "worker",
    "concurrently",
    "address_file",
    "action_file",
    "machine_info",
    "controller_op",
    "timer",
    "look",
    "raise",
    "end",
)


def _step_key(value: object) -> str | None:
    key = only_key(value, STEPS)
    return "raise" if key == "raise_" else key


Step = Annotated[
    Annotated[TrainStep, Tag("train")]
    | Annotated[AdvanceStep, Tag("advance")]
    | Annotated[FaultStep, Tag("fault")]
    | Annotated[RpcStep, Tag("rpc")]
    | Annotated[WorkerStep, Tag("worker")]
    | Annotated[BackgroundStep, Tag("background")]
    | Annotated[ConcurrentlyStep, Tag("concurrently")]
    | Annotated[AddressFileStep, Tag("address_file")]
    | Annotated[ActionFileStep, Tag("action_file")]
    | Annotated[MachineInfoStep, Tag("machine_info")]
    | Annotated[ControllerOpStep, Tag("controller_op")]
    | Annotated[TimerStep, Tag("timer")]
    | Annotated[LookStep, Tag("look")]
    | Annotated[RaiseStep, Tag("raise")]
    | Annotated[EndStep, Tag("end")],
    Discriminator(
        _step_key,
        custom_error_type="no_step",
        custom_error_message="this is no step; a mapping with one of the keys "
        f"{', '.join(STEPS)} would be right",
    ),
    BeforeValidator(lambda value: {"end": {}} if value == "end" else value),
    OrOneOf(("end",)),
]
