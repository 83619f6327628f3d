"""Names of scenarios: relative paths without an ending, safe to make files of.

A name in a report or a recording was written by somebody else, and may be anything.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator

from parity.base.terminal_text import one_line, quoted

LONGEST_PART: Final = 200
"""Bytes of a part: a file of this name can have an ending, as a file system allows 255."""
LONGEST_NAME: Final = 1_000
"""Bytes of a whole name: a path has 4,096."""


def check_scenario_name(name: str) -> str:
    """Give the name back.

    Raises:
      ValueError: it is no relative path of plain parts, with a plain sentence.
    """
    parts = name.split("/")
    if "" in parts or "." in parts or ".." in parts:
        raise ValueError(f"{quoted(name)} leads elsewhere; expected a name such as health/oom")
    if one_line(name) != name:
        raise ValueError(
            f"{quoted(name)} has control characters; expected a name such as health/oom"
        )
    if "::" in name or "[" in name:
        raise ValueError(f"{quoted(name)} has :: or [, which are pytest's own; expected neither")
    if (
        len(name.encode()) > LONGEST_NAME
        or max(len(part.encode()) for part in parts) > LONGEST_PART
    ):
        raise ValueError(
            f"{quoted(name)} is too long; expected at most {LONGEST_PART} bytes a part, "
            f"{LONGEST_NAME} in all"
        )
    return name


ScenarioName = Annotated[str, AfterValidator(check_scenario_name)]
"""``health/oom``: safe to make a file of below some folder."""
