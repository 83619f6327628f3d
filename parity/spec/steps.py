"""What happens in a scenario, step by step."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, get_args

from pydantic import (
    BeforeValidator,
    Field,
    model_validator,
)

from parity.base.bounds import (
    MOST_LANES,
    MOST_LISTED,
    MOST_WORKERS,
    Hex,
    Integer,
    Name,
    PsIndex,
    Steps,
    Text,
    WorkerIndex,
)
from parity.base.model import Model, OrOneOf, example
from parity.spec.faults import ErrorName, Fault
from parity.spec.kinds import ByKey, kinds_of
from parity.spec.rpcs import Method, StatusCode
from parity.spec.units import Duration, MemLimit


class WorkerTrain(Model):
    """Training steps for one worker; the chief is worker 0 and isn't meant."""

    index: Annotated[WorkerIndex, Field(ge=1)]
    """The worker, counted from 1."""
    train: Steps
    """How many training steps are put into its inbox."""


Indices = Annotated[tuple[WorkerIndex, ...], Field(max_length=MOST_WORKERS)]


class Response(Model):
    """The fields of a response that a step expects; those not given aren't compared."""

    blocked_indices: Indices | None = None
    """GetBlockStatus: 0 if the barrier is placed, and the workers that it holds."""
    unblocked_indices: Indices | None = None
    """GetBlockStatus: all others."""
    global_step: Integer | None = None
    """GetTrainingStatus."""


class Raised(Model):
    """An exception in the body of the session."""

    error: ErrorName
    """A TensorFlow error by its Python name, or one of Python's own."""
    message: Text = "raised by the scenario"
    """Its message."""


class End(Model):
    """Closing the session has no options."""


Bound = Annotated[Duration | None, Field(exclude=True)]
"""How long a step may take, all having settled after it; in real time only.

In virtual time a step takes exactly what the clock says, and that is compared: so it is
no part of what is played, and drivers don't get it.
"""


class TrainStep(Model, json_schema_extra=example({"train": 3})):
    """The chief takes so many training steps, each adding 1 to the global step.

    Once a hook has asked the session to stop it takes no more.
    """

    train: Steps
    """How many."""
    within: Bound = None
    """Real time in which it is over, all having settled; see the cluster's page."""


class AdvanceStep(Model, json_schema_extra=example({"advance": "30s"})):
    """Time passes."""

    advance: Duration
    """How much."""


class FaultStep(Model, json_schema_extra=example({"fault": {"rss": {"ps": 0, "bytes": "9GiB"}}})):
    """A fault is in effect from now on."""

    fault: Fault
    """Which: a mapping with one key, its kind."""
    strikes: bool = True
    """Whether it must strike before the play is over; ``false`` says that it must not."""
    within: Bound = None
    """Real time in which it is over, all having settled; see the cluster's page."""


class RpcStep(
    Model, json_schema_extra=example({"rpc": "StopTraining", "expect": "ALREADY_EXISTS"})
):
    """An operator calls the controller, through client_lib."""

    rpc: Method
    """The method."""
    deadline: Annotated[Duration, Field(ge=1)] | None = None
    """Virtual time after which the client gives up with DEADLINE_EXCEEDED."""
    server: Annotated[int, Field(ge=1, le=MOST_LISTED)] | None = None
    """``1``: not the address file's address but the first that the observer saw
    published; ``2``: the second, and so on."""
    expect: StatusCode = "OK"
    """The status code that must come back."""
    details: Text | None = None
    """The text that must come with it, where given."""
    response: Response | None = None
    """The response that must come back, where given."""
    error: Name | None = None
    """What the client raises where it can't even call: ``NotFoundError``,
    ``UnicodeDecodeError``; ``expect`` isn't looked at then."""
    within: Bound = None
    """Real time in which it is over, all having settled; see the cluster's page."""


class WorkerStep(Model, json_schema_extra=example({"worker": {"index": 1, "train": 2}})):
    """A worker is given training steps in its inbox.

    Its own BarrierHook may block it after any of them. Its lane starts when it is
    first given steps. One whose step raises records that and ends, and what is left in
    its inbox is dropped.
    """

    worker: WorkerTrain
    """Which worker, and how many steps."""
    within: Bound = None
    """Real time in which it is over, all having settled; see the cluster's page."""


class RaiseStep(Model, json_schema_extra=example({"raise": "ValueError"})):
    """The body of the session raises."""

    raise_: Annotated[Raised, OrOneOf(get_args(ErrorName)), Field(alias="raise")]
    """What: the error's name, or the mapping below."""

    @model_validator(mode="before")
    @classmethod
    def _long_form(cls, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("raise"), str):
            return {**value, "raise": {"error": value["raise"]}}
        return value


class EndStep(Model, json_schema_extra=example("end")):
    """The session is closed as at the end of a ``with`` block.

    One that is still open after the last step is closed so anyway.
    """

    end: End
    """Has no options."""
    within: Bound = None
    """Real time in which it is over, all having settled; see the cluster's page."""


