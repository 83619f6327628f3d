"""What every model of this project is: frozen, strict, and refusing unknown keys."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic.config import JsonDict, JsonValue
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core.core_schema import TupleSchema

from parity.base.problems import did_you_mean
from parity.base.terminal_text import shortened


class Model(BaseModel):
    """Base of scenarios, events, verdicts and records."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_serialization_defaults_required=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, value: Any) -> Any:
        if isinstance(value, dict):
            known = [field.alias or name for name, field in cls.model_fields.items()]
            for key in value:
                if key not in known:
                    raise PydanticCustomError(
                        "unknown_key",
                        "unknown key {shown}{hint}; one of {known} would be right",
                        {
                            "key": key,
                            "shown": shortened(key),
                            "hint": did_you_mean(key, known),
                            "known": ", ".join(known) or "(none)",
                        },
                    )
        return value


@dataclass(frozen=True)
class OrOneOf:
    """Tells the JSON Schema that a value may also be one of these words, its short form.

    Canonical JSON has the long form alone.
    """

    words: tuple[str, ...]

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The schema of the long form, or one of the words."""
        long_form = handler(core_schema)
        if handler.mode == "serialization":
            return long_form
        return {"anyOf": [long_form, {"enum": list(self.words)}]}


@dataclass(frozen=True)
class DescribedAs:
    """Gives JSON that a model doesn't check itself the JSON Schema of this type."""

    type: Any

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The schema of the type, whatever is accepted."""
        return handler(TypeAdapter(self.type).core_schema)


@dataclass(frozen=True)
class _FailFast:
    """As pydantic's FailFast, which can't stand in a union because it has no hash."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """The tuple's own schema, which stops at the first error."""
        return cast(TupleSchema, {**handler(source), "fail_fast": True})


T = TypeVar("T")

FailFastTuple = Annotated[tuple[T, ...], _FailFast()]
"""A tuple that a program wrote: of its wrong items, which may be millions, the first is told."""


def example(value: JsonValue) -> JsonDict:
    """How a kind of step, hook or fault is written; for the schema and the reference."""
    return {"examples": [value]}


def frozen(value: object) -> object:
    """A JSON-like value with lists as tuples, as strict frozen models want them."""
    if isinstance(value, dict):
        return {key: frozen(item) for key, item in value.items()}
    if isinstance(value, list):
        return tuple(frozen(item) for item in value)
    return value


def canonical_json(value: object) -> str:
    """The one way to write a value: sorted keys, no white space, no escapes."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def first_error(error: ValidationError) -> str:
    """The first thing wrong with a JSON value, in one line: where, and what."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(shortened(str(part)) for part in first["loc"])
    said = shortened(first["msg"].removeprefix("Value error, "), 400)
    return f"{where}: {said}" if where else said
