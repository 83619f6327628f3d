"""Names of scenarios: relative paths without an ending that are safe as file names.

A name in a report or a recording comes from outside, and may be any text.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator

from parity.base.terminal_text import one_line, quoted

LONGEST_PART: Final = 200
"""Bytes of a part: with an ending it stays below the 255 that a file system allows."""
LONGEST_SCENARIO_NAME: Final = 1_000
"""Bytes of a whole name: a path may have 4,096."""


def check_scenario_name(name: str) -> str:
    """Return the name after checking it.

    Raises:
        ValueError: It isn't a relative path of plain parts; the message says why.
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
        len(name.encode()) > LONGEST_SCENARIO_NAME
        or max(len(part.encode()) for part in parts) > LONGEST_PART
    ):
        raise ValueError(
            f"{quoted(name)} is too long; expected at most {LONGEST_PART} bytes a part, "
            f"{LONGEST_SCENARIO_NAME} in all"
        )
    return name


ScenarioName = Annotated[str, AfterValidator(check_scenario_name)]
"""A name such as ``health/oom``, which is safe as a file name below a folder."""
