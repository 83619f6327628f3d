"""The bounds of a scenario are the same in the models, in the schema and in Rust."""

from __future__ import annotations

import re

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from parity.base import bounds, project
from parity.base.model import frozen
from parity.spec.faults import SLOWEST_POLL
from parity.spec.scenario import Scenario
from parity.spec.units import format_duration

SMALL = {"about": "A.", "steps": [{"train": 1}], "expect": {"reports": 0}}
VALIDATOR = jsonschema.Draft202012Validator(Scenario.model_json_schema(by_alias=True))
RUST = project.ROOT / "monolith-rs/crates/parity-driver/src/wire/scenario.rs"


def model_takes(document):
    try:
        Scenario.model_validate(frozen(document))
    except ValidationError:
        return False
    return True


def with_(path, value):
    """The small scenario with a value at a path such as ``cluster.ps`` or ``steps.0.train``."""
    first, *rest = path.split(".")
    for key in reversed(rest):
        value = {key: value} if not key.isdigit() else [value]
    return {**SMALL, first: value}


COUNTS = [
    ("cluster.ps", 0, bounds.MOST_PS),
    ("cluster.workers", 1, bounds.MOST_WORKERS),
    ("cluster.capacity", 1, bounds.MOST_WORKERS),
    ("machines.0.ps", 0, bounds.MOST_PS - 1),
    ("steps.0.train", 1, bounds.MOST_STEPS),
    ("steps.0.machine_info.ps", 0, bounds.MOST_PS - 1),
    ("hooks.0.saver.save_steps", 1, bounds.MOST_STEPS),
    ("faults.0.poll_error.ps", 0, bounds.MOST_PS - 1),
    ("expect.reports", 0, bounds.INT64),
    ("expect.global_step", -bounds.INT64 - 1, bounds.INT64),
    ("expect.blocked.0", 0, bounds.MOST_WORKERS - 1),
    ("expect.reported.0.0", 0, bounds.MOST_PS - 1),
    ("expect.barrier.0.0", 0, bounds.MOST_WORKERS - 1),
    ("expect.saves.0", 0, bounds.INT64),
    ("default_mem_limit", -bounds.INT64 - 1, bounds.INT64),
]


@pytest.mark.parametrize(("path", "least", "most"), COUNTS)
def test_a_count_has_the_same_bounds_in_the_model_and_in_the_schema(path, least, most):
    for value, expected in (
        (least, True), (most, True), (least - 1, False), (most + 1, False), (10**30, False)
    ):  # fmt: skip
        document = with_(path, value)
        assert model_takes(document) is expected, value
        assert VALIDATOR.is_valid(document) is expected, value


LISTS = [
    ("machines", {"ps": 0}, bounds.MOST_PS),
    ("hooks", "controller", bounds.MOST_HOOKS),
    ("faults", {"poll_error": {"ps": 0}}, bounds.MOST_LISTED),
    ("steps", {"train": 1}, bounds.MOST_LISTED),
    ("covers", "B5", bounds.MOST_LISTED),
    ("barrier.callbacks", "record", bounds.MOST_HOOKS),
    ("hooks.0.saver.listeners", "plain", bounds.MOST_HOOKS),
    ("steps.0.concurrently", {"rpc": "StopTraining"}, bounds.MOST_LANES),
    ("expect.blocked", 0, bounds.MOST_WORKERS),
    ("expect.logs", "", bounds.MOST_EXPECTED),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "item", "most"),
    [
        pytest.param(*each, marks=pytest.mark.nightly if each[0] in {"faults", "steps"} else [])
        for each in LISTS
    ],
)
def test_a_list_has_the_same_bound_in_the_model_and_in_the_schema(path, item, most):
    largest, larger = with_(path, [item] * most), with_(path, [item] * (most + 1))
    assert model_takes(largest)
    assert not model_takes(larger)
    assert not VALIDATOR.is_valid(larger)


