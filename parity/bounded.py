"""Types of what a scenario gives, with their bounds; the JSON Schema has the same ones."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from parity.bounds import (
    INT64,
    LONGEST_NAME,
    LONGEST_TEXT,
    MOST_PS,
    MOST_STEPS,
    MOST_TIMES,
    MOST_WORKERS,
)

Text = Annotated[str, StringConstraints(max_length=LONGEST_TEXT)]
"""A message, a file's content, what a scenario is about."""
Name = Annotated[str, StringConstraints(max_length=LONGEST_NAME)]
"""Of a probe, a thread, an error, a lane."""
Hex = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{2})*$", max_length=2 * LONGEST_TEXT)]
"""Bytes, two lower-case hexadecimal digits each."""

PsIndex = Annotated[int, Field(ge=0, le=MOST_PS - 1)]
"""A PS, counted from 0."""
WorkerIndex = Annotated[int, Field(ge=0, le=MOST_WORKERS - 1)]
"""A worker, or its bit of the barrier, counted from 0; the chief is worker 0."""
Steps = Annotated[int, Field(ge=1, le=MOST_STEPS)]
"""Training steps."""
Times = Annotated[int, Field(ge=1, le=MOST_TIMES)]
"""How often something is done."""
Integer = Annotated[int, Field(ge=-INT64 - 1, le=INT64)]
"""Any int64."""
Total = Annotated[int, Field(ge=0, le=INT64)]
"""A number that a play comes to: of reports, a global step."""
