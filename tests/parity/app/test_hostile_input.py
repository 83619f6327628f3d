"""Whatever a file, a name or a value holds, every command that reads it refuses it.

A table: each hostile input times the commands that read its kind. No traceback, no exit
code 1, which means that the sides differ; one line a problem, which names the file; no
control characters; nothing written elsewhere; and bounded time. The commands run in this
process; a few of each kind again in one of their own, with bounded memory.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from parity.app.cli import main
from parity.base import project
from parity.base.json_lines import read_records
from parity.base.problems import UsageError
from parity.base.terminal_text import printable
from parity.interop.report import read_interop_report
from parity.mutation.generated.outcome import read_outcomes
from parity.mutation.planted.matrix import read_results
from parity.search.fuzz.campaign_state import State, header
from tests.parity import hostile_inputs as hostile
from tests.parity.preloaded import monolith_parity

pytestmark = pytest.mark.slow

MOST_SECONDS = 10.0
"""Of the processor: other processes may hold it up."""


class Box:
    """A folder to stand in, with good files, and beside it what must stay as it is."""

    def __init__(self, root: Path, monkeypatch, capfd) -> None:
        self.root = root
        self.here = root / "here"
        self.out = root / "out"
        self._monkeypatch = monkeypatch
        self._capfd = capfd
        for folder in (self.here, self.out, self.here / "scenarios", self.here / "recorded"):
            folder.mkdir()
        self.write("sample.yaml", hostile.GOOD.encode())
        self.write("scenarios/sample.yaml", hostile.GOOD.encode())
        self.good_report = self.write("good.jsonl", hostile.GOOD_REPORT)
        self.good_trace = self.write("good.json", b'{"events":[],"struck":{}}')
        monkeypatch.chdir(self.here)
        monkeypatch.setattr(project, "SCENARIOS", self.here / "scenarios")
        monkeypatch.setattr(project, "KNOWN_DIFFERENCES", self.here / "scenarios" / "known.yaml")

    def write(self, name: str, content: bytes) -> Path:
        path = self.here / name
        path.write_bytes(content)
        return path

    def refuses(self, *words: str, name: str, codes=(2,)) -> None:
        """Run a command, which must refuse what it is given, naming it in each line."""
        before = self._files()
        began = time.process_time()
        code, out, err = self._run(words)
        took = time.process_time() - began
        shown = f"{words[0]}: {code}\n{out}{err}"[:3000]
        assert code in codes, shown
        assert "Traceback" not in out + err, shown
        said = err if code == 2 else out
        assert said.strip(), shown
        for line in said.splitlines():
            assert name in line, shown
            assert len(line) < 2000 + max(map(len, words)), shown
        assert printable(out + err) == out + err, shown
        assert took < MOST_SECONDS, f"{words[0]} took {took:.1f} s"
        assert self._files() == before, "something was written elsewhere"

    def _run(self, words):
        self._monkeypatch.setattr(sys, "argv", ["monolith-parity", *words])
        self._capfd.readouterr()
        code = None
        try:
            main()
        except SystemExit as end:
            code = end.code
        return code, *self._capfd.readouterr()

    def _files(self):
        return {
            path: path.lstat().st_mtime_ns
            for path in self.root.rglob("*")
            if not path.is_relative_to(self.out)
        }


@pytest.fixture
def box(tmp_path, monkeypatch, capfd):
    return Box(tmp_path, monkeypatch, capfd)


def table(inputs):
    return pytest.mark.parametrize("content", inputs.values(), ids=inputs.keys())


SCENARIOS = {**hostile.yaml_texts(), **hostile.scenarios()}


SLOW = [SCENARIOS[name] for name in ("60,000 keys", "200,000 values", "2,000 wrong steps")]
"""What one command has refused after seconds, others needn't."""


