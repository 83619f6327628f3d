"""What happens in a scenario, step by step."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from parity.faults import ErrorName, Fault, Index, only_key
from parity.model import Model, OrOneOf
from parity.units import Duration

Method = Literal[
    "StopTraining", "ResumeTraining", "GetBlockStatus", "SaveCheckpoint", "GetTrainingStatus"
]
StatusCode = Literal[
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
]
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


class TrainStep(Model):
    """``train: 3``."""

    train: Count


class AdvanceStep(Model):
    """``advance: 30s``."""

    advance: Duration


class FaultStep(Model):
    """``fault: {...}``, with ``strikes: false`` where nothing may notice it."""

    fault: Fault
    strikes: bool = True


class RpcStep(Model):
    """``rpc: StopTraining``, with the result that is expected."""

    rpc: Method
    expect: StatusCode = "OK"
    details: str | None = None
    response: Response | None = None


class WorkerStep(Model):
    """``worker: {index: 1, train: 2}``."""

    worker: WorkerTrain


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


STEPS: Final = ("train", "advance", "fault", "rpc", "worker", "concurrently", "raise", "end")


def _step_key(value: object) -> str | None:
    key = only_key(value, STEPS)
    return "raise" if key == "raise_" else key


Step = Annotated[
    Annotated[TrainStep, Tag("train")]
    | Annotated[AdvanceStep, Tag("advance")]
    | Annotated[FaultStep, Tag("fault")]
    | Annotated[RpcStep, Tag("rpc")]
    | Annotated[WorkerStep, Tag("worker")]
    | Annotated[ConcurrentlyStep, Tag("concurrently")]
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
