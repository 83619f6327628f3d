"""Bounds on the values of a scenario and the sizes of files, each defined once.

They allow anything that a person would write and this project plays, and refuse input
that would fill a machine or stall it. The Rust driver's types of a scenario are generated
with its bounds.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, StringConstraints

INT64: Final = 2**63 - 1
"""The largest integer in any file or message, as readers of JSON and Rust use 64 bits."""

MOST_PS: Final = 10_000
"""The largest supported cluster; the catalogue has 6."""
MOST_WORKERS: Final = 10_000
"""Workers, and bits of the barrier; each worker that takes steps is a thread."""
MOST_STEPS: Final = 1_000_000
"""Training steps of one step of a scenario; a trace has an event for each."""
MOST_TIMES: Final = 1_000_000
"""Times that a fault or a probe raises."""
MOST_LANES: Final = 1_000
"""Calls at one instant, and calls in the background: each is a thread."""
MOST_HOOKS: Final = 1_000
"""Hooks, listeners of a saver, or callbacks of the barrier."""
MOST_LISTED: Final = 10_000
"""Steps, faults or machines: at most the number of PS."""
MOST_EXPECTED: Final = 100_000
"""Entries of a list or mapping of expected values."""

LONGEST_TIME: Final = 100_000 * 3_600_000
"""Virtual milliseconds, 100,000 hours or 11 years: of one step, and of all advances together."""
LONGEST_TEXT: Final = 64 * 1024
"""Characters of a text: a message, a file's content, or a scenario's description."""
LONGEST_NAME: Final = 200
"""Characters of a name: a probe's, a thread's or an error's."""
MOST_ALLOCATED: Final = 2**40
"""Bytes that a real process allocates at one time."""

LARGEST_YAML: Final = 512 * 1024
"""Bytes of a YAML file: 10,000 machines in it are 300,000; the largest of ours has 12,000."""
LONGEST_LINE: Final = 128 * 1024
"""Characters of a line of YAML: twice a text; the parser's time for a tag is quadratic in it."""
MOST_NODES: Final = 60_000
"""Values and keys of a YAML file, each alias counted as the node it names: 10,000 machines have
50,000, which the parser reads in about 4 seconds."""
LARGEST_JSON: Final = 96 * 1024 * 1024
"""Bytes of one JSON text or line: the trace of MOST_STEPS training steps has 65 MiB."""
MOST_VALUES: Final = 8_000_000
"""Values of one JSON text, which take up to 64 bytes each in Python; that trace has 6 million."""
LARGEST_LINES: Final = 512 * 1024 * 1024
"""Bytes of a file of JSON lines: a thousand times the catalogue's report."""
LARGEST_LOG: Final = 64 * 1024 * 1024
"""Bytes of a text that another tool wrote: pytest's JUnit file, or cargo's output."""
DEEPEST: Final = 64
"""Levels of nested lists and mappings, in JSON and in YAML; a trace in a report has 8."""

Text = Annotated[str, StringConstraints(max_length=LONGEST_TEXT)]
"""A message, a file's content, or a scenario's description."""
Name = Annotated[str, StringConstraints(max_length=LONGEST_NAME)]
"""Name of a probe, a thread, an error or a lane."""
HEX_DIGITS: Final = r"^([0-9a-f]{2})*$"
"""The pattern of bytes as text, by which they are told from other text."""
Hex = Annotated[str, StringConstraints(pattern=HEX_DIGITS, max_length=2 * LONGEST_TEXT)]
"""Bytes as two lower-case hexadecimal digits each."""

PsIndex = Annotated[int, Field(ge=0, le=MOST_PS - 1)]
"""Index of a PS, counted from 0."""
WorkerIndex = Annotated[int, Field(ge=0, le=MOST_WORKERS - 1)]
"""Index of a worker or its bit of the barrier, counted from 0; the chief is worker 0."""
Steps = Annotated[int, Field(ge=1, le=MOST_STEPS)]
"""Number of training steps."""
Times = Annotated[int, Field(ge=1, le=MOST_TIMES)]
"""Number of repetitions."""
Integer = Annotated[int, Field(ge=-INT64 - 1, le=INT64)]
"""Any int64."""
Slot = Annotated[int, Field(ge=0, le=INT64)]
"""What an entry of a hash table belongs to."""
Total = Annotated[int, Field(ge=0, le=INT64)]
"""A total of a run: the number of reports, or a global step."""
