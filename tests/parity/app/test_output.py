"""Every command that writes, and every kind of place that can't be written to.

The commands run in this process; what they do to real pipes is in test_standard_streams.py.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import ExitStack

import pytest

from parity.app.cli import main
from parity.base.problems import OutputError, PortUnavailableError, UsageError
from parity.report.report import ReportWriter
from tests.parity.no_room import fill, small_disk
from tests.parity.samples import SESSION, judged, report_of, trace

GIVEN_WRONGLY, CANNOT = 2, 3

INTO_FOLDERS = {
    "run": ["run", "health/oom", "--peer", "recorded", "--report", "OUT"],
    "run by name": ["run", "-k", "oom", "--peer", "recorded", "--report", "OUT"],
    "baseline": ["baseline", "--update", "health/oom", "--peer", "recorded", "--report", "OUT"],
    "interop": ["interop", "--peer", "python", "--report", "OUT"],
    "record": ["record", "health/oom", "--peer", "python", "--out", "OUT"],
    "merge": ["merge", "REPORT", "--out", "OUT"],
    "render": ["render", "REPORT", "--out", "OUT"],
    "export-trace": ["export-trace", "REPORT", "--out", "OUT"],
    "fuzz": ["fuzz", "--seed", "1", "--count", "1", "--peer", "python", "--report", "OUT"],
}
INTO_FILES = {
    "replay": ["replay", "health/oom", "--on", "recorded", "--out", "OUT"],
    "killmatrix": ["killmatrix", "--only", "saves_twice", "--out", "OUT"],
    "mutants": ["mutants", "python", "--sample", "1", "--out", "OUT"],
}
ANYWHERE = {
    "below a file": GIVEN_WRONGLY,
    "below a device": GIVEN_WRONGLY,
    "device": GIVEN_WRONGLY,
    "pipe": GIVEN_WRONGLY,
    "proc": CANNOT,
    "sys": CANNOT,
    "long name": CANNOT,
    "full disk": CANNOT,
    "read-only disk": CANNOT,
}
FOR_FOLDERS = {**ANYWHERE, "file": GIVEN_WRONGLY, "link to nothing": GIVEN_WRONGLY}
FOR_FILES = {**ANYWHERE, "folder": GIVEN_WRONGLY}


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """A path of each kind; None where this machine can't make it."""
    root = tmp_path_factory.mktemp("places")
    (root / "file").write_text("as it was")
    (root / "folder").mkdir()
    os.mkfifo(root / "pipe")
    (root / "link").symlink_to(root / "nothing")
    found = {
        "file": root / "file",
        "folder": root / "folder",
        "pipe": root / "pipe",
        "link to nothing": root / "link",
        "below a file": root / "file" / "a" / "b",
        "below a device": "/dev/null/x",
        "device": "/dev/full",
        "proc": "/proc/parity",
        "sys": "/sys/parity",
        "long name": root / ("a" * 256),
        "full disk": None,
        "read-only disk": None,
    }
    with ExitStack() as stack:
        try:
            found["full disk"] = stack.enter_context(small_disk(root / "full", 64)) / "out"
            fill(found["full disk"].parent)
            fixed = stack.enter_context(small_disk(root / "fixed", 64, read_only=True))
            found["read-only disk"] = fixed / "out"
        except pytest.skip.Exception:
            pass
        yield found


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The folder of a whole report."""
    folder = tmp_path_factory.mktemp("report")
    report = report_of(judged(trace(SESSION), name="health/oom"))
    writer = ReportWriter(folder, report.header)
    writer.add(report.records[0])
    writer.finish(report.footer)
    return folder


@pytest.fixture
def command(monkeypatch, capfd):
    """Run a command here: its exit code, and the lines it wrote to stderr."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["monolith-parity", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        return end.value.code, capfd.readouterr().err.splitlines()

    return run


@pytest.mark.parametrize(
    ("words", "place", "code"),
    [
        pytest.param(words, place, code, id=f"{name} to {place}")
        for commands, kinds in ((INTO_FOLDERS, FOR_FOLDERS), (INTO_FILES, FOR_FILES))
        for name, words in commands.items()
        for place, code in kinds.items()
    ],
)
def test_what_cannot_be_written_is_one_line_that_names_it(
    words, place, code, places, report, command
):
    out = places[place]
    if out is None:
        pytest.skip("a small disk needs root, and mount")
    if place.endswith("disk") and words in INTO_FILES.values():
        out = out.with_name("file")  # The other one may have been made as a folder by now.
    given = {"OUT": str(out), "REPORT": str(report)}
    got, lines = command(*(given.get(word, word) for word in words))
    assert (got, len(lines)) == (code, 1), lines
    named, _, rest = lines[0].partition(": ")
    assert str(out).startswith(named.removesuffix(".work")) or named.startswith(str(out))
    assert rest.startswith(("expected a f", "can't be written: "))
    assert (places["file"]).read_text() == "as it was"
    assert list(places["folder"].iterdir()) == []


