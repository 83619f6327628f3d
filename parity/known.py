"""Differences that are known and accepted, each with its reason.

They are listed in scenarios/known_differences.yaml, one entry per scenario and
channel. An entry that is no longer true is *stale* and fails the run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from parity.compare import Difference
from parity.loading import load_yaml
from parity.model import Model
from parity.trace import Channel


class KnownDifference(Model):
    """One accepted difference; ``difference`` is the id that the run prints."""

    scenario: str
    channel: Channel
    reason: Annotated[str, Field(min_length=10)]
    since: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\d$")]
    difference: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$")]


class KnownDifferences(Model):
    """The whole list."""

    differences: tuple[KnownDifference, ...] = ()

    @classmethod
    def load(cls, path: Path) -> KnownDifferences:
        """Read the list; no file is an empty one.

        Raises:
          ScenarioError: the file isn't valid.
        """
        return load_yaml(path, cls)[0] if path.exists() else cls()

    def of(self, scenario: str) -> dict[Channel, KnownDifference]:
        """What is accepted of one scenario, by channel."""
        return {each.channel: each for each in self.differences if each.scenario == scenario}


def difference_id(difference: Difference) -> str:
    """Twelve hex digits that say which difference it is."""
    return hashlib.sha256(difference.identity().encode()).hexdigest()[:12]


def stale_entries(
    known: dict[Channel, KnownDifference], found: tuple[Difference, ...]
) -> Iterator[str]:
    """What to change where the list and what was found disagree."""
    by_channel = {difference.channel: difference for difference in found}
    for channel, entry in known.items():
        where = f"known_differences.yaml, {entry.scenario}, {channel}"
        if channel not in by_channel:
            yield f"{where}: the sides agree now; remove the entry"
        elif (now := difference_id(by_channel[channel])) != entry.difference:
            yield (
                f"{where}: the difference is another one now; "
                f"look at it, then change {entry.difference} to {now}"
            )
