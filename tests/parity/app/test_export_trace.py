"""Traces for viewers, written from a report."""

from __future__ import annotations

import json

import pytest

from parity.app.export_trace import export_traces
from parity.base.problems import UsageError
from parity.players.outcome import Failed
from tests.parity.samples import SESSION, judged, report_of, trace

ONE = judged(trace(SESSION), name="health/one")
TWO = judged(trace(SESSION), name="health/two")
FAILED = judged(Failed("crashed", "gone"), name="failed")


def test_every_scenario_that_was_played_gets_two_files(tmp_path):
    written = export_traces(report_of(ONE, TWO, FAILED), [], tmp_path)
    assert [str(path.relative_to(tmp_path)) for path in written] == [
        "health/one.pftrace",
        "health/one.json",
        "health/two.pftrace",
        "health/two.json",
    ]
    assert "traceEvents" in json.loads(written[1].read_text())


def test_only_the_named_ones_are_written(tmp_path):
    assert len(export_traces(report_of(ONE, TWO), ["health/two"], tmp_path)) == 2


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("helth/one", "helth/one: not in this report; expected health/one"),
        ("zzz", "zzz: not in this report; expected one of its 3 scenarios"),
        ("failed", "failed: has no trace, its verdict is failed"),
    ],
)
def test_a_scenario_that_has_no_trace_is_refused(tmp_path, name, message):
    with pytest.raises(UsageError, match=message):
        export_traces(report_of(ONE, TWO, FAILED), [name], tmp_path)


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="expected a folder, got a file"):
        export_traces(report_of(ONE), [], tmp_path / "file")