TEXTS = [
    ("about", bounds.LONGEST_TEXT),
    ("steps.0.raise.message", bounds.LONGEST_TEXT),
    ("steps.0.action_file.text", bounds.LONGEST_TEXT),
    ("steps.0.action_file.hex", 2 * bounds.LONGEST_TEXT),
    ("hooks.0.probe.name", bounds.LONGEST_NAME),
    ("expect.logs.0", bounds.LONGEST_TEXT),
    ("expect.raised", bounds.LONGEST_NAME),
]


@pytest.mark.parametrize(("path", "most"), TEXTS)
def test_a_text_has_the_same_bound_in_the_model_and_in_the_schema(path, most):
    for letter in "a" if path.endswith("hex") else "aé😀":
        for length, expected in ((most, True), (most + 2, False)):
            document = with_(path, letter * length)
            if path == "steps.0.raise.message":
                document["steps"][0]["raise"]["error"] = "ValueError"
            assert model_takes(document) is expected
            assert VALIDATOR.is_valid(document) is expected


def _durations():
    number = st.integers(0, 10**14) | st.integers(-3, 3).map(lambda d: bounds.LONGEST_TIME + d)
    units = st.sampled_from(["ms", "s", "m", "h"])
    near = st.tuples(units, st.integers(-2, 2)).map(_near)
    fraction = st.sampled_from(["", ".0", ".5", ".25", ".000"])
    return near | st.builds(lambda n, f, u: f"{n}{f}{u}", number, fraction, units)


def _near(unit_and_difference):
    unit, difference = unit_and_difference
    scale = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}[unit]
    return f"{bounds.LONGEST_TIME // scale + difference}{unit}"


@settings(deadline=None)
@given(_durations())
def test_a_time_has_the_same_bound_in_the_model_and_in_the_schema(text):
    document = with_("steps.0.advance", text)
    if re.search(r"\.\d*[1-9]\d*ms$", text):
        assert not model_takes(document), "no whole number of milliseconds"
    else:
        assert VALIDATOR.is_valid(document) is model_takes(document)


def test_the_longest_time_is_taken_and_no_longer_one():
    assert model_takes(with_("steps.0.advance", format_duration(bounds.LONGEST_TIME)))
    for text in ("100000.1h", "100001h", "360000000001ms", "9" * 50 + "s", "1e9s"):
        assert not model_takes(with_("steps.0.advance", text))
        assert not VALIDATOR.is_valid(with_("steps.0.advance", text))


def test_a_size_is_an_int64_and_one_that_a_process_allocates_is_less():
    rss, allocated = "machines.0.rss", "faults.0.allocate.bytes"
    for path, value, expected in (
        (rss, bounds.INT64, True), (rss, bounds.INT64 + 1, False), (rss, -1, False),
        (rss, "8388607TiB", True), (rss, "8388608TiB", False), (rss, "9" * 30 + "B", False),
        (allocated, bounds.MOST_ALLOCATED, True), (allocated, "1025GiB", False),
        (allocated, bounds.MOST_ALLOCATED + 1, False), (allocated, 0, False),
    ):  # fmt: skip
        document = with_(path, value)
        (of,) = document[path.partition(".")[0]]
        of.get("allocate", of)["ps"] = 0
        assert model_takes(document) is expected, value
        if not isinstance(value, str):
            assert VALIDATOR.is_valid(document) is expected, value


