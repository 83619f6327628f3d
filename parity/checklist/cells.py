"""The cells of the interop matrix, as ``monolith-parity interop`` reports them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from parity.problems import UsageError


class Cell(BaseModel):
    """What the checklist needs of a cell."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    client: str
    server: str
    method: str
    case: str
    verdict: str
    reasons: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """``StopTraining/first (python to rust)``."""
        return f"{self.method}/{self.case} ({self.client} to {self.server})"

    @property
    def said(self) -> str:
        """The verdict, and why."""
        return "; ".join((self.verdict, *self.reasons[:1]))


def read_cells(path: Path) -> Iterator[Cell]:
    """The cells of a whole report: what is between its header and its footer.

    Raises:
      UsageError: it is truncated, or no report.
    """
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        if not lines or lines[-1].get("kind") != "footer":
            raise UsageError(f"{path.name} is truncated: it has no footer")
        yield from (Cell.model_validate(line) for line in lines[1:-1])
    except (OSError, ValueError, AttributeError, ValidationError) as error:
        first = str(error).splitlines()[0]
        raise UsageError(f"{path.name} is no report of interop: {first}") from None