def scenario_commands(path, out):
    """Of each command that takes scenarios, how it is called with this one."""
    yield "validate", path
    yield "run", path, "--peer", "recorded", "--report", f"{out}/report"
    yield "replay", path, "--on", "recorded"
    yield "record", path, "--peer", "python", "--out", f"{out}/recorded"
    yield "baseline", path, "--prune", "--peer", "recorded", "--report", f"{out}/report"
    yield "explore", path, "--alone", "recorded"


@table(SCENARIOS)
def test_a_scenario_that_is_none(box, content):
    path = box.write("bad.yaml", content)
    for words in scenario_commands(str(path), box.out):
        box.refuses(*words, name="bad.yaml:")
        if content in SLOW:
            break


TRACES = {**hostile.files_of_json(), **hostile.traces()}


@table(TRACES)
def test_a_trace_that_is_none(box, content):
    path, good = str(box.write("bad.json", content)), str(box.good_trace)
    for words in (("diff", path, good), ("diff", good, path), ("diff", path, path)):
        box.refuses(*words, name="bad.json: ")


RECORDINGS = {**TRACES, **hostile.recordings()}


@table(RECORDINGS)
def test_a_recording_that_is_none(box, content):
    box.write("recorded/sample.json", content)
    folder = f"recorded:{box.here / 'recorded'}"
    for words in (
        ("replay", "sample.yaml", "--on", folder),
        ("replay", "sample.yaml", "--on", folder, "--out", f"{box.out}/trace.json"),
    ):
        box.refuses(*words, name="sample.json: ", codes=(3,))


REPORTS = hostile.reports()


@table(REPORTS)
def test_a_report_that_is_none(box, content):
    path, good = str(box.write("bad.jsonl", content)), str(box.good_report)
    for words in (
        ("compare", path, good),
        ("compare", good, path),
        ("merge", path, good, "--out", f"{box.out}/merged"),
        ("export-trace", path, "--out", f"{box.out}/traces"),
        ("export-trace", path, "../../outside", "--out", f"{box.out}/traces"),
    ):
        box.refuses(*words, name="bad.jsonl:")
    code, out, err = box._run(["render", path, "--out", f"{box.out}/page"])
    assert code in (2, 3)  # What was only cut off has a page that says so.
    assert "Traceback" not in out + err


@table(REPORTS)
def test_a_file_beside_the_report_that_is_none_is_doubted_or_refused(box, content):
    (box.here / "reports").mkdir()
    for name in ("report.jsonl", "interop.jsonl", "checklist.json", "tests.xml", "rust-tests.txt"):
        path = box.write(f"reports/{name}", content)
    path = box.here / "reports" / "interop.jsonl"
    results = TypeAdapter(int)
    for read in (
        lambda: read_interop_report(path),
        lambda: list(read_results(path)),
        lambda: list(read_outcomes(path)),
        lambda: list(read_records(path, results, "number")),
        lambda: State(path, header(1, "python", "rust")),
    ):
        with pytest.raises(UsageError, match=r"interop\.jsonl") as raised:
            read()
        assert "\n" not in str(raised.value)
    code, out, err = box._run(["checklist", "--report", str(box.here / "reports")])
    assert code == 0, err
    assert "no report" in out or "no recor" in out or "truncated" in out
    assert "\x1b" not in out + err


KNOWN = hostile.known_differences()


@table(KNOWN)
def test_a_list_of_known_differences_that_is_none(box, content):
    box.write("scenarios/known.yaml", content)
    for words in (
        ("validate",),
        ("run", "--peer", "recorded", "--report", f"{box.out}/report"),
        ("baseline", "--prune", "--peer", "recorded", "--report", f"{box.out}/report"),
    ):
        box.refuses(*words, name="known.yaml:")


