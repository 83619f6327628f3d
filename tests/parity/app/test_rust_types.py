"""The driver's wire types say in Rust what the models say in Python."""

from __future__ import annotations

import shutil
import subprocess
from typing import Annotated, Literal

import pytest

from parity.app.rust_types import RustModule, Tagged
from parity.app.wire_types import events, wire_types
from parity.base.model import Model
from parity.spec.integers import Index
from parity.spec.trace import CHANNEL_OF_KIND, ResponseState


class Part(Model):
    """A part of ``Long``."""

    text: str | None


class Long(Model):
    """Something longer."""

    kind: Literal["long_word"] = "long_word"
    place: Index
    """Where it is."""
    parts: tuple[Part, ...]
    pairs: tuple[tuple[str, int], ...]
    flags: dict[str, bool]
    response: ResponseState


class Short(Model):
    """Nothing."""

    kind: Literal["short"] = "short"


WRITTEN = """\
/// A part of `Long`.
#[derive(Debug, Serialize)]
pub struct Part {
    pub text: Option<String>,
}

/// `ResponseState` of the specification.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum ResponseState {
    #[serde(rename = "none")]
    None,
    #[serde(rename = "OK")]
    Ok,
    #[serde(rename = "error")]
    Error,
}

/// Either.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Either {
    /// Something longer.
    LongWord {
        /// Where it is.
        place: usize,
        parts: Vec<Part>,
        pairs: Vec<(String, i64)>,
        flags: BTreeMap<String, bool>,
        response: ResponseState,
    },
    /// Nothing.
    Short {},
}
"""
READ = """\
    /// Nothing.
    Short(Short),
}

"""


def either(write):
    module = RustModule("Either.", (), {})
    write(module, Tagged("Either", "Either.", Long | Short, "kind"))
    return module.text()


def test_what_is_written_has_the_fields_in_its_variants():
    assert either(RustModule.written).endswith(WRITTEN)


def test_what_is_read_has_structs_that_refuse_unknown_fields():
    text = either(RustModule.read)
    assert READ in text
    assert "#[serde(deny_unknown_fields)]\npub struct Short {}\n" in text


def test_a_set_of_words_needs_a_name():
    class Nameless(Model):
        kind: Literal["nameless"]
        colour: Literal["red", "green"]

    with pytest.raises(KeyError):
        RustModule("", (), {}).written(Tagged("X", "", Annotated[Nameless | Short, "both"], "kind"))


def test_each_kind_of_event_is_a_variant():
    text = events()
    for kind in CHANNEL_OF_KIND:
        name = "".join(part.capitalize() for part in kind.split("_"))
        assert f"\n    {name} {{" in text


@pytest.mark.skipif(shutil.which("rustfmt") is None, reason="there is no rustfmt")
@pytest.mark.parametrize(("name", "text"), list(wire_types()))
def test_it_is_as_rustfmt_leaves_it(name, text):
    done = subprocess.run(
        ["rustfmt", "--edition", "2024"], input=text, capture_output=True, text=True, check=True
    )
    assert done.stdout == text, name
