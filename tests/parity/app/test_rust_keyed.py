"""Unions that are known by their first keys, as the driver has them."""

from __future__ import annotations

from typing import get_args

from parity.app.rust_keyed import Keyed
from parity.app.rust_types import RustModule
from parity.app.wire_types import scenario_document
from parity.base.bounds import PsIndex, Times
from parity.base.model import Model
from parity.spec.faults import NEED_OF_FAULT, ErrorName


class Nothing(Model):
    """Nothing."""


class Place(Model):
    """A place."""

    ps: PsIndex


class StopStep(Model):
    """It stops."""

    stop: Nothing


class GoStep(Model):
    """It goes."""

    go_there: Place


class WaitStep(Model):
    """It waits."""

    wait: Times
    expect: bool


class SwapStep(Model):
    """It swaps."""

    swap: Place
    to: PsIndex


class Anywhere(Model):
    """Maybe a place."""

    ps: PsIndex | None


class RestStep(Model):
    """It rests."""

    rest: Anywhere


STEPS = Keyed("Step", "A step.", (StopStep, GoStep, WaitStep))
ENUM = """\
/// A step.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// It stops.
    Stop {},
    /// It goes.
    GoThere(Place),
    /// It waits.
    Wait(WaitStep),
}
"""
WAIT_STEP = """\
pub struct WaitStep {
    #[serde(deserialize_with = "Number::<1, 1_000_000>::read")]
    pub wait: u32,
    #[serde(rename = "expect")]
    _expect: IgnoredAny,
}
"""
METHODS = """\
impl Step {
    /// The key that it is under.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Stop {} => "stop",
            Self::GoThere(_) => "go_there",
            Self::Wait(_) => "wait",
        }
    }
}

impl Step {
    /// The PS that it names, if it names one.
    #[allow(clippy::match_same_arms)]
    pub fn ps(&self) -> Option<usize> {
        match self {
            Self::Stop {} => None,
            Self::GoThere(step) => Some(step.ps),
            Self::Wait(_) => None,
        }
    }
}
"""
KEYS = """\
/// The keys of [`Step`].
pub const STEPS: &[&str] = &[
    "stop",
    "go_there",
    "wait",
];

/// The keys of [`Step`], each with one that may stand beside it.
pub const OPTIONS: &[(&str, &str)] = &[
    ("wait", "expect"),
];
"""


def module():
    unread = {WaitStep: frozenset({"expect"})}
    return RustModule("", (), {}, unread=unread, derives="Clone, Debug, Deserialize", bounded=True)


def test_a_variant_has_the_value_of_its_key_or_all_keys():
    it = module()
    STEPS.enum(it)
    assert it.text().endswith(ENUM)
    assert WAIT_STEP in it.text()


def test_an_enum_says_its_key_and_its_ps():
    it = module()
    STEPS.key_method(it)
    STEPS.ps_method(it)
    assert it.text().endswith(METHODS)


def test_the_ps_may_be_optional_and_other_keys_stand_beside_it():
    it = module()
    Keyed("Step", "A step.", (SwapStep, RestStep)).ps_method(it)
    assert "            Self::Swap(step) => Some(step.swap.ps),\n" in it.text()
    assert "            Self::Rest(step) => step.ps,\n" in it.text()


def test_the_keys_are_lists():
    it = module()
    STEPS.kinds(it, "STEPS")
    STEPS.options(it, "OPTIONS")
    assert it.text().endswith(KEYS)


def test_a_driver_has_the_faults_that_need_no_real_process():
    text = scenario_document()
    _, _, faults = text.partition("const FAULTS")
    faults = faults.partition("];")[0]
    assert '"slow_save"' in faults
    assert not any(f'"{kind}"' in faults for kind in NEED_OF_FAULT)


def test_each_name_of_an_error_is_one_of_the_ports():
    _, _, names = scenario_document().partition("pub enum ErrorName {\n")
    listed = names.partition("}")[0].split()
    assert listed == [f"{name}," for name in get_args(ErrorName)]
