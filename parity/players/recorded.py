"""The player ``recorded``: traces that a real driver made earlier, or somebody's summaries."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from parity.base import project
from parity.base.files import check_within, write_whole
from parity.base.model import Model, first_error, frozen
from parity.base.problems import UsageError
from parity.base.project import rust_source_digest
from parity.base.strict_json import read_json
from parity.players.outcome import (
    IN_VIRTUAL_TIME,
    Failed,
    Maker,
    Outcome,
    Played,
    Skipped,
    Summarized,
)
from parity.spec.faults import Need
from parity.spec.loading import ScenarioFile
from parity.spec.names import ScenarioName
from parity.spec.ordering import Ordering
from parity.spec.scenario import Expect
from parity.spec.schedules import Schedule
from parity.spec.trace import Trace


class Provenance(Model):
    """What a recording was made from, and by whom."""

    scenario: ScenarioName
    scenario_digest: str
    implementation: str
    language: str
    version: str
    source_digest: str | None
    order: Ordering = "total"


def recording_path(folder: Path, name: str) -> Path:
    """Where the recording of a scenario lies."""
    return folder / f"{name}.json"


def recorded_digests(folder: Path) -> list[str]:
    """The digests of the sources that the recordings of a folder were made from.

    Raises:
      UsageError: one of them can't be read.
    """
    found = set()
    for path in sorted(folder.rglob("*.json")):
        try:
            check_within(path, folder)
            document = read_json(path)
            if isinstance(document, dict) and "provenance" in document:
                found.add(Provenance.model_validate(document["provenance"]).source_digest)
        except ValidationError as error:
            raise UsageError(f"{path}: no recording: {first_error(error)}") from None
        except ValueError as error:
            raise UsageError(f"{path}: no recording: {error}") from None
    return sorted(digest for digest in found if digest)


def write_recording(folder: Path, provenance: Provenance, trace: Trace) -> Path:
    """Write a recording, whole or not at all."""
    path = recording_path(folder, provenance.scenario)
    document = {"provenance": provenance.model_dump(mode="json"), "trace": trace.to_json()}
    text = json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False) + "\n"
    write_whole(path, text)
    return path


class RecordedPlayer:
    """Gives what was recorded, unless it no longer matches.

    Args:
      folder: where the recordings lie.
      sources: the project whose Rust sources they must have been made from; None
        where those sources aren't here.
      stands_in: why the port can't be built here, where they stand in for it.
    """

    can: frozenset[Need] = IN_VIRTUAL_TIME | frozenset[Need]({"ipv4", "ipv6"})
    """Calls were made where it was recorded, so none of this host's loopbacks is needed."""

    def __init__(self, folder: Path, sources: Path | None, stands_in: str = "") -> None:
        self._folder = folder
        self._stands_in = stands_in
        self._digest = None if sources is None else rust_source_digest(sources)

    @property
    def name(self) -> str:
        """``recorded``, with the folder if it isn't the project's own."""
        return "recorded" if self._folder == project.RECORDED else f"recorded:{self._folder}"

    def play(
        self, file: ScenarioFile, seed: int | None = None, schedule: Schedule | None = None
    ) -> Outcome:
        """Read the recording of this scenario."""
        if seed is not None or schedule is not None:
            return Skipped("recordings are of the default order, not of a seed or a schedule")
        path = recording_path(self._folder, file.name)
        if not os.path.lexists(path):
            how = self._if_recordable("monolith-parity record makes it")
            return Failed("missing", f"there is no {path}; {how}")
        try:
            check_within(path, self._folder)
            document = read_json(path)
            if not isinstance(document, dict):
                return Failed("garbage", f"{path}: expected an object; see docs/trace-format.md")
            return self._read(path, document, file)
        except ValidationError as error:
            return Failed("garbage", f"{path}: {first_error(error)}; see docs/trace-format.md")
        except ValueError as error:
            return Failed("garbage", f"{path}: {error}")

    def close(self) -> None:
        """Nothing is held."""

    def _if_recordable(self, how: str) -> str:
        if not self._stands_in:
            return how
        return f"it can't be recorded here, as the port can't be built: {self._stands_in}"

    def _read(self, path: Path, document: dict[str, Any], file: ScenarioFile) -> Outcome:
        if "summary" in document:
            return Summarized(Expect.model_validate(frozen(document["summary"])))
        if "trace" not in document:
            return Played(Trace.from_json(document))
        provenance = Provenance.model_validate(frozen(document.get("provenance")))
        moved = []
        if provenance.scenario_digest != file.scenario.digest():
            moved.append("the scenario has changed since")
        if self._digest is not None and provenance.source_digest != self._digest:
            moved.append("the Rust sources have changed since")
        if moved:
            how = self._if_recordable("record it again")
            return Failed("stale", f"{path}: {', and '.join(moved)}; {how}")
        maker = Maker(
            implementation=provenance.implementation,
            language=provenance.language,
            version=provenance.version,
            source_digest=provenance.source_digest,
        )
        trace = Trace.from_json(document["trace"])
        return Played(trace, maker, ordering=provenance.order)
