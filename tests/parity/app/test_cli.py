"""The command line, where nothing is played on TensorFlow."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from parity.app.cli import app
from parity.base import project
from parity.report.report import ReportWriter
from tests.parity.samples import PLACED, REPORT, STEP, judged, report_of, trace

pytestmark = pytest.mark.slow


def command(*words):
    return subprocess.run(
        [sys.executable, "-m", "parity", *words],
        cwd=project.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def two_traces(tmp_path):
    (tmp_path / "a.json").write_text(trace(REPORT, STEP, PLACED).text())
    (tmp_path / "b.json").write_text(trace(REPORT, STEP, {**PLACED, "ms": 5}).text())
    return str(tmp_path / "a.json"), str(tmp_path / "b.json")


@pytest.fixture
def two_reports(tmp_path):
    """The folders of two runs: one agreed, the next didn't."""
    for name, theirs in (("old", trace(STEP)), ("new", trace(STEP, REPORT))):
        report = report_of(judged(trace(STEP), theirs, name="health/oom"))
        writer = ReportWriter(tmp_path / name, report.header)
        writer.add(report.records[0])
        writer.finish(report.footer)
    return str(tmp_path / "old"), str(tmp_path / "new")


@pytest.mark.parametrize("words", [["--help"], ["validate"], ["schema"], ["explain"]])
def test_what_does_not_need_tensorflow_does_not_import_it(words):
    assert _imported_after(words) == []


def test_neither_does_the_help_of_any_command():
    names = list(typer.main.get_command(app).commands)
    assert len(names) >= 17
    assert _imported_after(*([name, "--help"] for name in names)) == []


def test_every_command_is_listed_with_what_it_does():
    listed = command("--help").stdout
    for name, each in typer.main.get_command(app).commands.items():
        assert f" {name} " in listed
        assert each.help


def test_diff_does_not_import_tensorflow_either(two_traces):
    assert _imported_after(["diff", *two_traces]) == []


def test_neither_do_the_commands_that_read_reports(two_reports, tmp_path):
    old = two_reports[0]
    merge = ["merge", old, "--out", str(tmp_path / "all")]
    export = ["export-trace", old, "--out", str(tmp_path)]
    assert _imported_after(["compare", old, old], merge, export) == []


def _imported_after(*commands):
    """Which of TensorFlow and gRPC a process has imported that has run these commands."""
    code = (
        "import sys, json; commands = json.loads(sys.argv[1])\n"
        "from parity.app.cli import main\n"
        "for words in commands:\n"
        "    sys.argv = ['monolith-parity', *words]\n"
        "    try: main()\n"
        "    except SystemExit as end: assert end.code in {0, 1}, words\n"
        "print([name for name in ('tensorflow', 'grpc') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(commands)],
        cwd=project.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1].replace("'", '"'))


def test_diff_of_equal_traces(two_traces):
    done = command("diff", two_traces[0], two_traces[0])
    assert (done.returncode, done.stdout) == (0, "equal: 3 events\n")


def test_diff_names_the_first_difference_of_each_channel(two_traces):
    done = command("diff", *two_traces)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "barrier, lane ps_health, 0 ms",
        '  - {"blocked":[0],"kind":"barrier","lane":"ps_health","ms":0}',
        '  + {"blocked":[0],"kind":"barrier","lane":"ps_health","ms":5}',
    ]


def test_diff_reads_recordings_as_well():
    path = "recorded/rust/health/oom.json"
    assert command("diff", path, path).stdout == "equal: 15 events\n"


def test_diff_of_what_is_no_trace(tmp_path, two_traces):
    (tmp_path / "c.json").write_text("{}")
    done = command("diff", two_traces[0], str(tmp_path / "c.json"))
    assert done.returncode == 2
    assert "c.json: no trace: events: " in done.stderr


def test_validate_counts_what_is_valid():
    count = 1 + len(list((project.ROOT / "scenarios" / "barrier").glob("*.yaml")))
    done = command("validate", "scenarios/health/oom.yaml", "scenarios/barrier")
    assert (done.returncode, done.stdout) == (0, f"{count} scenarios are valid\n")


