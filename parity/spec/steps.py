"""The steps of a scenario."""

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

ControllerOp = Literal["stop_op", "trigger_save_op"]
TimerSwitch = Literal["enable", "disable"]
CallbackKind = Literal["record", "slow", "raise"]
LookTarget = Literal["current_session", "action_response"]


class WorkerTrain(Model):
    """Training steps for one worker other than the chief, which is worker 0."""

    index: Annotated[WorkerIndex, Field(ge=1)]
    """The worker, counted from 1."""
    train: Steps
    """The number of training steps that are put into its inbox."""
    takes: Duration = 0
    """Virtual time that each of them takes, from its run, which reads the barrier, until the
    worker's BarrierHook acts on what was read."""


Indices = Annotated[tuple[WorkerIndex, ...], Field(max_length=MOST_WORKERS)]


class Response(Model):
    """The expected fields of a response; fields that aren't given aren't compared."""

    blocked_indices: Indices | None = None
    """GetBlockStatus: 0 if the barrier is placed, and the workers that it blocks."""
    unblocked_indices: Indices | None = None
    """GetBlockStatus: all others."""
    global_step: Integer | None = None
    """GetTrainingStatus: the global step."""


class Raised(Model):
    """An exception in the body of the session."""

    error: ErrorName
    """A TensorFlow error by its Python name, or one of Python's own."""
    message: Text = "raised by the scenario"
    """Its message."""


class End(Model):
    """Options of closing the session: none."""


Bound = Annotated[Duration | None, Field(exclude=True)]
"""The longest time of a step until all lanes have settled; for real time only.

In virtual time the duration of a step is exact and is compared, so this bound isn't part of
the canonical scenario, and drivers don't get it.
"""


class TrainStep(Model, json_schema_extra=example({"train": 3})):
    """The chief takes this many training steps, each of which adds 1 to the global step.

    It takes no more once a hook has requested a stop.
    """

    train: Steps
    """The number of training steps."""
    within: Bound = None
    """The longest real time until all lanes have settled; see docs/cluster.md."""


class AdvanceStep(Model, json_schema_extra=example({"advance": "30s"})):
    """Time advances."""

    advance: Duration
    """The amount of time."""


class FaultStep(Model, json_schema_extra=example({"fault": {"rss": {"ps": 0, "bytes": "9GiB"}}})):
    """A fault is injected."""

    fault: Fault
    """The fault: a mapping with one key, its kind."""
    strikes: bool = True
    """``true`` if it must be triggered before the run ends; ``false`` if it must not."""
    within: Bound = None
    """The longest real time until all lanes have settled; see docs/cluster.md."""


class RpcStep(
    Model, json_schema_extra=example({"rpc": "StopTraining", "expect": "ALREADY_EXISTS"})
):
    """An operator calls the controller, through client_lib."""

    rpc: Method
    """The method."""
    deadline: Annotated[Duration, Field(ge=1)] | None = None
    """The virtual time after which the client gives up with DEADLINE_EXCEEDED."""
    server: Annotated[int, Field(ge=1, le=MOST_LISTED)] | None = None
    """``1``: the first address that the observer saw published, instead of the address
    file's; ``2``: the second, and so on."""
    expect: StatusCode = "OK"
    """The expected status code."""
    details: Text | None = None
    """The expected text of the status, if given."""
    response: Response | None = None
    """The expected response, if given."""
    error: Name | None = None
    """The expected error of a client that can't make the call: ``NotFoundError``,
    ``UnicodeDecodeError``; ``expect`` is then ignored."""
    within: Bound = None
    """The longest real time until all lanes have settled; see docs/cluster.md."""


class WorkerStep(Model, json_schema_extra=example({"worker": {"index": 1, "train": 2}})):
    """A worker gets training steps in its inbox.

    Its own BarrierHook may block it after each of them. Its lane starts when it first
    gets steps. If a step raises, the worker records the error and ends, and the rest of
    its inbox is dropped.
    """

    worker: WorkerTrain
    """The worker, and the number of steps."""
    within: Bound = None
    """The longest real time until all lanes have settled; see docs/cluster.md."""


