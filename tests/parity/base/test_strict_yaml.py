"""YAML is read as what it plainly says, or refused with its place."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from parity.base import project
from parity.base.bounds import DEEPEST, LONGEST_LINE, MOST_NODES
from parity.base.strict_yaml import YamlError, parse_yaml

SCENARIOS = sorted(project.SCENARIOS.rglob("*.yaml"))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cn"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc:- #?[{'", max_size=4), inner)
    ),
    max_leaves=20,
)
PIECES = [
    *"[]{}:,-?|>'\"#&*!%@`~\n\t \\",
    *("- ", "? ", "&a ", "*a", "!!int ", "%YAML 1.1\n", "---\n", "...\n", "\\ud800", "\ufeff"),
    "<<: ",
    *("\x85", "\u2028", "\0", "1e999", ".nan", "|9\n", "!<x>", "2026-99-99", "\\U00110000", "\r"),
]  # fmt: skip


def refusal(text):
    with pytest.raises(YamlError) as caught:
        parse_yaml(text)
    return f"{caught.value.line}:{caught.value.column}: {caught.value.message}"


def as_lists(value):
    """Tuples as JSON and ruamel have them."""
    return json.loads(json.dumps(value))


@pytest.mark.parametrize("path", SCENARIOS[::8], ids=lambda path: path.stem)
def test_a_scenario_is_read_as_ruamel_reads_it(path: Path):
    text = path.read_text()
    expected = YAML(typ="safe", pure=True).load(text)
    assert as_lists(parse_yaml(text).value) == as_lists(expected)


@given(VALUES)
def test_json_is_yaml(value):
    text = json.dumps(value, ensure_ascii=False)
    assert as_lists(parse_yaml(text).value) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None), ("~", None), ("a:", {"a": None}), ("True", True), ("false", False),
        ("yes", "yes"), ("on", "on"), ("0o17", 15), ("0x1F", 31), ("007", 7), ("1_000", "1_000"),
        ("-1", -1), ("+1", 1), ("1.5", 1.5), ("-.5e3", -500.0), ("1:30", "1:30"), ("-", (None,)),
        ("2026-11-24", "2026-11-24"), ("2026-99-99", "2026-99-99"), ("0b1", "0b1"), ("=", "="),
        ("'1'", "1"), ('"null"', "null"), ("9223372036854775807", 2**63 - 1),
        ("1: x", {"1": "x"}), ("null: x", {"null": "x"}), ("'<<': 1", {"<<": 1}),
        ("[1, [2], {a: b}]", (1, (2,), {"a": "b"})), ("\ufeffa: 1", {"a": 1}),
        ("a: |\n  x\n  y\n", {"a": "x\ny\n"}), ('"\\U0001f600"', "😀"),
    ],
)  # fmt: skip
def test_a_value_is_what_the_core_schema_says(text, value):
    assert parse_yaml(text).value == value


def test_an_alias_is_what_it_names_at_its_own_place():
    document = parse_yaml("a: &x {b: [1, 2]}\nc: *x\n")
    assert document.value == {"a": {"b": (1, 2)}, "c": {"b": (1, 2)}}
    assert document.place(("c",)) == (2, 1)
    assert document.place(("c", "b", 1)) == (1, 15)


def test_a_place_is_that_of_the_key_or_of_the_item():
    document = parse_yaml("a:\n  - b: 1\n    cd: [x, y]\n")
    assert document.place(()) == (1, 1)
    assert document.place(("a", 0, "cd")) == (3, 5)
    assert document.place(("a", 0, "cd", 1)) == (3, 13)
    assert document.place(("a", 0, "nothing", 3)) == (2, 5)
    assert document.lines("a", 0) == {"b": 2, "cd": 3}


def test_there_may_be_nothing_to_read():
    assert parse_yaml("") is None
    assert parse_yaml("# a comment\n") is None
    assert parse_yaml("---\n...\n").value is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: !!int abc", "1:4: found the tag 'tag:yaml.org,2002:int'; expected no tags"),
        ("a: !!set {b}", "1:4: found the tag"),
        ("a: !!binary aGk=", "1:4: found the tag"),
        ("a: !!omap [b: 1]", "1:4: found the tag"),
        ("a: !mine x", "1:4: found the tag '!mine'; expected no tags"),
        ("a: ! x", "1:4: found the tag '!'; expected no tags"),
        ("!!map {a: 1}", "1:1: found the tag"),
        ("a: !<x y> z", "1:7: not YAML: "),
        ("a: 1\nb: 2\na: 3", "3:1: found the key 'a' twice; expected each key once"),
        ("1: x\n'1': y", "2:1: found the key '1' twice"),
        ("[a]: 1", "1:1: found a list as a key; expected text"),
        ("steps: [{[a]: 1}]", "1:10: found a list as a key; expected text"),
        ("? {a: 1}\n: 2", "1:3: found a mapping as a key; expected text"),
        ("a: &x b\n*x : 1", "2:1: found an alias as a key; expected text"),
        ("a: &x {b: 1}\nc:\n  <<: *x", "3:3: found a merge key; expected each key written out"),
        ("a: *b", "1:4: *b names nothing that stands before it"),
        ("&x [*x]", "1:5: *x names nothing that stands before it"),
        ('a: "\\ud800"', "1:4: \\ud800 is half a character; expected Unicode text"),
        ('"\\udfff": 1', "1:1: \\udfff is half a character"),
        ("a: .inf", "1:4: found .inf; expected a finite number"),
        ("a: -.INF", "1:4: found -.INF; expected a finite number"),
        ("a: .NaN", "1:4: found .NaN; expected a finite number"),
        ("a: 1e999", "1:4: the number '1e999' is too large; expected a finite one"),
        ("a: " + "9" * 5000, f"1:4: the number '{'9' * 37}...' is too large; expected an int64"),
        ("a: 9223372036854775808", "1:4: the number '9223372036854775808' is too large"),
        ("a: 0x" + "f" * 17, "1:4: the number '0xfffffffffffffffff' is too large"),
        ("a: 1\n---\nb: 1", "2:1: found a second document; expected one"),
        ("a: 1\n--- {b: 1}", "2:1: found a second document; expected one"),
        ("\ta: 1", "1:1: not YAML: found character '\\t' that cannot start any token"),
        ("a: 1\nb: \0", "2:4: found the character U+0000; expected printable text"),
        ("a: \x1b[2J", "1:4: found the character U+001B; expected printable text"),
        ("a: \ud800", "1:4: found the character U+D800; expected printable text"),
        ("a: [1", "1:6: not YAML: expected ',' or ']'"),
        ('a: "\\U00110000"', "1:1: not YAML: after this the parser failed: chr()"),
        ("%YAML 3.0\n--- a", "1:1: not YAML: found incompatible YAML document"),
        ("[" * 100_000, f"1:{DEEPEST + 1}: nested too deep; expected at most {DEEPEST} lists"),
        ("- " * 60_000, f"1:{2 * DEEPEST + 1}: nested too deep"),
        ("{a: " * 10_000, f"1:{4 * DEEPEST + 1}: nested too deep"),
        ("x" * (LONGEST_LINE + 1), f"1:1: a line too long; expected at most {LONGEST_LINE} char"),
    ],
    ids=lambda text: text[:30],
)  # fmt: skip
def test_what_it_is_not_is_refused_with_its_place(text, said):
    assert refusal(text).startswith(said)


def test_aliases_count_as_what_they_stand_for():
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for i in range(1, 40):
        bomb += f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n"
    assert refusal(bomb) == f"5:30: too many values; expected at most {MOST_NODES}"
    chain = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 100))
    assert f"{DEEPEST}:" in refusal(chain)
    assert "nested too deep" in refusal(chain)


def test_the_bounds_themselves_are_within():
    deep = "[" * DEEPEST + "]" * DEEPEST
    assert json.dumps(parse_yaml(deep).value).count("[") == DEEPEST
    assert len(parse_yaml("[\n" + "1,\n" * (MOST_NODES - 1) + "]").value) == MOST_NODES - 1
    assert refusal("[\n" + "1,\n" * MOST_NODES + "]").startswith(f"{MOST_NODES + 1}:1: too many")


def test_a_machine_for_each_of_ten_thousand_ps_is_not_too_much():
    text = "".join(f"- {{ps: {ps}, rss: 1GiB}}\n" for ps in range(10_000))
    assert len(parse_yaml(text).value) == 10_000


@st.composite
def _mutated(draw):
    """A scenario, or nothing, with some pieces of YAML put in, and some of it taken out."""
    text = draw(st.sampled_from(["", *(path.read_text()[:800] for path in SCENARIOS[::10])]))
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, len(text)))
        piece = draw(st.sampled_from(PIECES) | st.text(max_size=2))
        text = text[:at] + piece + text[at + draw(st.integers(0, 3)) :]
    return text


@settings(deadline=None, max_examples=300)
@given(_mutated())
@example("a: '\\U00110000")
def test_any_text_is_read_or_refused_in_one_line_at_a_place_in_it(text):
    refused = None
    try:
        document = parse_yaml(text)
    except YamlError as error:
        refused = error
    if refused is not None:
        lines = len(re.findall("\r\n|\r|\n", text)) + 1
        assert "\n" not in refused.message
        assert 1 <= refused.line <= lines + 1
        assert 1 <= refused.column <= len(text) + 1
    elif document is not None:
        json.dumps(document.value, allow_nan=False).encode()
