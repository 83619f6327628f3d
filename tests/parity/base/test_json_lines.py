"""A file of JSON lines is whole and adds up, or is refused with the line."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from parity.base.json_lines import read_records
from parity.base.model import Model, canonical_json
from parity.base.problems import UsageError
from parity.report.report import read_report
from tests.parity.samples import PLACED, REPORT, SESSION, judged, report_of, trace


def a_report():
    one = judged(trace(SESSION, PLACED), name="health/one", about="one\u2028two\x85three")
    other = judged(trace(SESSION, REPORT), name="other")
    return report_of(one, other)


def lines_of(report):
    parts = (report.header, *report.records, report.footer)
    return [canonical_json(part.model_dump(mode="json")) for part in parts]


REPORTED = a_report()
LINES = lines_of(REPORTED)
HEADER, FIRST, SECOND, FOOTER = LINES


def written(tmp_path, *lines):
    path = tmp_path / "report.jsonl"
    path.write_bytes("".join(f"{line}\n" for line in lines).encode(errors="surrogatepass"))
    return path


def changed(line, **keys):
    return canonical_json({**json.loads(line), **keys})


def test_an_about_with_separators_of_lines_is_read_as_it_was_written(tmp_path):
    report = read_report(written(tmp_path, *LINES))
    assert report == REPORTED
    assert report.records[0].about == "one\u2028two\x85three"


def test_a_footer_without_a_line_feed_is_one(tmp_path):
    path = written(tmp_path, *LINES)
    path.write_bytes(path.read_bytes().removesuffix(b"\n"))
    assert read_report(path) == REPORTED


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ((), ": truncated, it has no footer; expected a run that ended"),
        (LINES[:-1], ": truncated, it has no footer"),
        ((FIRST, SECOND, FOOTER), ":1: no report: found no header"),
        (("", *LINES), ":1: no report: not JSON: expecting value (column 1)"),
        ((HEADER, FIRST, "", SECOND, FOOTER), ":3: no report: not JSON: expecting value"),
        ((HEADER, HEADER, FIRST, SECOND, FOOTER), ":2: no report: found a second header"),
        ((FOOTER,), ":1: no report: found no header"),
        ((*LINES, FOOTER), ":5: no report: found a line after the footer"),
        ((*LINES, SECOND), ":5: no report: found a line after the footer"),
        ((HEADER, FOOTER, FIRST, SECOND), ":3: no report: found a line after the footer"),
        (
            (HEADER, FIRST, FIRST, FOOTER),
            ":3: no report: health/one has a record in line 2 already",
        ),
        (
            (changed(HEADER, format=1), FIRST, SECOND, FOOTER),
            ":1: no report: another version's repo",
        ),
        (
            (changed(HEADER, format="x" * 999), FOOTER),
            ":1: no report: another version's report: form",
        ),
        ((changed(HEADER, format=None), FOOTER), ":1: no report: another version's report: format"),
        (
            (changed(HEADER, seed="x"), FOOTER),
            ":1: no report of this version: seed: Input should be",
        ),
        ((changed(HEADER, more=1), FOOTER), ":1: no report of this version: unknown key more"),
        (
            (changed(HEADER, scenarios=3), FIRST, SECOND, FOOTER),
            ": expected 3 records as its header",
        ),
        ((HEADER, FIRST, FOOTER), ": expected 2 records as its header says, got 1"),
        (
            (HEADER, FIRST, SECOND, changed(FOOTER, verdicts={"agree": 2})),
            ': footer: verdicts: expected {"agree":1,"unexpected":1} as its records have it',
        ),
        (
            (HEADER, FIRST, SECOND, changed(FOOTER, agreements={})),
            ": footer: agreements: expected {",
        ),
        ((HEADER, "3", FOOTER), ":2: no report of this version: Input should be a valid dict"),
        ((HEADER, "NaN", FOOTER), ":2: no report: NaN isn't JSON"),
        ((HEADER, "[" * 10**6, FOOTER), ":2: no report: nested too deep"),
        ((HEADER, '{"a":1,"a":2}', FOOTER), ":2: no report: the key 'a' comes twice"),
        ((HEADER, '{"a":"\\ud800"}', FOOTER), ":2: no report: \\ud800 is half a character"),
        ((HEADER, '{"a":"\ud800"}', FOOTER), ":2: no report: not UTF-8 (byte 6)"),
        ((HEADER, FIRST[:-20], SECOND, FOOTER), ":2: no report: not JSON: "),
        (
            (HEADER, changed(FIRST, scenario="../../outside"), SECOND, FOOTER),
            ":2: no report of this version: scenario: '../../outside' leads elsewhere; expected a",
        ),
        (
            (HEADER, changed(FIRST, scenario="a\nb"), SECOND, FOOTER),
            ":2: no report of this version: scenario: 'a\\nb' has control characters; ",
        ),
        (
            (HEADER, changed(FIRST, **{"x\n\x1b[2J": 1}), SECOND, FOOTER),
            ":2: no report of this version: unknown key x\\n\\x1b[2J",
        ),
    ],
)
def test_what_is_out_of_place_or_does_not_add_up_is_refused_with_its_line(tmp_path, lines, said):
    path = written(tmp_path, *lines)
    with pytest.raises(UsageError) as raised:
        read_report(path)
    assert str(raised.value).startswith(f"{path}{said}")
    assert "\n" not in str(raised.value)


@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(st.integers(0, len("\n".join(LINES))), st.integers(0, 4), st.text(max_size=3)),
        min_size=1,
        max_size=5,
    )
)
def test_a_report_with_anything_changed_is_read_or_refused_in_one_line(tmp_path, changes):
    text = "\n".join(LINES)
    for at, gone, new in changes:
        text = text[:at] + new + text[at + gone :]
    said = ""
    try:
        read_report(written(tmp_path, text))
    except UsageError as error:
        said = str(error)
    assert "\n" not in said


class _Result(Model):
    name: str


RESULTS = TypeAdapter(_Result)


def test_results_are_read_line_by_line(tmp_path):
    path = written(tmp_path, '{"name":"a\u2028b"}', '{"name":"c"}')
    assert [each.name for each in read_records(path, RESULTS, "result")] == ["a\u2028b", "c"]
    assert list(read_records(tmp_path / "none", RESULTS, "result")) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{}", ":2: no result: name: Field required; choose another --out"),
        ("x", ":2: no result: not JSON: expecting value (column 1); choose another --out"),
        ('{"name": 1e999}', ":2: no result: the number '1e999' is too large; expected a finite"),
    ],
)
def test_what_is_no_result_is_refused_with_its_line(tmp_path, line, said):
    path = written(tmp_path, '{"name":"a"}', line)
    with pytest.raises(UsageError) as raised:
        list(read_records(path, RESULTS, "result"))
    assert str(raised.value).startswith(f"{path}{said}")


def test_a_link_to_nowhere_is_no_missing_file(tmp_path):
    path = tmp_path / "results.jsonl"
    path.symlink_to(path)
    with pytest.raises(UsageError, match="no result: can't be read: Too many levels"):
        list(read_records(path, RESULTS, "result"))
