"""The hooks of a scenario's chief, and their options."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator

from parity.base.bounds import MOST_HOOKS, MOST_TIMES, Name, Steps, Text, Times
from parity.base.model import Model, OrOneOf, example
from parity.spec.faults import ErrorName
from parity.spec.kinds import ByKey, kind_of, kinds_of
from parity.spec.rpcs import Method, StatusCode
from parity.spec.units import Duration

Phase = Literal["begin", "after_create_session", "before_run", "after_run", "end"]
HealthReport = Literal["record", "raise", "default"]
ListenerKind = Literal["plain", "before", "after", "stops", "after_stops", "barrier", "slot_counts"]
Listeners = Annotated[tuple[ListenerKind, ...], Field(max_length=MOST_HOOKS)]
Hour = Annotated[int, Field(ge=0, le=23)]
Minute = Annotated[int, Field(ge=0, le=59)]
ServerIp = Literal["127.0.0.1", "::1"]
ServerFolder = Literal["model_dir", "missing", "file"]


class Resilience(Model):
    """Options of a health hook whose watch goes on whatever happens (docs/production.md)."""

    poll_deadline: Annotated[Duration, Field(ge=1)] = 10_000
    """Time after which a poll is given up."""
    report_deadline: Annotated[Duration, Field(ge=1)] = 30_000
    """Time after which a report is no longer waited for."""
    backoff: Annotated[Duration, Field(ge=1)] = 1000
    """Time from a poll that went wrong to the next; it doubles each time, up to 30 s."""
    unreachable_after: Annotated[int, Field(ge=1, le=MOST_TIMES)] = 3
    """Polls in a row without an answer after which a PS is reported."""


class PsHealth(Model):
    """Options of the health hook: its report function and its barrier."""

    report: HealthReport = "record"
    """``record``: each report becomes an event. ``raise``: it is recorded, then RuntimeError
    ``report failed`` is raised. ``default``: the default report, whose log record becomes an
    event."""
    barrier: bool = True
    """``true`` if it has a barrier to place."""
    resilient: Resilience | None = None
    """Its options if it goes on whatever happens, which the original doesn't have
    (docs/production.md)."""


class Tide(Model):
    """A part of the day, in UTC; virtual time starts at midnight (B76)."""

    start_hour: Hour
    """Hour at which it begins."""
    start_minute: Minute = 0
    """Minute of that hour."""
    end_hour: Hour
    """Hour at which it has ended."""
    end_minute: Minute = 0
    """Minute of that hour."""
    save_secs: Annotated[Duration, Field(ge=1)]
    """Time between scheduled saves outside it, whatever the steps."""


class Saver(Model):
    """Options of NoFirstSaveCheckpointSaverHook, and its listeners."""

    save_steps: Steps | None = None
    """Steps between scheduled saves; without this and ``save_secs`` there are none."""
    save_secs: Annotated[Duration, Field(ge=1)] | None = None
    """Time between scheduled saves, instead of ``save_steps``."""
    first_save: bool = False
    """``true`` to save at session creation."""
    tide: Tide | None = None
    """The timer's tide; outside it saves have another interval (B76)."""
    dense_only: bool = False
    """The saver hook's own ``is_dense_only``: a step that it wrote last and the exit are skipped
    (B32, B73)."""
    dump_mode: bool = False
    """``true`` if its exit always writes, with neither guards nor a second try (B73)."""
    save_graph_def: bool = False
    """``true`` if session creation also writes ``graph.pbtxt``, ``meta_graph_for_debugging.pb`` and
    ``monolith_checkpoint`` (B74). The hook's own default is ``true``."""
    ignore_save_errors: bool = False
    """The saver hook's own option; it doesn't hide an error from SaveCheckpoint (B31)."""
    listeners: Listeners = ()
    """The listeners, each of which records its calls: ``plain`` directly, ``before`` wrapped in a
    BeforeSaveListener, ``after`` wrapped in an AfterSaveListener. ``stops`` also requests a
    stop after each save; ``after_stops`` does so wrapped in an AfterSaveListener. ``barrier`` is
    a BarrierSaverListener on the barrier, which records nothing itself (B53), and ``slot_counts`` a
    FidSlotCountSaverListener (B67), which records what it has written: it needs ``tables``."""
    guards: Listeners = ()
    """The guard listeners (B72), whose indices go on from those of ``listeners``."""
    barrier_wait: Annotated[Duration, Field(ge=1)] = 1000
    """Time between two checks of a ``barrier`` listener for workers that are missing."""
    barrier_pending: Duration = 30_000
    """Time after which it goes on without them, at the next check."""
    step_wait: Duration | None = None
    """Time for which a save on request waits for the chief's step to end; then no step begins while
    a checkpoint is being written. By default they don't wait for each other
    (docs/production.md)."""

    @model_validator(mode="after")
    def _one_schedule(self) -> Saver:
        if self.save_steps is not None and self.save_secs is not None:
            raise ValueError("save_steps and save_secs are both given; expected one of them")
        return self


class Server(Model):
    """Options of ServerHook: the folder of its address file, and the IP that it publishes."""

    ip: ServerIp = "127.0.0.1"
    """The IP that it publishes with its port."""
    folder: ServerFolder = "model_dir"
    """Its model directory: ``model_dir``, the directory of the run; ``missing``, the folder
    ``server/new`` in it, which doesn't exist; ``file``, ``server`` in it, which is a file.
    Clients read the address from this directory."""
    saver: bool = True
    """``true`` if it has the first saver hook; without it SaveCheckpoint is UNKNOWN."""


