"""Outcomes of tests, read from ``cargo test``'s output and pytest's JUnit file."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from parity.base.bounds import LARGEST_LOG
from parity.base.files import read_text
from parity.base.problems import UsageError

_BINARY: Final = re.compile(r"^\s+Running .*\(.*?([^/\\]+)-[0-9a-f]+(?:\.exe)?\)$")
_DOC_TESTS: Final = re.compile(r"^\s+Doc-tests (\S+)$")
_TEST: Final = re.compile(r"^test (.+?) \.\.\. (ok|FAILED|ignored)\b")


@dataclass(frozen=True)
class TestOutcome:
    """A test's full name, and its outcome in the tool's own word."""

    name: str
    outcome: str


def read_rust_tests(path: Path) -> Iterator[TestOutcome]:
    """Yield every test in the output of ``cargo test``, named ``binary::test``.

    Raises:
        UsageError: The file can't be read.
    """
    try:
        text = read_text(path, LARGEST_LOG, errors="replace")
    except ValueError as error:
        raise UsageError(f"{path} is no output of cargo test: {error}") from None
    binary = ""
    for line in text.split("\n"):
        if match := _BINARY.match(line) or _DOC_TESTS.match(line):
            binary = match[1]
        elif match := _TEST.match(line):
            yield TestOutcome(f"{binary}::{match[1].removesuffix(' - should panic')}", match[2])


def read_junit(path: Path) -> Iterator[TestOutcome]:
    """Yield every test case of a JUnit file, named ``tests/x.py::test`` without its class.

    Raises:
        UsageError: It isn't a JUnit file.
    """
    for case in read_xml(path).iter("testcase"):
        yield TestOutcome(f"{_file(case.get('classname', ''))}::{case.get('name')}", _outcome(case))


def read_xml(path: Path) -> ET.Element:
    """Return the root of a JUnit file.

    Raises:
        UsageError: It isn't a JUnit file.
    """
    try:
        return ET.fromstring(read_text(path, LARGEST_LOG))  # noqa: S314 - expat bounds entities
    except (ET.ParseError, ValueError) as error:
        raise UsageError(f"{path} is no JUnit file of pytest: {error}") from None


def _file(classname: str) -> str:
    """Return ``tests/x.py`` for ``tests.x`` or ``tests.x.TheClass``."""
    parts = classname.split(".")
    modules = [part for part in parts if not part[:1].isupper()]
    return "/".join(modules) + ".py"


def _outcome(case: ET.Element) -> str:
    for bad in ("failure", "error", "skipped"):
        if case.find(bad) is not None:
            return bad
    return "passed"
