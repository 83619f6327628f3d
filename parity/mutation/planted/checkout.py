"""The checkout whose sources are mutated, here or where a worker is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from parity.base import project
from parity.base.folder_lock import first_free
from parity.base.problems import PortUnavailableError
from parity.mutation.planted.scratch import digest_of, judge_texts
from parity.players.choose import PlayerSpec
from parity.players.source_digests import SHOWN, sources_here
from parity.spec.loading import load_all

Judge = TypeVar("Judge")


def mutable_sources() -> Path:
    """Return the root of the checkout.

    Raises:
        PortUnavailableError: This is an installed package.
    """
    if project.SOURCES is None:
        raise PortUnavailableError("an installed package doesn't have the sources to mutate")
    return project.SOURCES


def judged_sources() -> dict[str, str]:
    """Return a digest or version of everything that the result for a mutant depends on here.

    Raises:
        PortUnavailableError: This is an installed package.
    """
    root = mutable_sources()
    texts = {"scenarios": [file.text for file in load_all([])], **judge_texts(root)}
    digests = {
        name: digest_of(each).removeprefix("sha256:")[:SHOWN] for name, each in texts.items()
    }
    return {**sources_here([PlayerSpec(kind="rust")]), **digests}


@dataclass(frozen=True)
class OpenJudge(Generic[Judge]):
    """A judge, and what is to be closed after its last task."""

    judge: Judge
    stack: ExitStack


class JudgeSetup(ABC, Generic[Judge]):
    """The setup of a process that judges in the checkout that it finds where it is."""

    @property
    @abstractmethod
    def folder(self) -> str:
        """Name of the work folder among the reports."""

    @abstractmethod
    def judge(self, root: Path, work: Path) -> AbstractContextManager[Judge]:
        """Have a judge of this checkout for the block, with this work folder.

        Raises:
            UsageError: Something is red without a mutant.
            PortUnavailableError: Mutants can't be made or built here.
        """

    def open(self) -> OpenJudge[Judge]:
        """Return a judge with a work folder that no other process has.

        Raises:
            UsageError: Something is red without a mutant.
            PortUnavailableError: Mutants can't be made or built here.
        """
        root = mutable_sources()
        with ExitStack() as stack:
            work = stack.enter_context(first_free(project.ROOT / "reports" / self.folder))
            judge = stack.enter_context(self.judge(root, work))
            return OpenJudge(judge, stack.pop_all())

    def close(self, opened: OpenJudge[Judge]) -> list[str]:
        """Close the judge, and leave the folder to the next process."""
        opened.stack.close()
        return []

    def sources(self) -> Mapping[str, str]:
        """Return what results depend on."""
        return judged_sources()