class RaiseStep(Model, json_schema_extra=example({"raise": "ValueError"})):
    """The body of the session raises."""

    raise_: Annotated[Raised, OrOneOf(get_args(ErrorName)), Field(alias="raise")]
    """The error's name, or the mapping below."""

    @model_validator(mode="before")
    @classmethod
    def _long_form(cls, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("raise"), str):
            return {**value, "raise": {"error": value["raise"]}}
        return value


class EndStep(Model, json_schema_extra=example("end")):
    """The session is closed as at the end of a ``with`` block.

    A session that is still open after the last step is closed in the same way.
    """

    end: End
    """No options."""
    within: Bound = None
    """The longest real time until all lanes have settled; see docs/cluster.md."""


class FileContent(Model):
    """The content of a file: text, or bytes in hex; without either the file is removed."""

    text: Text | None = None
    """UTF-8 text."""
    hex: Hex | None = None
    """Bytes instead, two lower-case hexadecimal digits each."""

    @model_validator(mode="after")
    def _one_of_them(self) -> FileContent:
        if self.text is not None and self.hex is not None:
            raise ValueError("text and hex are both given; expected one of them")
        return self


class ActionContent(FileContent):
    """What is at a file's path: content, a folder, or nothing."""

    folder: bool = False
    """An empty folder in the file's place."""

    @model_validator(mode="after")
    def _content_or_folder(self) -> ActionContent:
        if self.folder and (self.text is not None or self.hex is not None):
            raise ValueError("folder and content are both given; expected one of them")
        return self


def _missing(value: object) -> object:
    return {} if value == "missing" else value


def _missing_or_folder(value: object) -> object:
    return {"folder": True} if value == "folder" else _missing(value)


Content = Annotated[FileContent, BeforeValidator(_missing), OrOneOf(("missing",))]


class AddressFileStep(Model, json_schema_extra=example({"address_file": {"text": "{dead}"}})):
    """The address file is replaced or removed.

    In the text, ``{addr}`` is the present address in the file, ``{dead}`` an address of this
    machine at which nothing listens, and ``{silent}`` an address of a listener that never
    answers: a call to it needs a ``deadline``.
    """

    address_file: Content
    """Its content; ``missing`` removes it."""


class ActionFileStep(Model, json_schema_extra=example({"action_file": {"text": "action: STOP"}})):
    """The file ``monolith_action``, which QueryActionHook reads, is replaced or removed."""

    action_file: Annotated[
        ActionContent, BeforeValidator(_missing_or_folder), OrOneOf(("missing", "folder"))
    ]
    """Its content; ``missing`` removes it, ``folder`` puts an empty folder in its place."""


class ControllerOpStep(Model, json_schema_extra=example({"controller_op": "stop_op"})):
    """An op of the ControllerHook is run on the chief's session, outside a step."""

    controller_op: ControllerOp
    """The op."""


class MachineInfo(Model):
    """The PS, and its limit."""

    ps: PsIndex
    """The PS, counted from 0."""
    mem_limit: MemLimit | None = None
    """The limit; ``null`` is the flag's value."""


StateFile = Literal["checkpoint", "monolith_checkpoint", "checkpoint_input_worker_0"]
"""The files that say which checkpoints a model directory has: TensorFlow's of the model,
Monolith's, and that of the chief's input."""
STATE_FILES: Final[tuple[StateFile, ...]] = get_args(StateFile)


class WrittenStateFile(Model):
    """A state file, and its content."""

    file: StateFile
    """The file."""
    content: Content
    """Its content; ``missing`` removes it."""


class StateFileStep(
    Model,
    json_schema_extra=example(
        {"state_file": {"file": "checkpoint", "content": {"text": "no state at all"}}}
    ),
):
    """A state file of the model directory is replaced or removed, as by somebody else."""

    state_file: WrittenStateFile
    """The file, and its content."""


