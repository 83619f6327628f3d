"""Which hooks the chief of a scenario has, and how each is set up."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from parity.faults import ErrorName, only_key
from parity.model import Model, OrOneOf

Phase = Literal["begin", "after_create_session", "before_run", "after_run", "end"]


class PsHealth(Model):
    """What the health hook reports to, and whether it has a barrier to place."""

    report: Literal["record", "raise", "default"] = "record"
    barrier: bool = True


class Saver(Model):
    """How NoFirstSaveCheckpointSaverHook is set up, and whom it tells of its saves.

    Each listener records what it is told, directly (``plain``) or from behind a
    BeforeSaveListener (``before``) or an AfterSaveListener (``after``).
    """

    ignore_save_errors: bool = False
    listeners: tuple[Literal["plain", "before", "after"], ...] = ()


class Server(Model):
    """ServerHook has no options."""


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


HOOKS: Final = ("ps_health", "saver", "server", "probe")


def _long_form(value: object) -> object:
    return {value: {}} if isinstance(value, str) and value in HOOKS else value


Hook = Annotated[
    Annotated[PsHealthEntry, Tag("ps_health")]
    | Annotated[SaverEntry, Tag("saver")]
    | Annotated[ServerEntry, Tag("server")]
    | Annotated[ProbeEntry, Tag("probe")],
    Discriminator(
        lambda value: only_key(value, HOOKS),
        custom_error_type="no_hook",
        custom_error_message=f"this is no hook; one of {', '.join(HOOKS)} would be right",
    ),
    BeforeValidator(_long_form),
    OrOneOf(("ps_health", "saver", "server")),
]

DEFAULT_HOOKS: Final[tuple[PsHealthEntry | SaverEntry | ServerEntry | ProbeEntry, ...]] = (
    PsHealthEntry(ps_health=PsHealth()),
    SaverEntry(saver=Saver()),
    ServerEntry(server=Server()),
)
