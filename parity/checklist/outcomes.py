"""What ``cargo test`` and pytest's JUnit file say of each test."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from parity.problems import UsageError

_BINARY: Final = re.compile(r"^\s+Running .*\(.*?([^/\\]+)-[0-9a-f]+(?:\.exe)?\)$")
_DOC_TESTS: Final = re.compile(r"^\s+Doc-tests (\S+)$")
_TEST: Final = re.compile(r"^test (.+?) \.\.\. (ok|FAILED|ignored)\b")


@dataclass(frozen=True)
class TestOutcome:
    """A test by its full name, and its outcome in the tool's own word."""

    name: str
    outcome: str


def read_rust_tests(path: Path) -> Iterator[TestOutcome]:
    """Every test in the output of ``cargo test``, named ``binary::test``."""
    binary = ""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if match := _BINARY.match(line) or _DOC_TESTS.match(line):
            binary = match[1]
        elif match := _TEST.match(line):
            yield TestOutcome(f"{binary}::{match[1].removesuffix(' - should panic')}", match[2])


def read_junit(path: Path) -> Iterator[TestOutcome]:
    """Every test case of a JUnit file, named ``tests/x.py::test`` without its class.

    Raises:
      UsageError: it is no such file.
    """
    try:
        root = ET.parse(path).getroot()  # noqa: S314 - written by pytest, in the project's folder
    except ET.ParseError as error:
        raise UsageError(f"{path.name} is no JUnit file: {error}") from None
    for case in root.iter("testcase"):
        yield TestOutcome(f"{_file(case.get('classname', ''))}::{case.get('name')}", _outcome(case))


def _file(classname: str) -> str:
    """``tests/x.py`` of ``tests.x`` or ``tests.x.TheClass``."""
    parts = classname.split(".")
    modules = [part for part in parts if not part[:1].isupper()]
    return "/".join(modules) + ".py"


def _outcome(case: ET.Element) -> str:
    for bad in ("failure", "error", "skipped"):
        if case.find(bad) is not None:
            return bad
    return "passed"