def test_a_full_disk_under_a_checklist_leaves_the_old_one(tmp_path, command):
    with small_disk(tmp_path / "disk", 64) as disk:
        (disk / "checklist.json").write_text("as it was")
        fill(disk)
        code, lines = command("checklist", "--report", disk)
        assert (code, lines) == (
            CANNOT,
            [
                f"{disk}: can't be written: No space left on device; free space there, or choose "
                "another folder with --report"
            ],
        )
        assert (disk / "checklist.json").read_text() == "as it was"


def test_a_table_in_markdown_that_has_no_place_is_refused_before_bugs_are_planted(
    tmp_path, command
):
    words = ["killmatrix", "--out", tmp_path / "k.jsonl", "--markdown", tmp_path]
    code, lines = command(*words)
    assert (code, len(lines)) == (GIVEN_WRONGLY, 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (UsageError("a: expected b, got c"), 2, "a: expected b, got c"),
        (PortUnavailableError("no cargo"), 3, "no cargo"),
        (OutputError("a: can't be written"), 3, "a: can't be written"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 3, "Broken pipe; this can't be done here"),
        (
            OSError(errno.EIO, "Input/output error", "/disk/x"),
            3,
            "/disk/x: Input/output error; this can't be done here",
        ),
        (OSError("odd"), 3, "odd; this can't be done here"),
        (MemoryError(), 3, "out of memory; free some, or ask for less at once"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_whatever_ends_a_command_has_a_line_and_an_exit_code_that_is_not_1(
    monkeypatch, command, error, code, said
):
    monkeypatch.setattr("parity.app.explain.explain", raiser(error))
    assert command("explain") == (code, [said])


@pytest.mark.parametrize(
    "error", [RecursionError("deep"), EOFError(), KeyError("x"), SystemError()]
)
def test_a_mistake_of_ours_is_shown_and_called_one(monkeypatch, command, error):
    monkeypatch.setattr("parity.app.explain.explain", raiser(error))
    code, lines = command("explain")
    assert code == CANNOT
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-1] == (
        "This is a mistake of monolith-parity's, not of a port: please report it, with the "
        "lines above and the command."
    )


def raiser(error):
    def raise_it(*_):
        raise error

    return raise_it


SECONDS = ("--limit", ["0", "-1", "nan", "inf", "1e300", "x", ""])
SEED = ("--seed", ["-1", "x", "1.5", str(2**63), "9" * 5000])


@pytest.mark.parametrize(
    ("words", "option", "values"),
    [
        (["run"], "-n", ["0", "-1", "x", "1.5", "100000", ""]),
        (["run"], *SEED),
        (["run"], *SECONDS),
        (["run"], "--schedule", ["junk", "s:", "s:01", "s:-1", "s:1..2", ""]),
        (["run", "--seed", "1"], "--schedule", ["s:0"]),
        (["replay", "health/oom"], "--speed", ["0", "-1", "nan", "inf", "x"]),
        (["replay", "health/oom"], *SEED),
        (["replay", "health/oom"], *SECONDS),
        (["replay", "health/oom"], "--schedule", ["junk", ""]),
        (["replay", "health/oom"], "--reference", ["python"]),
        (["replay"], "--both", ["health", "nowhere"]),
        (["explore"], "--bound", ["-1", "x"]),
        (["explore", "health"], "--bound", ["1"]),
        (["explore", "health/oom"], *SECONDS),
        (["fuzz"], *SEED),
        (["fuzz", "--seed", "1"], "--count", ["0", "-1", "x"]),
        (["fuzz", "--seed", "1"], *SECONDS),
        (["killmatrix"], *SECONDS),
        (["killmatrix"], "--shard", ["5/2", "0/2", "x", "1/", "/", "-1/2", "1/2/3", ""]),
        (["killmatrix"], "--only", ["nothing_like_it", ""]),
        (["killmatrix"], "--by", ["junk", "", "fuzz,junk"]),
        (["mutants", "python"], *SEED),
        (["mutants", "python"], *SECONDS),
        (["mutants", "python"], "--sample", ["0", "x"]),
        (["mutants"], "--sample", ["1"]),
        (["mutants", "cobol"], "--sample", ["1"]),
        (["record"], *SECONDS),
        (["record"], "--peer", ["recorded", "cluster", ""]),
        (["interop"], *SECONDS),
        (["baseline"], "-n", ["0", "x"]),
        (["baseline"], "--reason", ["short"]),
    ],
)
def test_a_value_that_an_option_cannot_have_is_refused(words, option, values, command, tmp_path):
    inside = ["--out", tmp_path / "out"] if words[0] in ("killmatrix", "mutants") else []
    for value in values:
        code, lines = command(*words, *inside, option, value)
        assert code == GIVEN_WRONGLY, (value, lines)
        assert not any(line.startswith("Traceback") for line in lines), (value, lines)
        assert lines, value
    assert list(tmp_path.iterdir()) == []