class MachineInfoStep(
    Model, json_schema_extra=example({"machine_info": {"ps": 0, "mem_limit": "8GiB"}})
):
    """The job creates the PS's machine info; only a PS's first creation has an effect (B1)."""

    machine_info: MachineInfo
    """The PS, and its limit."""


class TimerStep(Model, json_schema_extra=example({"timer": "disable"})):
    """The first saver hook's timer is disabled, or enabled again."""

    timer: TimerSwitch
    """The method of the timer that is called."""


class AppendCallbackStep(Model, json_schema_extra=example({"append_callback": "record"})):
    """A callback is appended to the list that the job gave to the barrier (B21f).

    ``barrier.callbacks`` must not be empty, as an empty list isn't kept (B21g); indices go on
    after its own. In a real cluster each process that is running appends to its own list.
    """

    append_callback: CallbackKind
    """What it does beside recording an event, as in ``barrier.callbacks``."""


class LookStep(Model, json_schema_extra=example({"look": "current_session", "expect": "current"})):
    """A state that only the job itself can observe is recorded.

    ``current_session`` is the result of get_current_session: ``none``, ``current`` (the
    chief's open session) or ``left`` (another session, or one that was left).
    ``action_response`` is the content of the file monolith_action_response: ``none`` (no
    file), ``OK``, or ``error`` for any other text, which is a parser's message.
    """

    look: LookTarget
    """The state to record."""
    expect: Literal["none", "current", "left", "OK", "error"]
    """The expected state."""


AnyBackgroundStep = (
    RpcStep
    | WorkerStep
    | FaultStep
    | ActionFileStep
    | AddressFileStep
    | StateFileStep
    | ControllerOpStep
    | MachineInfoStep
    | TimerStep
    | AppendCallbackStep
)
BACKGROUND: Final = kinds_of(AnyBackgroundStep)

InBackground = Annotated[
    AnyBackgroundStep,
    ByKey(
        "no_background_step",
        "can't be done in the background; expected one of {kinds}",
    ),
]


class BackgroundStep(
    Model,
    json_schema_extra=example({"background": {"rpc": "SaveCheckpoint"}, "after": "500ms"}),
):
    """A step is done in a lane of its own, while main continues.

    So something can come while main is within another step: in a save, in a wait, or in its
    close. The run ends only after all of these lanes have ended.
    """

    background: InBackground
    """The step."""
    after: Duration = 0
    """The time from this step until it is done."""


AnyConcurrentStep = RpcStep | WorkerStep
CONCURRENT: Final = kinds_of(AnyConcurrentStep)

ConcurrentStep = Annotated[
    AnyConcurrentStep,
    ByKey(
        "no_concurrent_step",
        "can't be done concurrently; expected one of {kinds}",
    ),
]


class ConcurrentlyStep(
    Model,
    json_schema_extra=example(
        {"concurrently": [{"rpc": "StopTraining"}, {"worker": {"index": 1, "train": 2}}]}
    ),
):
    """Several steps start at the same instant, each in a lane of its own.

    They start in the order of the list, and main continues when all are done. The results
    that the RPCs ``expect`` are compared as a multiset.
    """

    concurrently: Annotated[tuple[ConcurrentStep, ...], Field(min_length=2, max_length=MOST_LANES)]
    """Two or more ``rpc`` and ``worker`` steps."""


AnyStep = (
    TrainStep
    | AdvanceStep
    | FaultStep
    | RpcStep
    | WorkerStep
    | ConcurrentlyStep
    | AddressFileStep
    | ActionFileStep
    | StateFileStep
    | MachineInfoStep
    | ControllerOpStep
    | TimerStep
    | AppendCallbackStep
    | BackgroundStep
    | LookStep
    | RaiseStep
    | EndStep
)
STEPS: Final = kinds_of(AnyStep)

Step = Annotated[
    AnyStep,
    ByKey(
        "no_step",
        "unknown step; expected a mapping with one of the keys {kinds}",
    ),
    BeforeValidator(lambda value: {"end": {}} if value == "end" else value),
    OrOneOf(("end",)),
]