class Call(Model):
    """Options of a hook that calls the controller each time one of its phases is reached."""

    phase: Phase
    """The phase."""
    rpc: Method
    """The method."""
    expect: StatusCode = "OK"
    """The expected status code."""


class CurrentSession(Model):
    """Options of SetCurrentSessionHook: none."""


class Controller(Model):
    """Options of ControllerHook: what it has to stop and to save with."""

    barrier: bool = True
    """``true`` if it has the barrier; without it a stop does nothing."""
    saver: bool = True
    """``true`` if it has the first saver hook's save, if there is a saver."""


class QueryAction(Model):
    """Options of QueryActionHook: none. It has the model directory and the controller hook."""


class StopHelper(Model):
    """Options of StopHelper's stop hook: none. Its callback is the barrier's last."""


class Input(Model):
    """Options of the chief's input: none."""


class Raises(Model):
    """The error that a probe raises, its phase, and the number of times."""

    phase: Phase
    """The phase, which is recorded before the error is raised."""
    error: ErrorName
    """The error: a TensorFlow error by its Python name, or one of Python's own."""
    message: Text = ""
    """Its message; by default ``<name> raises in <phase>``."""
    skips: Annotated[int, Field(ge=0, le=MOST_TIMES)] = 0
    """The number of times that the phase is reached before it raises."""
    times: Times = 1
    """The number of times that it raises, from then on."""


class Probe(Model):
    """Options of a hook that records its phases, and can raise in one."""

    name: Annotated[Name, Field(min_length=1)]
    """Its name in events, which is unique."""
    raises: Raises | None = None
    """The error that it raises, if any; it must be raised before the run ends."""
    takes: Duration = 0
    """Time that its ``before_run`` takes, while a step is under way for the hooks before it."""

    @model_validator(mode="before")
    @classmethod
    def _default_message(cls, value: Any) -> Any:
        raises = value.get("raises") if isinstance(value, dict) else None
        if isinstance(raises, dict) and "message" not in raises:
            message = f"{value.get('name')} raises in {raises.get('phase')}"
            return {**value, "raises": {**raises, "message": message}}
        return value


class PsHealthEntry(Model, json_schema_extra=example({"ps_health": {"report": "raise"}})):
    """The health hook, which monitors the memory of every PS."""

    ps_health: PsHealth


class SaverEntry(Model, json_schema_extra=example({"saver": {"listeners": ["plain"]}})):
    """NoFirstSaveCheckpointSaverHook, which writes checkpoints."""

    saver: Saver


class ServerEntry(Model, json_schema_extra=example("server")):
    """ServerHook, the controller; it needs a ``saver``, and uses the first one."""

    server: Server


class ProbeEntry(
    Model,
    json_schema_extra=example(
        {"probe": {"name": "X", "raises": {"phase": "end", "error": "ValueError"}}}
    ),
):
    """A hook that records each of its phases, and can raise in one."""

    probe: Probe


class CallEntry(
    Model,
    json_schema_extra=example({"call": {"phase": "end", "rpc": "GetTrainingStatus"}}),
):
    """A hook that calls the controller each time ``phase`` is reached."""

    call: Call


class CurrentSessionEntry(Model, json_schema_extra=example("current_session")):
    """SetCurrentSessionHook (B45)."""

    current_session: CurrentSession


class ControllerEntry(Model, json_schema_extra=example("controller")):
    """ControllerHook with num_ps 0 (B46).

    Its save is ``trigger_save`` on the chief's current session. A scenario has one at most.
    """

    controller: Controller


class QueryActionEntry(Model, json_schema_extra=example("query_action")):
    """QueryActionHook on the run's model directory and the ``controller`` (B47)."""

    query_action: QueryAction


class StopHelperEntry(Model, json_schema_extra=example("stop_helper")):
    """The stop hook of a StopHelper (B46).

    Its barrier callback is called after those of ``barrier.callbacks``.
    """

    stop_helper: StopHelper


class InputEntry(Model, json_schema_extra=example("input")):
    """The restorer hook of a WorkerCkptHelper of index 0, with an iterator over 0, 1, 2, ... (B60).

    Each step of the chief takes an element, which is recorded. The helper's barrier callback
    is the last one. A scenario has one at most. In a cluster of processes each worker has an
    input of its own.
    """

    input: Input


AnyHook = (
    PsHealthEntry
    | SaverEntry
    | ServerEntry
    | ProbeEntry
    | CallEntry
    | CurrentSessionEntry
    | ControllerEntry
    | QueryActionEntry
    | StopHelperEntry
    | InputEntry
)
HOOKS: Final = kinds_of(AnyHook)


def _has_defaults(entry: type[Model]) -> bool:
    options: Any = entry.model_fields[kind_of(entry)].annotation
    return not any(each.is_required() for each in options.model_fields.values())


SHORT_HOOKS: Final = tuple(kind_of(each) for each in get_args(AnyHook) if _has_defaults(each))
"""The hooks that a scenario may list by their name only."""


def _long_form(value: object) -> object:
    return {value: {}} if isinstance(value, str) and value in HOOKS else value


Hook = Annotated[
    AnyHook,
    ByKey("no_hook", "unknown hook; expected one of {kinds}"),
    BeforeValidator(_long_form),
    OrOneOf(SHORT_HOOKS),
]

DEFAULT_HOOKS: Final = (
    PsHealthEntry(ps_health=PsHealth()),
    SaverEntry(saver=Saver()),
    ServerEntry(server=Server()),
)
