"""A setup that needs nothing, for workers, which import it by its name."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from parity.base.content_cache import source_digest
from parity.base.problems import PortUnavailableError


@dataclass(frozen=True)
class Counting:
    """Writes what is opened and closed into a folder."""

    folder: Path
    fails: bool = False

    def open(self) -> Counting:
        if self.fails:
            raise PortUnavailableError("there is nothing to open here")
        (self.folder / f"opened-{os.getpid()}").touch(exist_ok=False)
        return self

    def close(self, opened: Counting) -> list[str]:
        (self.folder / f"closed-{os.getpid()}").touch(exist_ok=False)
        return [f"{os.getpid()} was closed"]

    def sources(self) -> Mapping[str, str]:
        import fakes

        return {"fakes": source_digest(Path(fakes.__file__).parent)[:12]}

    def names(self, what: str) -> set[str]:
        """The processes that have opened, or closed."""
        return {path.name.partition("-")[2] for path in self.folder.glob(f"{what}-*")}


def double(opened: Counting, number: int) -> int:
    return 2 * number


def process(opened: Counting) -> int:
    return os.getpid()


def fail(opened: Counting) -> None:
    raise ValueError("as it should")


def die(opened: Counting) -> None:
    os.kill(os.getpid(), 9)


def tell_and_wait(opened: Counting, number: int) -> int:
    """Say that it has begun, and end once there is a file ``go``."""
    (opened.folder / f"began-{number}-{os.getpid()}").touch()
    while not (opened.folder / "go").exists():
        time.sleep(0.02)
    (opened.folder / f"did-{number}-{os.getpid()}").touch()
    return number
