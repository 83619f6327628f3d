"""The base of this project's models, which are frozen and strict and refuse unknown keys."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
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
        defer_build=True,  # A command builds what it uses: building all takes half of its start.
        use_attribute_docstrings=True,
        json_schema_serialization_defaults_required=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, value: Any) -> Any:
        if isinstance(value, dict):
            known = _keys(cls)
            for key in value:
                if key not in known:
                    raise PydanticCustomError(
                        "unknown_key",
                        "unknown key {shown}{hint}; expected one of {known}",
                        {
                            "key": key,
                            "shown": shortened(key),
                            "hint": did_you_mean(key, known),
                            "known": ", ".join(known) or "(none)",
                        },
                    )
        return value


@cache
def _keys(model: type[Model]) -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in model.model_fields.items())


@dataclass(frozen=True)
class OrOneOf:
    """JSON Schema annotation of a value whose short form is one of these words.

    Canonical JSON has the long form only.
    """

    words: tuple[str, ...]

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return a schema that allows the long form or, in YAML, one of the words."""
        long_form = handler(core_schema)
        if handler.mode == "serialization":
            return long_form
        return {"anyOf": [long_form, {"enum": list(self.words)}]}


@dataclass(frozen=True)
class DescribedAs:
    """JSON Schema annotation of JSON that isn't validated yet: the schema of this type."""

    type: Any

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return the schema of the type."""
        return handler(TypeAdapter(self.type).core_schema)


@dataclass(frozen=True)
class _FailFast:
    """Pydantic's FailFast, but hashable, so that it can be part of a union."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Return the tuple's own schema, which stops at the first error."""
        return cast(TupleSchema, {**handler(source), "fail_fast": True})


T = TypeVar("T")

FailFastTuple = Annotated[tuple[T, ...], _FailFast()]
"""A tuple that a program wrote; of its invalid items, maybe millions, the first is reported."""


def example(value: JsonValue) -> JsonDict:
    """Return an example of a kind of step, hook or fault, for the schema and the reference."""
    return {"examples": [value]}


def frozen(value: object) -> object:
    """Return a JSON-like value with lists as tuples, as strict frozen models require."""
    if isinstance(value, dict):
        return {key: frozen(item) for key, item in value.items()}
    if isinstance(value, list):
        return tuple(frozen(item) for item in value)
    return value


def canonical_json(value: object) -> str:
    """Return a value as canonical JSON: sorted keys, no white space, no escapes."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def first_error(error: ValidationError) -> str:
    """Return the place and the message of the first validation error, in one line."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(shortened(str(part)) for part in first["loc"])
    said = shortened(first["msg"].removeprefix("Value error, "), 400)
    return f"{where}: {said}" if where else said
