"""Unions of models each of which says what it is by its first key: faults, hooks and steps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Annotated, Any, get_args

from pydantic import Discriminator, GetCoreSchemaHandler, Tag
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from parity.base.model import Model


def kind_of(model: type[Model]) -> str:
    """Return the key by which a model of such a union is known: ``rss`` of ``{rss: ...}``."""
    name, field = next(iter(model.model_fields.items()))
    return field.alias or name


def kinds_of(union: object) -> tuple[str, ...]:
    """Return the keys of all models of a union, in its order."""
    return tuple(map(kind_of, get_args(union)))


@dataclass(frozen=True)
class ByKey:
    """Tells pydantic that the models of a union are known by their first keys.

    Attributes:
      error: The type of the error that a value of another kind raises.
      message: Its message, in which ``{kinds}`` are those that there are.
    """

    error: str
    message: str

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Return the schema of the union, tagged."""
        models = get_args(source)
        kinds = kinds_of(source)
        tagged: list[Any] = [Annotated[each, Tag(kind_of(each))] for each in models]
        by_key = Discriminator(
            lambda value: _key_of(value, kinds),
            custom_error_type=self.error,
            custom_error_message=self.message.format(kinds=", ".join(kinds)),
        )
        union = handler.generate_schema(Annotated[reduce(or_, tagged), by_key])
        fields = {kind_of(each): _keys_of(each) for each in models}
        return core_schema.no_info_before_validator_function(
            lambda value: _refuse_two_kinds(value, kinds, fields), union
        )


def _key_of(value: object, known: tuple[str, ...]) -> str | None:
    if isinstance(value, Model):
        return kind_of(type(value))
    if isinstance(value, dict):
        return next((key for key in known if key in value), None)
    return value if isinstance(value, str) and value in known else None


def _keys_of(model: type[Model]) -> frozenset[str]:
    return frozenset(field.alias or name for name, field in model.model_fields.items())


def _refuse_two_kinds(
    value: object, known: tuple[str, ...], keys_of: dict[str, frozenset[str]]
) -> object:
    kind = _key_of(value, known)
    if kind is not None and isinstance(value, dict):
        others = [key for key in value if key in keys_of and key not in keys_of[kind]]
        if others:
            raise PydanticCustomError(
                "two_kinds",
                "{kinds} in one item; expected one: begin each with a '-' of its own",
                {"kinds": " and ".join([kind, *others])},
            )
    return value
