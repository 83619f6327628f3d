"""The trace of a scenario: its events, and which declared faults were triggered.

docs/trace-format.md describes the format.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Final, Literal, get_args

from pydantic import ConfigDict, Discriminator, Field, PlainSerializer, model_validator
from pydantic_core import PydanticCustomError

from parity.base.model import FailFastTuple, Model, canonical_json, frozen
from parity.spec.faults import FaultyFile, FileOperation
from parity.spec.hooks import Phase
from parity.spec.integers import Index, Unsigned
from parity.spec.rpcs import Method, StatusCode
from parity.spec.steps import StateFile

CONCURRENT_PREFIX: Final = "concurrently-"
BACKGROUND_PREFIX: Final = "background-"
CALLER_PREFIXES: Final = (CONCURRENT_PREFIX, BACKGROUND_PREFIX)
"""Prefixes of the labels of lanes that make a call; a handler has the label of its caller."""
CONTROLLER_LANE: Final = "controller"
"""The lane of every other handler."""


Channel = Literal[
    "reports",
    "barrier",
    "rpc",
    "saves",
    "steps",
    "hooks",
    "session",
    "errors",
    "threads",
    "logs",
    "files",
]
CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)


class BaseEvent(Model):
    """Time and lane of an event; the time is in virtual milliseconds since the start."""

    ms: Annotated[Unsigned, Field(ge=0)]
    lane: str


SessionState = Literal["created", "closed"]
ListenerMethod = Literal["begin", "before_save", "after_save", "end"]
CurrentSessionState = Literal["none", "current", "left"]
ResponseState = Literal["none", "OK", "error"]
ThreadFate = Literal["returned", "died", "left"]


class SessionEvent(BaseEvent):
    """A session was created or left."""

    channel: ClassVar[Channel] = "session"
    kind: Literal["session"] = "session"
    state: SessionState


class HookEvent(BaseEvent):
    """A probe reached a phase."""

    channel: ClassVar[Channel] = "hooks"
    kind: Literal["hook"] = "hook"
    hook: str
    phase: Phase


class StepEvent(BaseEvent):
    """A training step has ended."""

    channel: ClassVar[Channel] = "steps"
    kind: Literal["step"] = "step"
    worker: Index
    global_step: int


class ElementEvent(BaseEvent):
    """A step took this element of the input, just before its ``step``."""

    channel: ClassVar[Channel] = "steps"
    kind: Literal["element"] = "element"
    value: int


class PsResult(Model):
    """The result of one PS in a report."""

    ps: Index
    status: str | None
    message: str


class ReportEvent(BaseEvent):
    """report_fn was called."""

    channel: ClassVar[Channel] = "reports"
    kind: Literal["report"] = "report"
    results: FailFastTuple[PsResult]


class BarrierEvent(BaseEvent):
    """The barrier changed to these set indices."""

    channel: ClassVar[Channel] = "barrier"
    kind: Literal["barrier"] = "barrier"
    blocked: FailFastTuple[Index]


class RpcResponse(Model):
    """The fields of the response message; fields that it doesn't have are absent."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    blocked_indices: FailFastTuple[int] | None = None
    unblocked_indices: FailFastTuple[int] | None = None
    global_step: int | None = None


class CallbackEvent(BaseEvent):
    """A callback of the barrier was called."""

    channel: ClassVar[Channel] = "barrier"
    kind: Literal["callback"] = "callback"
    callback: Index
    action: str


class RpcEvent(BaseEvent):
    """A client received the result of its call; ``call`` is its place in the scenario."""

    channel: ClassVar[Channel] = "rpc"
    kind: Literal["rpc"] = "rpc"
    call: str
    method: Method
    code: StatusCode
    details: str | None
    response: RpcResponse | None


class ClientErrorEvent(BaseEvent):
    """A client couldn't make its call; ``call`` is its place in the scenario."""

    channel: ClassVar[Channel] = "rpc"
    kind: Literal["client_error"] = "client_error"
    call: str
    method: Method
    error: str


class SaveEvent(BaseEvent):
    """A checkpoint was written."""

    channel: ClassVar[Channel] = "saves"
    kind: Literal["save"] = "save"
    step: int