class BackgroundStep(Model, json_schema_extra=example({"background": {"rpc": "SaveCheckpoint"}})):
    """A call in a lane of its own, while main goes on.

    All of them are waited for before the play is over.
    """

    background: RpcStep
    """An ``rpc`` step."""


class FileContent(Model):
    """What a file is made to hold: text, or bytes in hex; neither removes it."""

    text: Text | None = None
    """UTF-8 text."""
    hex: Hex | None = None
    """Bytes instead, two lower-case hexadecimal digits each."""

    @model_validator(mode="after")
    def _one_of_them(self) -> FileContent:
        if self.text is not None and self.hex is not None:
            raise ValueError("text and hex are both given; one would be right")
        return self


def _removed(value: object) -> object:
    return {"text": None, "hex": None} if value == "missing" else value


Content = Annotated[FileContent, BeforeValidator(_removed), OrOneOf(("missing",))]


class AddressFileStep(Model, json_schema_extra=example({"address_file": {"text": "{dead}"}})):
    """The address file, as clients find it from now on.

    In the text ``{addr}`` is the address that the file holds now, ``{dead}`` one of this
    machine where nothing listens, and ``{silent}`` one where somebody listens and never
    answers: a call there needs a ``deadline``.
    """

    address_file: Content
    """What it holds; ``missing`` removes it."""


class ActionFileStep(Model, json_schema_extra=example({"action_file": {"text": "action: STOP"}})):
    """The file ``monolith_action`` in the model directory, for which QueryActionHook looks."""

    action_file: Content
    """What it holds; ``missing`` removes it."""


class ControllerOpStep(Model, json_schema_extra=example({"controller_op": "stop_op"})):
    """An op of the ControllerHook is run on the chief's session, outside a step."""

    controller_op: Literal["stop_op", "trigger_save_op"]
    """Which."""


class MachineInfo(Model):
    """The PS, and its limit."""

    ps: PsIndex
    """The PS, counted from 0."""
    mem_limit: MemLimit | None = None
    """The limit; ``null`` is the flag's value."""


class MachineInfoStep(
    Model, json_schema_extra=example({"machine_info": {"ps": 0, "mem_limit": "8GiB"}})
):
    """The job creates that PS's machine info; only a PS's first creation counts (B1)."""

    machine_info: MachineInfo
    """Of which PS, with which limit."""


class TimerStep(Model, json_schema_extra=example({"timer": "disable"})):
    """The first saver hook's timer is switched off, or on again."""

    timer: Literal["enable", "disable"]
    """Which."""


class LookStep(Model, json_schema_extra=example({"look": "current_session", "expect": "current"})):
    """Something that only the job itself can see is recorded.

    ``current_session`` is what get_current_session gives: ``none``, ``current`` (the
    chief's session is open and is it) or ``left`` (another, or one that was left).
    ``action_response`` is what the file monolith_action_response says: ``none`` (no
    file), ``OK``, or ``error`` for any other text, which is a parser's own.
    """

    look: Literal["current_session", "action_response"]
    """What is looked at."""
    expect: Literal["none", "current", "left", "OK", "error"]
    """What must be seen."""


AnyConcurrentStep = RpcStep | WorkerStep
CONCURRENT: Final = kinds_of(AnyConcurrentStep)

ConcurrentStep = Annotated[
    AnyConcurrentStep,
    ByKey(
        "no_concurrent_step",
        "this can't be done concurrently; one of {kinds} would be right",
    ),
]


class ConcurrentlyStep(
    Model,
    json_schema_extra=example(
        {"concurrently": [{"rpc": "StopTraining"}, {"worker": {"index": 1, "train": 2}}]}
    ),
):
    """Several things happen at the same instant, each in a lane of its own.

    They start in the order of the list, and main goes on when all are done. What the
    RPCs among them ``expect`` is compared as a multiset.
    """

    concurrently: Annotated[tuple[ConcurrentStep, ...], Field(min_length=2, max_length=MOST_LANES)]
    """Two or more ``rpc`` and ``worker`` steps."""


AnyStep = (
    TrainStep
    | AdvanceStep
    | FaultStep
    | RpcStep
    | WorkerStep
    | BackgroundStep
    | ConcurrentlyStep
    | AddressFileStep
    | ActionFileStep
    | MachineInfoStep
    | ControllerOpStep
    | TimerStep
    | LookStep
    | RaiseStep
    | EndStep
)
STEPS: Final = kinds_of(AnyStep)

Step = Annotated[
    AnyStep,
    ByKey(
        "no_step",
        "this is no step; a mapping with one of the keys {kinds} would be right",
    ),
    BeforeValidator(lambda value: {"end": {}} if value == "end" else value),
    OrOneOf(("end",)),
]