@pytest.mark.parametrize("name", hostile.NAMES.values(), ids=hostile.NAMES.keys())
def test_a_name_that_is_none(box, name):
    report, peer = str(box.good_report), ("--peer", "recorded")
    for words in (
        ("new", "--", name),
        ("export-trace", report, "--out", f"{box.out}/traces", "--", name),
        ("explain", "--", name),
    ):
        box.refuses(*words, name="")
    if Path(name).is_dir() if len(name) < 200 else False:
        return
    for words in (
        ("validate", "--", name),
        ("run", *peer, "--report", f"{box.out}/report", "--", name),
        ("replay", "--on", "recorded", "--", name),
        ("record", "--peer", "python", "--out", f"{box.out}/recorded", "--", name),
        ("compare", "--", report, name),
        ("merge", "--out", f"{box.out}/merged", "--", report, name),
        ("render", "--out", f"{box.out}/page", "--", name),
        ("diff", "--", str(box.good_trace), name),
    ):
        box.refuses(*words, name="")


@pytest.mark.parametrize("name", hostile.SCHEDULES.values(), ids=hostile.SCHEDULES.keys())
def test_a_schedule_that_is_none(box, name):
    for words in (
        ("replay", "sample.yaml", "--on", "recorded", f"--schedule={name}"),
        ("run", "sample.yaml", "--peer", "recorded", f"--schedule={name}"),
    ):
        box.refuses(*words, name="names no schedule")


def _fifo(path):
    os.mkfifo(path)


def _socket(path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


def _huge(path):
    with path.open("wb") as file:
        file.truncate(2**40)


SPECIAL = {
    "a FIFO": _fifo,
    "a socket": _socket,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a terminal": lambda path: path.symlink_to("/dev/tty"),
    "a folder": lambda path: path.mkdir(),
    "a loop": lambda path: path.symlink_to(path.name),
    "a link to nowhere": lambda path: path.symlink_to("nowhere"),
    "a terabyte of nothing": _huge,
}


@pytest.mark.parametrize("make", SPECIAL.values(), ids=SPECIAL.keys())
def test_a_path_that_is_no_file(box, make):
    (box.here / "folder").mkdir()
    for name in ("x.yaml", "x.json", "x.jsonl", "recorded/sample.json", "folder/y.yaml"):
        make(box.here / name)
    for words in scenario_commands("x.yaml", box.out):
        box.refuses(*words, name="x.yaml")
    box.refuses("validate", "folder", name="folder")
    good = str(box.good_report)
    box.refuses("diff", "x.json", str(box.good_trace), name="x.json: ")
    box.refuses("compare", "x.jsonl", good, name="x.jsonl")
    box.refuses("merge", good, "x.jsonl", "--out", f"{box.out}/merged", name="x.jsonl")
    box.refuses("export-trace", "x.jsonl", "--out", f"{box.out}/traces", name="x.jsonl")
    folder = f"recorded:{box.here / 'recorded'}"
    box.refuses("replay", "sample.yaml", "--on", folder, name="sample.json", codes=(3,))


JUNIT = {
    "nothing": b"",
    "no XML": b"hello",
    "XML that isn't closed": b"<testsuites>",
    "a bomb of entities": b"<!DOCTYPE x [<!ENTITY a0 'xxxxxxxxxxxxxxxxxxxx'>"
    + b"".join(b"<!ENTITY a%d '%s'>" % (i, b"&a%d;" % (i - 1) * 20) for i in range(1, 12))
    + b"]><testsuites><testsuite name='&a11;'/></testsuites>",
    "an entity of a file": b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>",
    "a NUL": b"<x>\0</x>",
    "Latin-1": "<x>é</x>".encode("latin-1"),
}


@table(JUNIT)
def test_a_junit_file_that_is_none(box, content):
    (box.here / "shard").mkdir()
    box.write("shard/report.jsonl", hostile.GOOD_REPORT)
    box.write("shard/junit.xml", content)
    box.refuses("merge", "shard", "--out", f"{box.out}/merged", name="junit.xml")


def test_a_link_out_of_the_folder_that_was_given(box):
    secret = box.root / "secret.yaml"
    secret.write_text(hostile.GOOD)
    (box.here / "scenarios" / "link.yaml").symlink_to(secret)
    for words in (
        ["validate"],
        ["validate", "scenarios"],
        ["run", "scenarios", "--peer", "recorded"],
    ):
        box.refuses(*words, name="link.yaml: found a link out of ")
    (box.root / "secret.json").write_bytes(box.good_trace.read_bytes())
    (box.here / "recorded" / "sample.json").symlink_to(box.root / "secret.json")
    folder = f"recorded:{box.here / 'recorded'}"
    box.refuses("replay", "sample.yaml", "--on", folder, name="found a link out of", codes=(3,))
    (box.out / "traces").mkdir()
    (box.out / "traces" / "health").symlink_to(box.root)
    box.refuses(
        *("export-trace", str(box.good_report), "health/one", "--out", f"{box.out}/traces"),
        name="found a link out of",
    )


def test_a_scenario_whose_name_steers_a_terminal(box):
    folder = box.here / "scenarios"
    (folder / "a\x1b[2J\nb.yaml").write_text(hostile.GOOD)
    box.refuses("validate", name="a\\x1b[2J\\nb.yaml:1:1: ")
    os.rename(folder / "a\x1b[2J\nb.yaml", os.fsencode(folder) + b"/\xff.yaml")
    box.refuses("validate", name="\\udcff.yaml:1:1: ")


def test_the_table_is_as_large_as_it_says():
    of_files = (SCENARIOS, RECORDINGS, REPORTS, KNOWN, SPECIAL, JUNIT)
    inputs = (*of_files, hostile.NAMES, hostile.SCHEDULES)
    assert sum(map(len, inputs)) > 300


FEW = {
    "a scenario": (SCENARIOS, "bad.yaml", ["validate", "bad.yaml"]),
    "a trace": (TRACES, "bad.json", ["diff", "bad.json", "bad.json"]),
    "a report": (REPORTS, "bad.jsonl", ["compare", "bad.jsonl", "bad.jsonl"]),
}
LARGE = [
    ("a scenario", "a bomb of aliases"),
    ("a scenario", "200,000 values"),
    ("a scenario", "a tag of 100,000 letters"),
    ("a scenario", "10^9 PS"),
    ("a trace", "100,000 lists, closed"),
    ("a trace", "20,000 wrong events"),
    ("a report", "a record that is 100,000 wrong values"),
]


def _bounded():
    resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))