class SaveFailedEvent(BaseEvent):
    """Writing a checkpoint raised."""

    channel: ClassVar[Channel] = "saves"
    kind: Literal["save_failed"] = "save_failed"
    step: int
    error: str
    message: str


class ListenerEvent(BaseEvent):
    """A listener of the saver hook was called; ``step`` is None in ``begin``."""

    channel: ClassVar[Channel] = "saves"
    kind: Literal["listener"] = "listener"
    listener: Index
    method: ListenerMethod
    step: int | None


class LogEvent(BaseEvent):
    """The default report logged."""

    channel: ClassVar[Channel] = "logs"
    kind: Literal["log"] = "log"
    level: str
    message: str


class CurrentSessionEvent(BaseEvent):
    """The result of get_current_session."""

    channel: ClassVar[Channel] = "session"
    kind: Literal["current_session"] = "current_session"
    session: CurrentSessionState


class ActionResponseEvent(BaseEvent):
    """The content of the file monolith_action_response."""

    channel: ClassVar[Channel] = "files"
    kind: Literal["action_response"] = "action_response"
    response: ResponseState


Replaced = Literal["new", "whole", "in_place"]
"""How a file's content changed: no such file was there before, or another file took its place, so
that whoever has the old one open reads the old content, or it was written over."""


class AddressEvent(BaseEvent):
    """A server published a new address; its port isn't shown."""

    channel: ClassVar[Channel] = "files"
    kind: Literal["address"] = "address"
    text: str
    mode: str
    replaced: Replaced


class StateFileEvent(BaseEvent):
    """A state file of the model directory changed: TensorFlow's, Monolith's (B74), or the input's.

    ``checkpoints`` are the names that it lists, in its order, without their folder; those of
    ``monolith_checkpoint`` are exempt ones. ``fields`` are Monolith's other fields as text,
    ``name: value``, sorted; times that TensorFlow writes aren't shown.
    """

    channel: ClassVar[Channel] = "files"
    kind: Literal["state_file"] = "state_file"
    file: StateFile
    replaced: Replaced
    checkpoints: FailFastTuple[str]
    fields: FailFastTuple[str]


class SlotCountsEvent(BaseEvent):
    """A listener has written the number of entries of each slot (B68); ``text`` is the file's."""

    channel: ClassVar[Channel] = "files"
    kind: Literal["slot_counts"] = "slot_counts"
    step: int
    text: str


class FileErrorEvent(BaseEvent):
    """An operation on a file failed as a fault says; ``left`` are the files at that moment.

    A temporary file isn't among them.
    """

    channel: ClassVar[Channel] = "files"
    kind: Literal["file_error"] = "file_error"
    operation: FileOperation
    file: FaultyFile
    left: FailFastTuple[str]


class RaisedEvent(BaseEvent):
    """An exception left the session, or a worker's step if it is on a worker's lane."""

    channel: ClassVar[Channel] = "errors"
    kind: Literal["raised"] = "raised"
    error: str
    message: str


class ThreadEvent(BaseEvent):
    """A thread that a hook started ended, or was left running."""

    channel: ClassVar[Channel] = "threads"
    kind: Literal["thread"] = "thread"
    thread: str
    fate: ThreadFate
    error: str | None


LISTED_FILES: Final = (
    "checkpoint",
    "checkpoint_input_worker_0",
    "controller_server_addr.txt",
    "graph.pbtxt",
    "meta_graph_for_debugging.pb",
    "monolith_action",
    "monolith_action_response",
    "monolith_checkpoint",
    "server",
    "server/new/controller_server_addr.txt",
)
"""The files that are listed by their own names."""
LISTED_CHECKPOINTS: Final = ("ckpt.info", "input_worker_0.ckpt", "model.ckpt")
"""What the names of checkpoints begin with; one of any number of files is listed once."""
UNLISTED_FILES: Final = ("checkpoint.tmp", "events.out.tfevents.")
"""What the names of files begin with that TensorFlow alone writes and that aren't listed; it leaves
the first one behind where it can't write the state file."""
OTHER_FILES: Final = "<other>"
"""What is listed if there is any other file, such as a temporary one that was left behind."""


