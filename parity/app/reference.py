"""Everything that a scenario can contain, and every verdict, as the models describe it.

This is the one source of ``monolith-parity explain`` and of docs/scenario-reference.md:
the explanations are the docstrings of the models and of their fields, and the accepted values
are their JSON Schema in words.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from functools import cache
from io import StringIO
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, cast, get_args, get_origin

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo
from ruamel.yaml import YAML

from parity.base.model import Model, frozen
from parity.spec.kinds import ByKey, kind_of
from parity.spec.scenario import Scenario
from parity.verdict.record import EXIT_CODES, MEANINGS

Kind = Literal["key", "hook", "step", "fault", "option", "expectation", "verdict"]
_KIND_OF_LIST: Final[dict[str, Kind]] = {"hooks": "hook", "steps": "step", "faults": "fault"}


class Entry(Model):
    """One thing that can be looked up."""

    path: str
    """Its place in a scenario: ``steps.rpc.expect``."""
    kind: Kind
    """What it is."""
    says: str
    """Its meaning, in paragraphs of Markdown."""
    accepts: str = ""
    """The values that it can have, in words."""
    default: str | None = None
    """Its default as JSON; None if it is required."""
    example: str = ""
    """How it is written, in YAML."""
    canonical: str = ""
    """The example in the canonical JSON that drivers receive."""

    @property
    def name(self) -> str:
        """Last part of its path."""
        return self.path.rpartition(".")[2]


def entries() -> tuple[Entry, ...]:
    """Return all entries, in the order of the models."""
    return (*_Walk().fields_of(Scenario, ""), *_verdicts())


def options_of(entry: Entry, among: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Return the entries directly below one."""
    return tuple(each for each in among if each.path.rpartition(".")[0] == entry.path)


def _verdicts() -> Iterator[Entry]:
    for verdict, meaning in MEANINGS.items():
        code = f"A run that has one exits with {EXIT_CODES[verdict]} or more."
        yield Entry(path=f"verdicts.{verdict}", kind="verdict", says=f"{meaning} {code}")


class _Walk:
    """A walk through the models that visits each kind of step, hook and fault once."""

    def __init__(self) -> None:
        self._seen: set[type[Model]] = set()

    def fields_of(self, model: type[Model], prefix: str, but: str = "") -> Iterator[Entry]:
        """Yield an entry for each field, followed by those below it."""
        for name, field in model.model_fields.items():
            key = field.alias or name
            if key == but:
                continue
            path = prefix + key
            yield Entry(
                path=path,
                kind=_kind_of_field(path),
                says=_markdown(field.description or ""),
                accepts=_accepts(model, key),
                default=_default(model, name, field),
            )
            yield from self._below(field, path)

    def _below(self, field: FieldInfo, path: str) -> Iterator[Entry]:
        kinds, models = _parts(field.annotation, field.metadata)
        for tag, kind in kinds:
            if kind not in self._seen:
                self._seen.add(kind)
                yield from self._kind(kind, tag, path)
        for model in models:
            if model not in self._seen:  # One step in another is described where it stands alone.
                yield from self.fields_of(model, f"{path}.")

    def _kind(self, model: type[Model], tag: str, list_path: str) -> Iterator[Entry]:
        """Yield the entries of a kind, which is a model named by its one required field."""
        path = f"{list_path}.{tag}"
        example, canonical = _example(model)
        yield Entry(
            path=path,
            kind=_KIND_OF_LIST[list_path],
            says=_markdown(inspect.getdoc(model) or ""),
            accepts=_accepts(model, tag),
            example=example,
            canonical=canonical,
        )
        (main,) = (f for name, f in model.model_fields.items() if (f.alias or name) == tag)
        yield from self._below(main, path)
        yield from self.fields_of(model, f"{path}.", but=tag)


def _kind_of_field(path: str) -> Kind:
    top, _, rest = path.partition(".")
    if top == "expect" and rest:
        return "expectation"
    return "option" if top in _KIND_OF_LIST and rest else "key"


