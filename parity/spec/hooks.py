"""Which hooks the chief of a scenario has, and how each is set up."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator

from parity.base.bounds import MOST_HOOKS, Name, Steps, Text, Times
from parity.base.model import Model, OrOneOf, example
from parity.spec.faults import ErrorName
from parity.spec.kinds import ByKey, kind_of, kinds_of
from parity.spec.rpcs import Method, StatusCode
from parity.spec.units import Duration

Phase = Literal["begin", "after_create_session", "before_run", "after_run", "end"]


class PsHealth(Model):
    """What the health hook reports to, and whether it has a barrier to place."""

    report: Literal["record", "raise", "default"] = "record"
    """``record``: what it is given becomes an event. ``raise``: recorded, then RuntimeError
    ``report failed``. ``default``: the default report, whose log record becomes an event."""
    barrier: bool = True
    """Whether it has a barrier to place."""


class Saver(Model):
    """How NoFirstSaveCheckpointSaverHook is set up, and whom it tells of its saves."""

    save_steps: Steps | None = None
    """Save every so many steps; without this and ``save_secs`` it never saves by itself."""
    save_secs: Annotated[Duration, Field(ge=1)] | None = None
    """Save as often as this, instead."""
    first_save: bool = False
    """Whether the save at session creation is done."""
    dense_only: bool = False
    """The saver hook's own ``is_dense_only``: nothing is written at step 0 (B32)."""
    ignore_save_errors: bool = False
    """The saver hook's own option; it doesn't hide an error from SaveCheckpoint (B31)."""
    listeners: Annotated[
        tuple[Literal["plain", "before", "after", "stops", "after_stops"], ...],
        Field(max_length=MOST_HOOKS),
    ] = ()
    """Each records what it is told: ``plain`` directly, ``before`` from behind a
    BeforeSaveListener, ``after`` from behind an AfterSaveListener. ``stops`` records and
    asks for a stop after each save; ``after_stops`` is that from behind an
    AfterSaveListener."""

    @model_validator(mode="after")
    def _one_schedule(self) -> Saver:
        if self.save_steps is not None and self.save_secs is not None:
            raise ValueError("save_steps and save_secs are both given; one would be right")
        return self


class Server(Model):
    """Where ServerHook publishes its address, and the IP that it publishes."""

    ip: Literal["127.0.0.1", "::1"] = "127.0.0.1"
    """The IP that it publishes with its port."""
    folder: Literal["model_dir", "missing", "file"] = "model_dir"
    """Its model directory: ``model_dir``, the play's own; ``missing``, the folder
    ``server/new`` in it, which isn't there; ``file``, ``server`` in it, which is a file.
    Clients look for the address where this server publishes it."""


class Call(Model):
    """A hook that calls the controller in one of its phases, each time that it comes."""

    phase: Phase
    """In which phase."""
    rpc: Method
    """Which method."""
    expect: StatusCode = "OK"
    """The status code that must come back."""


class CurrentSession(Model):
    """SetCurrentSessionHook has no options."""


class Controller(Model):
    """ControllerHook, with the barrier and the first saver hook's save; no options."""


class QueryAction(Model):
    """QueryActionHook on the model directory and the controller hook; no options."""


class StopHelper(Model):
    """StopHelper's stop hook; its callback comes after the barrier's others; no options."""


class Raises(Model):
    """What a probe raises, where, and how often."""

    phase: Phase
    """In which phase, after having recorded it."""
    error: ErrorName
    """What: a TensorFlow error by its Python name, or one of Python's own."""
    message: Text = ""
    """With which message; by default ``<name> raises in <phase>``."""
    times: Times = 1
    """The first so many times that the probe comes to that phase."""


class Probe(Model):
    """A hook that shows when its phases come, and can raise in one."""

    name: Annotated[Name, Field(min_length=1)]
    """What it is called in events; another name for each probe."""
    raises: Raises | None = None
    """What it raises, if anything; this must strike before the play is over."""

    @model_validator(mode="before")
    @classmethod
    def _default_message(cls, value: Any) -> Any:
        raises = value.get("raises") if isinstance(value, dict) else None
        if isinstance(raises, dict) and "message" not in raises:
            message = f"{value.get('name')} raises in {raises.get('phase')}"
            return {**value, "raises": {**raises, "message": message}}
        return value


class PsHealthEntry(Model, json_schema_extra=example({"ps_health": {"report": "raise"}})):
    """The health hook, which watches the memory of every PS."""

    ps_health: PsHealth


class SaverEntry(Model, json_schema_extra=example({"saver": {"listeners": ["plain"]}})):
    """NoFirstSaveCheckpointSaverHook, which writes checkpoints."""

    saver: Saver


class ServerEntry(Model, json_schema_extra=example("server")):
    """ServerHook, the controller; needs a ``saver``, of which the first is its."""

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
    """A hook that calls the controller each time that ``phase`` comes."""

    call: Call


class CurrentSessionEntry(Model, json_schema_extra=example("current_session")):
    """SetCurrentSessionHook (B45)."""

    current_session: CurrentSession


class ControllerEntry(Model, json_schema_extra=example("controller")):
    """ControllerHook with num_ps 0, the barrier, and the first saver hook's save (B46).

    That is ``trigger_save`` on the chief's current session; without a saver it has none.
    """

    controller: Controller


class QueryActionEntry(Model, json_schema_extra=example("query_action")):
    """QueryActionHook on the play's model directory and the ``controller`` (B47)."""

    query_action: QueryAction


class StopHelperEntry(Model, json_schema_extra=example("stop_helper")):
    """The stop hook of a StopHelper (B46).

    Its barrier callback comes after those of ``barrier.callbacks``.
    """

    stop_helper: StopHelper


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
)
HOOKS: Final = kinds_of(AnyHook)


def _has_defaults(entry: type[Model]) -> bool:
    options: Any = entry.model_fields[kind_of(entry)].annotation
    return not any(each.is_required() for each in options.model_fields.values())


SHORT_HOOKS: Final = tuple(kind_of(each) for each in get_args(AnyHook) if _has_defaults(each))
"""The hooks that a scenario may list by a bare name."""


def _long_form(value: object) -> object:
    return {value: {}} if isinstance(value, str) and value in HOOKS else value


Hook = Annotated[
    AnyHook,
    ByKey("no_hook", "this is no hook; one of {kinds} would be right"),
    BeforeValidator(_long_form),
    OrOneOf(SHORT_HOOKS),
]

DEFAULT_HOOKS: Final = (
    PsHealthEntry(ps_health=PsHealth()),
    SaverEntry(saver=Saver()),
    ServerEntry(server=Server()),
)
