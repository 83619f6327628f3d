import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.base.bounds import DEEPEST
from parity.base.strict_json import parse_json

INT64 = st.integers(-(2**63), 2**63 - 1)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | INT64
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON, st.booleans())
def test_what_is_json_is_read_as_python_reads_it(value, ascii_only):
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert parse_json(text) == json.loads(text)


@given(st.text() | st.text('[]{}",:0123456789.eE+-\\ud8truefalsnNaI \n\u2028'))
def test_any_text_is_json_or_refused_in_one_line(text):
    said = ""
    try:
        json.dumps(parse_json(text), allow_nan=False).encode()
    except ValueError as error:
        said = str(error)
    assert said.isascii()
    assert "\n" not in said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON: expecting value (column 1)"),
        ('{"a": }', "not JSON: expecting value (column 7)"),
        ('{\n"a": }\n', "not JSON: expecting value (line 2, column 6)"),
        ("1 2", "not JSON: extra data (column 3)"),
        ('{"a": 1, "b": 2, "a": 1}', "the key 'a' comes twice; expected each key once"),
        ('[{"x": {"\\n": 1, "\\n": 2}}]', "the key '\\n' comes twice; expected each key once"),
        ("NaN", "NaN isn't JSON; expected a number"),
        ("[-Infinity]", "-Infinity isn't JSON; expected a number"),
        ("1e999", "the number '1e999' is too large; expected a finite one"),
        (f"{2**63}", f"the number '{2**63}' is too large; expected an int64"),
        (f"[{-(2**63) - 1}]", f"the number '{-(2**63) - 1}' is too large; expected an int64"),
        ("9" * 5000, f"the number '{'9' * 37}...' is too large; expected an int64"),
        ('"\\ud800"', "\\ud800 is half a character; expected Unicode text"),
        ('{"\\uDFFF": 1}', "\\udfff is half a character; expected Unicode text"),
        ('"\ud800"', "\\ud800 is half a character; expected Unicode text"),
        (
            "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1),
            "nested too deep; expected at most 64 lists and objects",
        ),
        ("[" * 1_000_000, "nested too deep; expected at most 64 lists and objects"),
        ('{"a":' * 1_000_000, "nested too deep; expected at most 64 lists and objects"),
    ],
    ids=lambda text: text[:30],
)
def test_what_it_cannot_be_is_refused_in_plain_words(text, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parse_json(text)


def test_bounds_are_within():
    deep = "[" * DEEPEST + "]" * DEEPEST
    assert json.dumps(parse_json(deep)) == deep
    assert parse_json(f"[{2**63 - 1}, {-(2**63)}]") == [2**63 - 1, -(2**63)]
    assert parse_json('"\\ud83d\\ude00"') == "\N{GRINNING FACE}"
