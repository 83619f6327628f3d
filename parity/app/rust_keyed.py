"""The Rust enums for unions whose models are known by their first keys.

They are the hooks, the faults and the steps. Each becomes an enum that serde tags by that
key. A variant holds the value of the key, or the whole model if that has more keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic.fields import FieldInfo

from parity.app.rust_names import camel, comment, doc
from parity.app.rust_types import RustModule
from parity.base.model import Model
from parity.spec.kinds import kind_of


@dataclass(frozen=True)
class Keyed:
    """A union of models that are known by their first keys, as far as a driver has them."""

    name: str
    doc: str
    models: tuple[type[Model], ...]

    def enum(self, module: RustModule) -> None:
        """Add the enum and the types of its variants."""
        body: list[str] = []
        for model in self.models:
            body += [*doc(model, "    "), *_variant(module, model)]
        head = [*comment(self.doc), "#[derive(Clone, Debug, Deserialize)]"]
        head += ['#[serde(rename_all = "snake_case", deny_unknown_fields)]']
        module.add(self.name, [*head, f"pub enum {self.name} {{", *body, "}"])

    def kinds(self, module: RustModule, name: str) -> None:
        """Add a list of the keys."""
        body = [f'    "{kind_of(model)}",' for model in self.models]
        head = f"pub const {name}: &[&str] = &["
        module.add(name, [f"/// The keys of [`{self.name}`].", head, *body, "];"])

    def options(self, module: RustModule, name: str) -> None:
        """Add a list of the keys allowed beside those, each after the key that it is beside."""
        pairs = ((kind_of(model), key) for model in self.models for key in _keys(model)[1:])
        body = [f'    ("{kind}", "{key}"),' for kind, key in pairs]
        head = f"pub const {name}: &[(&str, &str)] = &["
        about = f"/// The keys of [`{self.name}`], each with one that may stand beside it."
        module.add(name, [about, head, *body, "];"])

    def key_method(self, module: RustModule) -> None:
        """Add the method ``kind``."""
        arms = ((f"Self::{_pattern(each)}", f'"{kind_of(each)}"') for each in self.models)
        self._method(module, "The key that it is under.", "kind", "&'static str", arms)

    def ps_method(self, module: RustModule) -> None:
        """Add the method ``ps``."""
        arms = (_ps_arm(each, self.name.lower()) for each in self.models)
        about = "The PS that it names, if it names one."
        self._method(module, about, "ps", "Option<usize>", arms, "match_same_arms")

    def _method(
        self,
        module: RustModule,
        about: str,
        name: str,
        kind: str,
        arms: Iterator[tuple[str, str]],
        *allowed: str,
    ) -> None:
        head = [f"impl {self.name} {{", f"    /// {about}"]
        head += [f"    #[allow(clippy::{lint})]" for lint in allowed]
        head += [f"    pub fn {name}(&self) -> {kind} {{", "        match self {"]
        body = [f"            {pattern} => {value}," for pattern, value in arms]
        module.add(f"{self.name}::{name}", [*head, *body, "        }", "    }", "}"])


def _variant(module: RustModule, model: type[Model]) -> list[str]:
    name = camel(kind_of(model))
    if _is_empty(model):
        return [f"    {name} {{}},"]
    if len(_keys(model)) > 1:
        return [f"    {name}({module.struct(model)}),"]
    kind = module.type_of(next(iter(model.model_fields.values())))
    return [*(f"    {line}" for line in kind.attributes()), f"    {name}({kind.name}),"]


def _pattern(model: type[Model]) -> str:
    return f"{camel(kind_of(model))}{' {}' if _is_empty(model) else '(_)'}"


def _keys(model: type[Model]) -> list[str]:
    fields = model.model_fields.items()
    return [field.alias or name for name, field in fields if not field.exclude]


def _value(model: type[Model]) -> object:
    return next(iter(model.model_fields.values())).annotation


def _is_empty(model: type[Model]) -> bool:
    """Return whether a model's key has no options, and no other key beside it."""
    value = _value(model)
    return len(_keys(model)) == 1 and not getattr(value, "model_fields", value)


def _ps_arm(model: type[Model], it: str) -> tuple[str, str]:
    """Return the pattern of a variant, and an expression for its PS, which may be optional."""
    fields: dict[str, FieldInfo] = getattr(_value(model), "model_fields", {})
    if "ps" not in fields:
        return f"Self::{_pattern(model)}", "None"
    ps = f"{it}.{kind_of(model)}.ps" if len(_keys(model)) > 1 else f"{it}.ps"
    some = f"Some({ps})" if fields["ps"].annotation is int else ps
    return f"Self::{camel(kind_of(model))}({it})", some
