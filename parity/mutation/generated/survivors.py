"""The explained survivors: mutants that no scenario can tell from the original."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, model_validator

from parity.base.model import Model
from parity.mutation.generated.outcome import Key, Mutant, MutantOutcome
from parity.mutation.planted.planted import Language
from parity.spec.loading import load_yaml

SURVIVORS: Final = Path(__file__).with_name("survivors.yaml")


class Survivor(Model):
    """A mutant's key, and why no scenario can observe the mutant."""

    side: Language
    file: str
    mutant: str
    nth: Annotated[int, Field(ge=1)] = 1
    why: Annotated[str, Field(min_length=20)]

    @property
    def key(self) -> Key:
        """Identity of the mutant."""
        return self.side, self.file, self.mutant, self.nth


class Survivors(Model):
    """The file of survivors."""

    survivors: tuple[Survivor, ...]

    @model_validator(mode="after")
    def _each_once(self) -> Survivors:
        for key, count in Counter(each.key for each in self.survivors).items():
            if count > 1:
                raise ValueError(f"{key} is explained {count} times; expected once")
        return self


def load_survivors(path: Path = SURVIVORS) -> tuple[Survivor, ...]:
    """Read the list.

    Raises:
        ScenarioError: The list isn't valid.
    """
    return load_yaml(path, Survivors, "docs/mutants.md")[0].survivors


def unexplained(
    explained: Iterable[Survivor], outcomes: Iterable[MutantOutcome]
) -> list[MutantOutcome]:
    """Return the survivors that aren't on the list."""
    keys = {each.key for each in explained}
    return [each for each in outcomes if each.outcome == "survived" and each.key not in keys]


def stale(
    explained: Iterable[Survivor], outcomes: Iterable[MutantOutcome], generated: Sequence[Mutant]
) -> list[str]:
    """Return the outdated explanations, whose mutant is caught now or no longer made.

    ``generated`` are all mutants of one side; entries of the other are ignored.
    """
    sides = {mutant.side for mutant in generated}
    made = {mutant.key for mutant in generated}
    fates = {outcome.key: outcome for outcome in outcomes}
    said = []
    for each in explained:
        if each.side not in sides:
            continue
        fate = fates.get(each.key)
        if each.key not in made:
            said.append(f"{each.file}: {each.mutant}, no. {each.nth}: there is no such mutant")
        elif fate is not None and fate.outcome != "survived":
            by = f" by {fate.by}" if fate.by else ""
            said.append(f"{fate}: it is {fate.outcome}{by}")
    return said