@pytest.mark.parametrize(("kind", "name"), LARGE)
def test_in_a_process_of_its_own_it_takes_a_gigabyte_at_most(tmp_path, kind, name):
    inputs, file, words = FEW[kind]
    (tmp_path / file).write_bytes(inputs[name])
    done = subprocess.run(
        [sys.executable, "-m", "parity", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(project.ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=_bounded,
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith(file)


@pytest.mark.nightly
def test_a_report_of_a_run_whose_about_has_line_separators_is_read_by_every_command(tmp_path):
    """The whole way: played, reported, read, merged, compared and exported."""
    about = "one\u2028two\u2029three\x85four"
    scenario = {**json.loads(hostile.good()), "about": about}
    (tmp_path / "mine.yaml").write_text(json.dumps(scenario))
    (tmp_path / "recorded").mkdir()
    (tmp_path / "recorded" / "mine.json").write_text('{"events":[],"struck":{}}')

    def command(*words):
        return monolith_parity(*words, cwd=tmp_path)

    both = f"recorded:{tmp_path / 'recorded'}"
    ran = command("run", "mine.yaml", "--reference", both, "--peer", both, "--report", "one")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for words in (
        ("compare", "one", "one"),
        ("merge", "one", "--out", "all"),
        ("export-trace", "one", "--out", "traces"),
        ("compare", "one", "all"),
    ):
        done = command(*words)
        assert done.returncode == 0, done.stdout + done.stderr
    assert about in (tmp_path / "all" / "report.jsonl").read_text(encoding="utf-8")
