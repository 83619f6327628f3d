"""Which hooks the chief of a scenario has, and how each is set up."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from parity.faults import ErrorName, only_key
from parity.model import Model, OrOneOf
from parity.rpcs import Method, StatusCode
from parity.units import Duration

Phase = Literal["begin", "after_create_session", "before_run", "after_run", "end"]


class PsHealth(Model):
    """What the health hook reports to, and whether it has a barrier to place."""

    report: Literal["record", "raise", "default"] = "record"
    barrier: bool = True


class Saver(Model):
    """How NoFirstSaveCheckpointSaverHook is set up, and whom it tells of its saves.

    Without ``save_steps`` or ``save_secs`` it never saves by itself. Each listener
    records what it is told, directly (``plain``) or from behind a BeforeSaveListener
    (``before``) or an AfterSaveListener (``after``). ``stops`` and ``after_stops`` ask
    for a stop after each save, directly or from behind an AfterSaveListener.
    """

    save_steps: Annotated[int, Field(ge=1)] | None = None
    save_secs: Annotated[Duration, Field(ge=1)] | None = None
    first_save: bool = False
    dense_only: bool = False
    ignore_save_errors: bool = False
    listeners: tuple[Literal["plain", "before", "after", "stops", "after_stops"], ...] = ()

    @model_validator(mode="after")
    def _one_schedule(self) -> Saver:
        if self.save_steps is not None and self.save_secs is not None:
            raise ValueError("save_steps and save_secs are both given; one would be right")
        return self


class Server(Model):
    """Where ServerHook publishes its address, and the IP that it publishes.

    The folder is the model directory; or one in it that isn't there (``missing``), or
    is a file (``file``). Clients look where the server publishes.
    """

    ip: Literal["127.0.0.1", "::1"] = "127.0.0.1"
    folder: Literal["model_dir", "missing", "file"] = "model_dir"


class Call(Model):
    """A hook that calls the controller in one of its phases, each time that it comes."""

    phase: Phase
    rpc: Method
    expect: StatusCode = "OK"


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
    error: ErrorName
    message: str = ""
    times: Annotated[int, Field(ge=1)] = 1


class Probe(Model):
    """A hook that shows when its phases come, and can raise in one."""

    name: Annotated[str, Field(min_length=1)]
    raises: Raises | None = None

    @model_validator(mode="before")
    @classmethod
    def _default_message(cls, value: Any) -> Any:
        raises = value.get("raises") if isinstance(value, dict) else None
        if isinstance(raises, dict) and "message" not in raises:
            message = f"{value.get('name')} raises in {raises.get('phase')}"
            return {**value, "raises": {**raises, "message": message}}
        return value


class PsHealthEntry(Model):
    """``ps_health``."""

    ps_health: PsHealth


class SaverEntry(Model):
    """``saver``."""

    saver: Saver


class ServerEntry(Model):
    """``server``."""

    server: Server


class ProbeEntry(Model):
    """``probe``."""

    probe: Probe


class CallEntry(Model):
    """``call``."""

    call: Call


class CurrentSessionEntry(Model):
    """``current_session``."""

    current_session: CurrentSession


class ControllerEntry(Model):
    """``controller``."""

    controller: Controller


class QueryActionEntry(Model):
    """``query_action``."""

    query_action: QueryAction


class StopHelperEntry(Model):
    """``stop_helper``."""

    stop_helper: StopHelper


SHORT_HOOKS: Final = (
    "ps_health",
    "saver",
    "server",
    "current_session",
    "controller",
    "query_action",
    "stop_helper",
)
"""The hooks that a scenario may list by a bare name."""

HOOKS: Final = (*SHORT_HOOKS, "probe", "call")


def _long_form(value: object) -> object:
    return {value: {}} if isinstance(value, str) and value in HOOKS else value


Hook = Annotated[
    Annotated[PsHealthEntry, Tag("ps_health")]
    | Annotated[SaverEntry, Tag("saver")]
    | Annotated[ServerEntry, Tag("server")]
    | Annotated[ProbeEntry, Tag("probe")]
    | Annotated[CallEntry, Tag("call")]
    | Annotated[CurrentSessionEntry, Tag("current_session")]
    | Annotated[ControllerEntry, Tag("controller")]
    | Annotated[QueryActionEntry, Tag("query_action")]
    | Annotated[StopHelperEntry, Tag("stop_helper")],
    Discriminator(
        lambda value: only_key(value, HOOKS),
        custom_error_type="no_hook",
        custom_error_message=f"this is no hook; one of {', '.join(HOOKS)} would be right",
    ),
    BeforeValidator(_long_form),
    OrOneOf(SHORT_HOOKS),
]

DEFAULT_HOOKS: Final = (
    PsHealthEntry(ps_health=PsHealth()),
    SaverEntry(saver=Saver()),
    ServerEntry(server=Server()),
)