def test_validate_lists_the_problems_of_all_files(tmp_path):
    (tmp_path / "a.yaml").write_text("")
    (tmp_path / "b.yaml").write_text("about: 3\n")
    done = command("validate", str(tmp_path))
    assert done.returncode == 2
    assert "a.yaml:1:1: the file is empty" in done.stderr
    assert "b.yaml:1:1: about: expected text, got 3" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_schema_knows_every_key_of_a_scenario():
    schema = json.loads(command("schema").stdout)
    assert {"about", "cluster", "hooks", "machines", "steps", "expect"} <= set(schema["properties"])


def test_replay_of_a_recording_shows_its_events_and_writes_its_trace(tmp_path):
    out = tmp_path / "trace.json"
    done = command("replay", "scenarios/health/oom.yaml", "--on", "recorded", "--out", str(out))
    assert done.returncode == 0
    assert 'rpc          call="steps[2]" method="StopTraining" code="ALREADY_EXISTS"' in done.stdout
    assert command("diff", str(out), "recorded/rust/health/oom.json").returncode == 0


def test_replay_of_a_folder_is_refused():
    done = command("replay", "scenarios/health", "--on", "recorded")
    assert done.returncode == 2
    assert "scenarios/health: expected one scenario file, got a folder" in done.stderr


def test_what_is_recorded_cannot_be_recorded_again(tmp_path):
    done = command("record", "--peer", "recorded", "--out", str(tmp_path))
    assert done.returncode == 2
    assert "expected rust or python, got a recording" in done.stderr


def test_what_takes_real_time_cannot_be_recorded(tmp_path):
    done = command("record", "--peer", "cluster", "--out", str(tmp_path))
    assert done.returncode == 2
    assert "real time, which no recording can be held to" in done.stderr


def test_compare_says_what_got_worse_and_exits_with_1(two_reports):
    old, new = two_reports
    worse = command("compare", old, new)
    assert worse.returncode == 1
    assert "newly differing   health/oom: agree -> differs (reports)" in worse.stdout
    better = command("compare", new, old)
    assert (better.returncode, better.stdout.splitlines()[-1]) == (
        0,
        "nothing got worse; 1 fixed; 0 as before",
    )


def test_render_shows_what_a_killed_run_did_and_exits_as_an_interrupted_one(two_reports):
    report = Path(two_reports[0]) / "report.jsonl"
    report.write_text("".join(report.read_text().splitlines(keepends=True)[:-1]))
    refused = command("compare", *two_reports)
    assert refused.returncode == 2
    assert "monolith-parity render" in refused.stderr
    done = command("render", two_reports[0])
    assert (done.returncode, done.stdout.splitlines()) == (
        2,
        [
            "The run did not end: 1 of 1 scenarios are in this report.",
            f"to look at: {report.parent / 'index.html'}",
        ],
    )


def test_render_of_a_whole_report_exits_as_its_run_did(two_reports):
    assert [command("render", each).returncode for each in two_reports] == [0, 1]


def test_export_trace_writes_for_both_viewers_and_names_the_files(two_reports, tmp_path):
    done = command("export-trace", two_reports[1], "health/oom", "--out", str(tmp_path / "t"))
    assert done.stdout.splitlines() == [
        str(tmp_path / "t" / "health" / "oom.pftrace"),
        str(tmp_path / "t" / "health" / "oom.json"),
    ]


@pytest.mark.parametrize(
    "words",
    [
        ["compare", "nowhere", "old"],
        ["merge", "nowhere"],
        ["export-trace", "nowhere"],
        ["render", "nowhere"],
    ],
)
def test_a_report_that_is_not_there_is_said_without_a_traceback(words):
    done = command(*words)
    assert (done.returncode, done.stderr) == (
        2,
        "nowhere: no such report; expected a folder that run --report wrote\n",
    )


@pytest.mark.parametrize(
    "words", [["run"], ["explore", "scenarios/health/oom.yaml"], ["fuzz", "--seed", "1"]]
)
def test_processes_here_and_workers_elsewhere_are_not_asked_for_at_once(words):
    told = CliRunner().invoke(app, [*words, "-n", "2", "--on", "local:2"])
    assert told.exit_code == 2
    assert "expected -n for this machine or --on for others, got both" in told.output
