"""What is printed where nobody can read it."""

from __future__ import annotations

import os
import select
import subprocess
import sys

import pytest

from parity.app.standard_streams import StandardStream, check_standard_output, standard_streams
from parity.base import project
from parity.base.problems import OutputError

pytestmark = pytest.mark.slow

HINT = "let its reader read to the end, or send it to a file or to /dev/null\n"


def closed_pipe():
    read, write = os.pipe()
    os.close(read)
    return write


def command(*words, shell="", **streams):
    """Run a command; with ``shell``, a redirection, as a shell has it."""
    line = f'exec "$0" -m parity "$@" {shell}'
    return subprocess.run(
        ["/bin/sh", "-c", line, sys.executable, *words],
        cwd=project.ROOT,
        stderr=streams.pop("stderr", subprocess.PIPE),
        text=True,
        check=False,
        **streams,
    )


@pytest.mark.parametrize("words", [["explain"], ["schema"], ["--help"], ["run", "--help"]])
def test_a_reader_that_has_gone_is_one_line_and_exit_code_3(words):
    pipe = closed_pipe()
    done = command(*words, stdout=pipe)
    os.close(pipe)
    assert (done.returncode, done.stderr) == (
        3,
        f"standard output: can't be written: Broken pipe; {HINT}",
    )


@pytest.mark.parametrize("words", [["explain"], ["schema"], ["--help"], ["validate", "health/oom"]])
@pytest.mark.parametrize(
    ("shell", "reason"),
    [(">/dev/full", "No space left on device"), (">&-", "it is closed")],
)
def test_a_full_disk_or_a_closed_descriptor_is_one_line_and_exit_code_3(words, shell, reason):
    done = command(*words, shell=shell)
    assert (done.returncode, done.stderr) == (
        3,
        f"standard output: can't be written: {reason}; {HINT}",
    )


def test_what_is_wrong_with_the_command_is_said_although_output_is_closed():
    done = command("run", "nowhere", shell=">/dev/full")
    assert (done.returncode, done.stderr.splitlines()[0][:29]) == (
        2,
        "nowhere: no such file or fold",
    )


@pytest.mark.parametrize("shell", ["2>&-", "2>/dev/full", "2>&- <&-"])
@pytest.mark.parametrize(
    ("words", "code"),
    [(["validate", "health/oom"], 0), (["run", "nowhere"], 2), (["run", "-n", "0"], 2)],
)
def test_without_standard_error_the_exit_code_is_the_same(words, code, shell):
    assert command(*words, shell=shell, stdout=subprocess.PIPE).returncode == code


def test_no_file_of_ours_gets_the_number_of_a_closed_descriptor(tmp_path):
    done = command(
        "replay", "health/oom", "--on", "recorded", "--out", str(tmp_path / "trace.json"),
        shell="<&- 2>&-", stdout=subprocess.PIPE,
    )  # fmt: skip
    assert done.returncode == 0
    assert (tmp_path / "trace.json").read_text().startswith('{"events"')


def test_a_stream_drops_all_after_its_first_failure():
    stream = StandardStream(closed_pipe())
    assert stream.write(b"ab") == 2
    assert stream.failure.strerror == "Broken pipe"
    assert stream.write(b"cde") == 3
    os.close(stream.fileno())


def test_a_pipe_that_is_full_for_a_moment_is_waited_for():
    read, write = os.pipe()
    os.set_blocking(write, False)
    stream = StandardStream(write)
    while select.select([], [write], [], 0)[1]:
        stream.write(b"x" * 4096)
    reader = subprocess.Popen(["/bin/sh", "-c", "cat >/dev/null"], stdin=read)
    assert stream.write(b"y") == 1
    assert stream.failure is None
    os.close(write)
    os.close(read)
    assert reader.wait() == 0


def test_what_no_encoding_has_is_printed_escaped(capfd):
    with standard_streams():
        sys.stdout.write("a\udcffb\n")
        check_standard_output()
    assert capfd.readouterr().out == "a\\udcffb\n"


def test_the_streams_are_as_before_afterwards(capfd):
    before = sys.stdout, sys.stderr
    with pytest.raises(KeyError), standard_streams():
        raise KeyError
    assert (sys.stdout, sys.stderr) == before
    check_standard_output()


def test_all_that_was_printed_is_checked(monkeypatch):
    monkeypatch.setattr("parity.app.standard_streams._STDOUT", closed_pipe())
    with standard_streams():
        sys.stdout.write("a\n")
        with pytest.raises(OutputError, match="standard output: can't be written: Broken pipe"):
            check_standard_output()
