"""What --help says of the commands fits a terminal."""

from __future__ import annotations

from typer.testing import CliRunner

from parity.app.cli import COMMANDS, app


def test_what_a_command_does_is_said_in_one_line_that_is_not_cut():
    shown = CliRunner().invoke(app, ["--help"]).output
    assert "..." not in shown.partition("Commands:")[2]
    lines = shown.partition("Commands:")[2].strip().splitlines()
    assert len(lines) == len(COMMANDS)
    assert all(len(line) <= 80 for line in lines)
