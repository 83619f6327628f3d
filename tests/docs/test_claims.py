"""No command is shown that nobody runs, and what the text names exists."""

from __future__ import annotations

import re

import pytest
import typer

from parity.app.cli import app
from parity.base import project
from tests.docs.doc_pages import PAGES, SHELLS, all_blocks, blocks, sessions
from tests.docs.test_first_tries import TRIES

SHOWN = [block for block in all_blocks() if block.language in SHELLS]
CLAIMED = [block for block in SHOWN if block.test]
OUTPUTS = {each.printed for each in TRIES}
"""What begins with the name of a driver here, which is a command, is held to be an output."""
PARITY = typer.main.get_command(app).commands


NAMED = re.compile(r"(?:`|^ {4}|\$ )monolith-parity ([\w-]+)([^`\n]*)", re.MULTILINE)
IN_SESSION = re.compile(r"`python3 dev\.py ([\w ]+?)(?: -- ([^`\n]*))?`")


def known_options(name):
    return {opt for each in PARITY[name].params for opt in each.opts} | {"--help"}


def bare_text(page):
    """A page without its fenced blocks."""
    text = page.read_text(encoding="utf-8")
    for block in blocks(page):
        text = text.replace(block.text, "")
    return text


def options(text):
    ours = re.sub(r'"[^"]*"', "", text.partition("#")[0])  # A quoted driver has its own.
    return set(re.findall(r"(?<![\w-])--[a-z][\w-]+", ours))


def test_every_block_of_commands_has_commands_that_are_run():
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
        if block.language in {"", "text"}
        and block.text not in OUTPUTS
        and pattern.search(block.text)
    ]
    assert hidden == []


def test_no_command_hides_in_an_indented_block():
    # How to call monolith-parity in general may stand in one: its options are looked at below.
    pattern = re.compile(r"^ {4,}(?:\$ )?(?:python3?|nox|pip|uv|cargo) .*", re.MULTILINE)
    hidden = [f"{page.name}: {line}" for page in PAGES for line in pattern.findall(bare_text(page))]
    assert hidden == []


@pytest.mark.parametrize("block", CLAIMED, ids=lambda block: block.text.splitlines()[0])
def test_a_test_that_a_block_names_takes_its_commands_from_the_page(block):
    test = project.ROOT / block.test
    assert test.name.startswith("test_")
    assert test.exists(), block.test
    page = block.page.relative_to(project.ROOT).as_posix()
    assert f'commands_for(__file__, "{page}")' in test.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}-{page.stem}")
def test_every_option_that_the_text_names_is_one(page):
    for name, rest in NAMED.findall(page.read_text(encoding="utf-8")):
        assert name in PARITY, f"no command {name}"
        assert options(rest) <= known_options(name), f"{name}{rest}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}-{page.stem}")
def test_every_session_that_the_text_names_is_one_and_has_these_options(page):
    for names, rest in IN_SESSION.findall(page.read_text(encoding="utf-8")):
        assert set(names.split()) <= sessions(), names
        if names in PARITY:
            assert options(rest) <= known_options(names), f"{names} -- {rest}"