class FilesEvent(BaseEvent):
    """The files left in the model directory and its folders, by canonical names."""

    channel: ClassVar[Channel] = "files"
    kind: Literal["files"] = "files"
    left: FailFastTuple[str]


Event = Annotated[
    SessionEvent
    | HookEvent
    | StepEvent
    | ElementEvent
    | ReportEvent
    | BarrierEvent
    | CallbackEvent
    | RpcEvent
    | ClientErrorEvent
    | SaveEvent
    | SaveFailedEvent
    | ListenerEvent
    | LogEvent
    | CurrentSessionEvent
    | ActionResponseEvent
    | AddressEvent
    | StateFileEvent
    | SlotCountsEvent
    | FileErrorEvent
    | RaisedEvent
    | ThreadEvent
    | FilesEvent,
    Discriminator("kind"),
]

CHANNEL_OF_KIND: Final[dict[str, Channel]] = {
    event.model_fields["kind"].default: event.channel for event in get_args(get_args(Event)[0])
}


def event_to_json(event: Event) -> dict[str, Any]:
    """Return the JSON form of an event, without the fields that a response doesn't have."""
    document: dict[str, Any] = event.model_dump(mode="json")
    if isinstance(event, RpcEvent) and event.response is not None:
        document["response"] = event.response.model_dump(mode="json", exclude_none=True)
    return document


def event_text(event: Event) -> str:
    """Return an event as canonical JSON, for a message."""
    return canonical_json(event_to_json(event))


WrittenEvent = Annotated[Event, PlainSerializer(event_to_json)]
"""An event within another model, serialized as in a trace."""


class Trace(Model):
    """The events in canonical order, and which declared faults were triggered."""

    events: FailFastTuple[Event]
    struck: dict[str, bool]

    @classmethod
    def of(cls, events: Iterable[Event], struck: dict[str, bool]) -> Trace:
        """Return the trace of events that are in the order in which they were recorded."""
        return cls(events=tuple(_canonical_order(list(events))), struck=struck)

    @classmethod
    def from_json(cls, document: Any) -> Trace:
        """Validate and read the JSON of ``to_json`` or of a driver.

        Raises:
            pydantic.ValidationError: It isn't a trace, or its times run backwards.
        """
        read = _ForeignTrace.model_validate(frozen(document))
        return cls.of(read.events, read.struck)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, for ``canonical_json``."""
        return {"events": [event_to_json(event) for event in self.events], "struck": self.struck}

    def text(self) -> str:
        """Return the canonical bytes of a trace file, as text."""
        return canonical_json(self.to_json()) + "\n"

    def of_channels(self, channels: Collection[str]) -> Trace:
        """Return the trace without the events of other channels."""
        events = (each for each in self.events if CHANNEL_OF_KIND[each.kind] in channels)
        return self.model_copy(update={"events": tuple(events)})

    def channel(self, channel: Channel) -> Iterator[Event]:
        """Iterate over the events of one channel, in order."""
        return (event for event in self.events if CHANNEL_OF_KIND[event.kind] == channel)


class _ForeignTrace(Trace):
    """A trace from outside, in the order of recording."""

    @model_validator(mode="after")
    def _refuse_time_that_runs_backwards(self) -> _ForeignTrace:
        for i, (before, event) in enumerate(pairwise(self.events), start=1):
            if event.ms < before.ms:
                raise PydanticCustomError(
                    "backwards",
                    "events[{i}]: expected {before} ms or later, as in the event before it, "
                    "got {ms} ms",
                    {"i": i, "before": before.ms, "ms": event.ms},
                )
        return self


def _canonical_order(events: list[Event]) -> list[Event]:
    """Sort the events of each concurrent step within the places that they occupy."""
    places: dict[str, list[int]] = {}
    for i, event in enumerate(events):
        if event.lane.startswith(CONCURRENT_PREFIX):
            places.setdefault(event.lane, []).append(i)
    ordered = list(events)
    for indices in places.values():
        by_rule = sorted((events[i] for i in indices), key=_time_then_text)
        for i, event in zip(indices, by_rule, strict=True):
            ordered[i] = event
    return ordered


def _time_then_text(event: Event) -> tuple[int, str]:
    return event.ms, event_text(event)