RUST_FIELDS = [
    ("ps: usize", f"Number::<0, {bounds.MOST_PS:_}>"),
    ("workers: usize", f"Number::<1, {bounds.MOST_WORKERS:_}>"),
    ("capacity: usize", f"Number::<1, {bounds.MOST_WORKERS:_}>"),
    ("rss: i64", f"Number::<0, {bounds.INT64:_}>"),
    ("machines: Vec<PsMachine>", f"List::<0, {bounds.MOST_PS:_}, Plain>"),
    ("wait: Duration", f"Milliseconds::<1, {bounds.LONGEST_TIME:_}>"),
    ("hooks: Vec<Hook>", f"List::<0, {bounds.MOST_HOOKS:_}, Plain>"),
    ("faults: Vec<Fault>", f"List::<0, {bounds.MOST_LISTED:_}, Plain>"),
    ("steps: Vec<Step>", f"List::<1, {bounds.MOST_LISTED:_}, Plain>"),
    ("callbacks: Vec<CallbackKind>", f"List::<0, {bounds.MOST_HOOKS:_}, Plain>"),
    ("listeners: Vec<ListenerKind>", f"List::<0, {bounds.MOST_HOOKS:_}, Plain>"),
    ("save_steps: Option<u32>", f"Maybe::<Number<1, {bounds.MOST_STEPS:_}>>"),
    ("save_secs: Option<Duration>", f"Maybe::<Milliseconds<1, {bounds.LONGEST_TIME:_}>>"),
    ("takes: Duration", f"Milliseconds::<0, {SLOWEST_POLL:_}>"),
    ("times: Option<u32>", f"Maybe::<Number<1, {bounds.MOST_TIMES:_}>>"),
    ("name: String", f"Text::<1, {bounds.LONGEST_NAME:_}>"),
    ("message: String", f"Text::<0, {bounds.LONGEST_TEXT:_}>"),
    ("text: Option<String>", f"Maybe::<Text<0, {bounds.LONGEST_TEXT:_}>>"),
    ("hex: Option<Vec<u8>>", f"Maybe::<Hex<0, {2 * bounds.LONGEST_TEXT:_}>>"),
    ("index: usize", f"Number::<1, {bounds.MOST_WORKERS - 1:_}>"),
    ("server: Option<usize>", f"Maybe::<Number<1, {bounds.MOST_LISTED:_}>>"),
    ("Train(u32)", f"Number::<1, {bounds.MOST_STEPS:_}>"),
    ("Advance(Duration)", f"Milliseconds::<0, {bounds.LONGEST_TIME:_}>"),
    ("Concurrently(Vec<ConcurrentStep>)", f"List::<2, {bounds.MOST_LANES:_}, Plain>"),
]


@pytest.mark.parametrize(("name", "reader"), RUST_FIELDS)
def test_rust_has_the_same_bounds(name, reader):
    public = "" if name[0].isupper() else "pub "
    field = f'    #[serde(deserialize_with = "{reader}::read")]\n    {public}{name},\n'
    assert field in RUST.read_text(encoding="utf-8")


def test_whatever_can_be_large_in_rust_has_a_bound():
    """Without a reader of ours there are only booleans, enums, structs, and any int64."""
    before = ""
    for line in RUST.read_text(encoding="utf-8").splitlines():
        large = re.search(r"(: |\()(Option<)?(usize|u\d+|Duration|String|Vec<|BTreeMap<)", line)
        if line.startswith("    ") and "fn " not in line and large:
            assert "deserialize_with" in before, line
        before = line


@pytest.mark.parametrize("name", ["LONGEST_TIME", "MOST_STEPS", "MOST_LANES"])
def test_rust_has_the_same_totals(name):
    constant = f"const {name}: u64 = {getattr(bounds, name):_};"
    assert constant in RUST.read_text(encoding="utf-8")


def test_every_count_of_canonical_json_has_a_bound():
    """What isn't bounded in the schema is a boolean, an enumeration, or bounded text."""
    schema = Scenario.model_json_schema(by_alias=True)

    def unbounded(node, path):
        if isinstance(node, list):
            for i, each in enumerate(node):
                yield from unbounded(each, f"{path}[{i}]")
        if not isinstance(node, dict):
            return
        kind = node.get("type")
        if kind == "integer" and not {"minimum", "maximum"} <= node.keys():
            yield path
        if kind == "array" and "maxItems" not in node:
            yield path
        if kind == "string" and not {"maxLength", "pattern", "enum", "const"} & node.keys():
            yield path
        if node.get("additionalProperties") and "maxProperties" not in node:
            yield path
        for key, value in node.items():
            if key not in ("default", "examples"):
                yield from unbounded(value, f"{path}.{key}")

    assert list(unbounded(schema, "")) == []
