"""No command is shown that nobody runs, and what others are said to run is what they run."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache

import pytest
import typer
from doc_pages import PAGES, SHELLS, all_blocks, bare, sessions

from parity import project
from parity.cli import app

SHOWN = [block for block in all_blocks() if block.language in SHELLS]
CLAIMED = [block for block in SHOWN if block.session]
SESSIONS = sessions()
PARITY = typer.main.get_command(app).commands


NAMED = re.compile(r"(?:`|^ {4}|\$ )monolith-parity ([\w-]+)([^`\n]*)", re.MULTILINE)
ACTIONS = ("status", "blocked", "stop", "resume", "save")
STARTED_BY = {"cluster": (project.ROOT / "examples" / "local.py").read_text()}
"""What the tests of a session start by way of another program."""


def options(words):
    return {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}


def known_options(program):
    """The options of a program by its help; ``python -m`` and scripts have argparse in sight."""
    match program:
        case ["monolith-parity", name]:
            return {opt for each in PARITY[name].params for opt in each.opts} | {"--help"}
        case ["monolith-controller", _]:
            return options_of_the_controller()
        case ["python", path]:
            return set(re.findall(r'add_argument\("(--[\w-]+)"', (project.ROOT / path).read_text()))
    raise AssertionError(f"no such program: {program}")


@cache
def options_of_the_controller():
    done = subprocess.run(
        [sys.executable, "-m", "monolith_hooks", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(re.findall(r"--[\w-]+", done.stdout))


def program_of(words):
    """A program with what it is told to do, and the rest of the command."""
    match words:
        case ["python", "-m", module, *rest]:
            return ["python", module.replace(".", "/") + ".py"], rest
        case ["monolith-controller", *rest]:
            action = next(word for word in rest if word in {*ACTIONS})
            return ["monolith-controller", action], rest
        case [program, what, *rest]:
            return [program, what], rest
    raise AssertionError(f"too short: {words}")


def test_every_block_of_commands_is_run_here_or_by_a_session_that_it_names():
    unrun = [
        f"{block.page.name}: {block.text.splitlines()[0]}"
        for block in SHOWN
        if block.language != "console" or not block.commands
    ]
    assert unrun == []
    assert len(SHOWN) > 20


def test_no_command_hides_in_a_block_of_another_language():
    pattern = re.compile(r"^\s*\$ |^(?:monolith-\w+|python3?|nox|pip|cargo) [-a-z]", re.MULTILINE)
    hidden = [
        f"{block.page.name}: {block.text.splitlines()[0]}"
        for block in all_blocks()
        if block.language in {"", "text"} and pattern.search(block.text)
    ]
    assert hidden == []


@pytest.mark.parametrize("block", CLAIMED, ids=lambda block: f"{block.page.stem}-{block.session}")
def test_a_session_runs_what_it_is_said_to_run(block):
    assert block.session in SESSIONS, f"no session {block.session} in noxfile.py"
    runs = SESSIONS[block.session]
    for command in block.commands:
        words = bare(command)
        if words[:2] == ["python3", "dev.py"]:
            assert block.session in words[2:], f"{command} isn't {block.session}"
            words = words[words.index("--") + 1 :] if "--" in words else []
            tool = ["monolith-parity", block.session]
        else:
            tool, words = program_of(words)
        if words:
            assert options(words) <= known_options(tool), command
        for name in tool[1:]:
            stem = name.removesuffix(".py").replace("/", ".")
            assert stem in runs or stem in STARTED_BY.get(block.session, ""), command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}-{page.stem}")
def test_every_option_that_the_text_names_is_one(page):
    text = page.read_text(encoding="utf-8")
    for name, rest in NAMED.findall(text):
        assert name in PARITY, f"no command {name}"
        ours = re.sub(r'"[^"]*"', "", rest.partition("#")[0])  # A quoted driver has its own.
        given = set(re.findall(r"(?<![\w-])--[a-z][\w-]+", ours))
        assert given <= known_options(["monolith-parity", name]), f"{name}{rest}"
