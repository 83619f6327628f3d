"""How much of everything a scenario may ask for, and a file may hold; each bound is said once.

They keep what a person would write and what this project plays well within them, and what
would fill a machine or hold it up out. The Rust driver has those of a scenario in
``scenario/bounds.rs``; a test compares the two.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, StringConstraints

INT64: Final = 2**63 - 1
"""The largest integer that crosses a border: JSON's readers and Rust's have 64 bits."""

MOST_PS: Final = 10_000
"""The largest cluster that is planned for; the catalogue has 6."""
MOST_WORKERS: Final = 10_000
"""Workers, and bits of the barrier; each worker that takes steps is a thread."""
MOST_STEPS: Final = 1_000_000
"""Training steps that one step of a scenario asks for; a trace has an event for each."""
MOST_TIMES: Final = 1_000_000
"""How often a fault or a probe raises."""
MOST_LANES: Final = 1_000
"""Calls at one instant, and calls in the background: each is a thread."""
MOST_HOOKS: Final = 1_000
"""Hooks, listeners of a saver, callbacks of the barrier."""
MOST_LISTED: Final = 10_000
"""Steps, faults, machines: as many as there are PS at most."""
MOST_EXPECTED: Final = 100_000
"""Entries of a list of what is expected, or of a mapping."""

LONGEST_TIME: Final = 100_000 * 3_600_000
"""Virtual milliseconds, 100,000 hours, which are 11 years: of one step, and of all that advance
together."""
LONGEST_TEXT: Final = 64 * 1024
"""Characters of a text: a message, a file's content, what a scenario is about."""
LONGEST_NAME: Final = 200
"""Characters of a name: a probe's, a thread's, an error's."""
MOST_ALLOCATED: Final = 2**40
"""Bytes that a real process allocates at once."""

LARGEST_YAML: Final = 512 * 1024
"""Bytes of a YAML file: 10,000 machines in it are 300,000; the largest of ours has 12,000."""
LONGEST_LINE: Final = 128 * 1024
"""Characters of a line of YAML: twice a text; the parser's time for a tag is quadratic in it."""
MOST_NODES: Final = 60_000
"""Values and keys of a YAML file, each alias counted as what it stands for: 10,000 machines have
50,000, which the parser reads in some 4 seconds."""
LARGEST_JSON: Final = 96 * 1024 * 1024
"""Bytes of one JSON text or line: the trace of MOST_STEPS training steps has 65 MiB."""
MOST_VALUES: Final = 8_000_000
"""Values of one JSON text, of which Python needs up to 64 bytes each; that trace has 6 million."""
LARGEST_LINES: Final = 512 * 1024 * 1024
"""Bytes of a file of JSON lines: a thousand times the catalogue's report."""
LARGEST_LOG: Final = 64 * 1024 * 1024
"""Bytes of a text that another tool wrote: pytest's JUnit file, what cargo printed."""
DEEPEST: Final = 64
"""Lists and mappings within each other, in JSON and in YAML; a trace in a report has 8."""

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
