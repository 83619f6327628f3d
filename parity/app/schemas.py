"""The JSON Schemas of everything that crosses a process border, committed as schemas/*.json.

They describe canonical JSON as it is written: durations in whole milliseconds, sizes in
bytes, every default filled in. For an answer, they describe what is accepted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any, Final

from pydantic import Discriminator, TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from parity.base.model import Model
from parity.spec.protocol import AnyAnswer, Request
from parity.spec.scenario import Expect, Scenario
from parity.spec.trace import Trace

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_BOUNDS: Final = {"ge": "minimum", "le": "maximum"}
"""JSON Schema's keywords for bounds that pydantic copies by its own names."""


def schemas() -> Iterator[tuple[str, Schema]]:
    """Yield the name of each schema's file, and the schema."""
    yield "scenario.json", _of_model(Scenario)
    yield "trace.json", _of_model(Trace)
    yield "summary.json", _of_model(Expect)
    yield "driver-protocol.json", _of_protocol()


def schema_text(schema: Schema) -> str:
    """Return the text of a schema as it is committed."""
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


def _of_model(model: type[Model]) -> Schema:
    return {"$schema": DIALECT, **_plain(model.model_json_schema(mode="serialization"))}


def _of_protocol() -> Schema:
    requests: TypeAdapter[Any] = TypeAdapter(Annotated[Request, Discriminator("type")])
    answers: TypeAdapter[Any] = TypeAdapter(Annotated[AnyAnswer, Discriminator("type")])
    inputs: list[tuple[str, JsonSchemaMode, TypeAdapter[Any]]] = [
        ("Request", "serialization", requests),
        ("Answer", "validation", answers),
    ]
    unions, document = TypeAdapter.json_schemas(inputs)
    named = {name: schema for (name, _), schema in unions.items()}
    return _plain(
        {
            "$schema": DIALECT,
            "title": "Driver protocol",
            "description": "A line that a driver reads or writes.",
            "anyOf": [{"$ref": f"#/$defs/{name}"} for name in named],
            "$defs": {**document["$defs"], **named},
        }
    )


def _plain(schema: Schema) -> Schema:
    """Return the schema without titles of properties and defaults, which canonical JSON fills in.

    A property that tells the kinds of an object apart becomes required.
    """
    plain = {key: _plain_members(key, value) for key, value in schema.items()}
    for key, keyword in _BOUNDS.items():
        if key in plain:
            plain[keyword] = plain.pop(key)
    plain.pop("default", None)
    if "properties" in plain:
        required = plain.get("required", [])
        tags = (name for name, member in plain["properties"].items() if "const" in member)
        plain["required"] = [*(tag for tag in tags if tag not in required), *required]
    elif "$defs" not in plain:
        plain.pop("title", None)
    return plain


def _plain_members(key: str, value: Any) -> Any:
    match key:
        case "properties" | "$defs":
            return {name: _plain(member) for name, member in value.items()}
        case "items" | "additionalProperties" if isinstance(value, dict):
            return _plain(value)
        case "anyOf" | "oneOf" | "prefixItems":
            return [_plain(member) for member in value]
        case _:
            return value
