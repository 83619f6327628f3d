"""The player ``recorded``: earlier traces of a real driver, or summaries from elsewhere."""

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
    WITH_OPTIONS,
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
from parity.spec.trace import CHANNELS, Trace


class Provenance(Model):
    """The scenario and the implementation that a recording was made from."""

    scenario: ScenarioName
    scenario_digest: str
    implementation: str
    language: str
    version: str
    source_digest: str | None
    order: Ordering = "total"


def recording_path(folder: Path, name: str) -> Path:
    """Return the path of a scenario's recording."""
    return folder / f"{name}.json"


def recorded_digests(folder: Path) -> list[str]:
    """Return the digests of the sources that the recordings of a folder were made from.

    Raises:
        UsageError: One of them can't be read.
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
    """Write a recording atomically, and return its path."""
    path = recording_path(folder, provenance.scenario)
    document = {"provenance": provenance.model_dump(mode="json"), "trace": trace.to_json()}
    text = json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False) + "\n"
    write_whole(path, text)
    return path


class RecordedPlayer:
    """Player that returns recorded traces, unless they no longer match.

    Args:
        folder: The folder of the recordings.
        sources: The project whose Rust sources the recordings must have been made from;
            None if those sources aren't available.
        stands_in: The reason why the port can't be built here, if recordings replace it.
    """

    can: frozenset[Need] = WITH_OPTIONS | frozenset[Need]({"ipv4", "ipv6"})
    channels = CHANNELS
    """The calls were made on the recording host, so this host's loopbacks aren't needed."""

    def __init__(self, folder: Path, sources: Path | None, stands_in: str = "") -> None:
        self._folder = folder
        self._stands_in = stands_in
        self._digest = None if sources is None else rust_source_digest(sources)

    @property
    def name(self) -> str:
        """``recorded``, followed by the folder if it isn't the project's own."""
        return "recorded" if self._folder == project.RECORDED else f"recorded:{self._folder}"

    def play(
        self, file: ScenarioFile, seed: int | None = None, schedule: Schedule | None = None
    ) -> Outcome:
        """Return the outcome of this scenario's recording."""
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
        """Do nothing, as no resources are held."""

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