def _parts(
    annotation: Any, metadata: list[Any]
) -> tuple[list[tuple[str, type[Model]]], list[type[Model]]]:
    """Return the kinds and the plain models that a type is made of."""
    if any(isinstance(each, ByKey) for each in metadata):
        return [(kind_of(each), each) for each in get_args(annotation)], []
    if inspect.isclass(annotation) and issubclass(annotation, Model):
        return [], [annotation]
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        return _parts(inner, more)
    kinds: list[tuple[str, type[Model]]] = []
    models: list[type[Model]] = []
    if get_origin(annotation) in (Union, UnionType, tuple):
        for part in get_args(annotation):
            if part is not NoneType and part is not ...:
                more_kinds, more_models = _parts(part, [])
                kinds += more_kinds
                models += more_models
    return kinds, models


def _default(model: type[Model], name: str, field: FieldInfo) -> str | None:
    if field.is_required():
        return None
    if field.exclude:  # The serializer leaves it out, as canonical JSON doesn't have it.
        return json.dumps(field.default)
    value = model.__pydantic_serializer__.to_python(
        model.model_construct(**{name: field.default}), include={name}, mode="json"
    )[name]
    return json.dumps(value)


def _example(model: type[Model]) -> tuple[str, str]:
    extra = cast(dict[str, Any], model.model_config.get("json_schema_extra") or {})
    if "examples" not in extra:
        return "", ""
    (written,) = extra["examples"]
    document = {written: {}} if isinstance(written, str) else written
    read = TypeAdapter(model).validate_python(frozen(document))
    return _yaml(written), json.dumps(read.model_dump(mode="json", by_alias=True))


def _yaml(value: object) -> str:
    if isinstance(value, str):
        return value
    yaml, out = YAML(typ="safe", pure=True), StringIO()
    yaml.default_flow_style = True
    yaml.width = 1000
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # a missing type
    yaml.dump(value, out)
    text = out.getvalue().strip()
    in_braces = isinstance(value, dict) and len(value) == 1
    return text[1:-1] if in_braces else text


def _markdown(docstring: str) -> str:
    return inspect.cleandoc(docstring).replace("``", "`")


def _accepts(model: type[Model], key: str) -> str:
    return in_words(_schema(model)["properties"][key])


@cache
def _schema(model: type[Model]) -> dict[str, Any]:
    return model.model_json_schema(by_alias=True)


def in_words(schema: dict[str, Any]) -> str:  # noqa: PLR0911 - a case of JSON Schema each
    """Describe in plain words what a JSON Schema accepts."""
    match schema:
        case {"examples": examples}:
            kind = "a duration" if schema.get("type") == "string" else "a size"
            return f"{kind} such as {', '.join(f'`{each}`' for each in examples)}"
        case {"const": value}:
            return f"`{json.dumps(value)}`"
        case {"enum": values}:
            return "one of " + ", ".join(f"`{value}`" for value in values)
        case {"anyOf": choices}:
            return " or ".join(dict.fromkeys(map(in_words, choices)))
        case {"type": "null"}:
            return "`null`"
        case {"type": "boolean"}:
            return "`true` or `false`"
        case {"type": "integer"}:
            return "an integer" + _range(schema)
        case {"type": "array"}:
            least = schema.get("minItems")
            return "a list of " + (f"{least} or more " if least else "") + _plural(schema["items"])
        case {"type": "string"}:
            return "text"
        case {"type": "object", "additionalProperties": dict(values)}:
            return f"a mapping of names to {in_words(values)}"
        case _:
            return "a mapping"


def _plural(schema: dict[str, Any]) -> str:
    article, _, rest = in_words(schema).partition(" ")
    if article not in ("a", "an"):
        return f"{article} {rest}".strip().replace("one of", "any of")
    noun, *more = re.split(r"(?=\W)", rest, maxsplit=1)
    return f"{noun}s{''.join(more)}"


def _range(schema: dict[str, Any]) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is None:
        return ""
    return f", {least} or more" if most is None else f", {least} to {most}"
