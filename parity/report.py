"""The report of a run: JSON lines, a header, one record a scenario, and a footer.

The footer says that the report is whole; a report without one is truncated, and
reading it is an error. Every other report is made from this one.
"""

from __future__ import annotations

import contextlib
import json
import platform
from collections import Counter
from importlib import metadata
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, ValidationError

from parity import project
from parity.model import Model, canonical_json, frozen
from parity.problems import UsageError
from parity.trace import Channel
from parity.verdict import Record, Verdict

FORMAT: Final = 2
FILE_NAME: Final = "report.jsonl"
_NAMED_VERSIONS: Final = (project.NAME, "tensorflow", "grpcio", "protobuf")


class Header(Model):
    """What was going to be played, by whom, when (ISO 8601, UTC), and on which versions."""

    kind: Literal["header"] = "header"
    format: int = FORMAT
    reference: str
    peer: str
    note: str
    seed: int | None
    scenarios: int
    rust_source_digest: str
    began: str = ""
    versions: dict[str, str] = Field(default_factory=dict)


class Footer(Model):
    """What came of it."""

    kind: Literal["footer"] = "footer"
    verdicts: dict[Verdict, int]
    agreements: dict[Channel, int]
    interrupted: bool
    exit_code: int


class Report(Model):
    """A whole report."""

    header: Header
    records: tuple[Record, ...]
    footer: Footer


class ReportWriter:
    """Writes a report line by line, so that an interrupted run leaves what it has done."""

    def __init__(self, folder: Path, header: Header) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path: Final = folder / FILE_NAME
        self._file = self.path.open("w", encoding="utf-8")
        self._write(header)

    def add(self, record: Record) -> None:
        """Write one record, at once."""
        self._write(record)

    def finish(self, footer: Footer) -> None:
        """Write the footer; the report is whole."""
        self._write(footer)
        self._file.close()

    def _write(self, part: Header | Record | Footer) -> None:
        self._file.write(canonical_json(part.model_dump(mode="json")) + "\n")
        self._file.flush()


def versions() -> dict[str, str]:
    """What plays here; nothing is imported to find out."""
    found = {"python": platform.python_version()}
    for name in _NAMED_VERSIONS:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def make_footer(records: list[Record], *, interrupted: bool, exit_code: int) -> Footer:
    """Totals of these records."""
    agreements: Counter[Channel] = Counter()
    for record in records:
        agreements.update(record.agreements)
    return Footer(
        verdicts=dict(Counter(record.verdict for record in records)),
        agreements=dict(agreements),
        interrupted=interrupted,
        exit_code=exit_code,
    )


def read_report(path: Path) -> Report:
    """Read a whole report.

    Raises:
      UsageError: it is truncated, or no report.
    """
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UsageError(f"{path}: no report: {error}; a whole one would be right") from None
    if not lines or lines[-1].get("kind") != "footer":
        raise UsageError(f"{path}: truncated, it has no footer; a run that ended would be right")
    try:
        return Report.model_validate(
            frozen({"header": lines[0], "records": lines[1:-1], "footer": lines[-1]})
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"{path}: {where}: {first['msg']}; another version's report?") from None
