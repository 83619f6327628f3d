"""The state of a campaign, in a file, so that it can be interrupted and continued.

It has JSON lines: a header, then a line for each batch that was played, in the order in which
they ended or, once all have, in the order of their numbers.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import hypothesis
from pydantic import Field, ValidationError

from parity.base import project
from parity.base.bounds import LARGEST_LINES
from parity.base.files import must_be_replaceable, read_text, write_whole, writing
from parity.base.model import Model, first_error, frozen
from parity.base.problems import UsageError
from parity.base.project import rust_source_digest
from parity.base.strict_json import parse_json
from parity.search.fuzz.findings import Finding


class CampaignHeader(Model):
    """The inputs that the scenarios and their verdicts depend on."""

    seed: int
    reference: str
    peer: str
    generator: str
    sources: str


class BatchDone(Model):
    """The results of one batch."""

    number: int
    played: int
    agreed: int
    unplayable: int
    stuck: int
    counts: dict[str, int] = Field(default_factory=dict)
    """In how many scenarios each feature was touched, or each thing shown."""
    events: int = 0
    wrong: int = 0
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0


def header(seed: int, reference: str, peer: str) -> CampaignHeader:
    """Return the header of a campaign with the current sources."""
    generator = hashlib.sha256(hypothesis.__version__.encode())
    played = hashlib.sha256(rust_source_digest(project.ROOT).encode())
    for folder, digest in (
        ("parity", generator), ("fakes", played), ("monolith_hooks", played)
    ):  # fmt: skip
        for path in sorted((project.ROOT / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return CampaignHeader(
        seed=seed,
        reference=reference,
        peer=peer,
        generator=generator.hexdigest(),
        sources=played.hexdigest(),
    )


def _changed(earlier: CampaignHeader, now: CampaignHeader) -> str:
    if (earlier.reference, earlier.peer) != (now.reference, now.peer):
        return "it was of other players"
    return "the sources have changed since"


class State:
    """The file of one campaign.

    Args:
        path: The path of the file, which need not exist.
        header: The header of the campaign to continue; a file with another one is begun anew.

    Raises:
        UsageError: The file isn't one of a campaign, or the path can't be a file.
        OutputError: It can't be written here.
    """

    def __init__(self, path: Path, header: CampaignHeader) -> None:
        self._path = path
        self._header = header
        self.done: list[BatchDone] = []
        self.played = 0
        """Scenarios of all batches together."""
        self.seconds = 0.0
        """Seconds of all batches together."""
        self._first: dict[str, tuple[int, Finding]] = {}
        """The number of the lowest batch with each symptom, and its finding."""
        self.anew_because = ""
        """What has changed, if there was a campaign that couldn't be continued."""
        must_be_replaceable(path)
        if path.exists():
            self.anew_because = self._read(header)
        if self.anew_because or not path.exists():
            self._count([])
            write_whole(path, header.model_dump_json() + "\n")

    def _read(self, header: CampaignHeader) -> str:
        """Read the batches that were done, or return what has changed since."""
        try:
            text = read_text(self._path, LARGEST_LINES)
            first, *lines = text.split("\n")
            earlier = CampaignHeader.model_validate(frozen(parse_json(first)))
            if earlier != header:
                return _changed(earlier, header)
            whole = lines[:-1]  # The last one may be cut off.
            self._count(BatchDone.model_validate(frozen(parse_json(line))) for line in whole)
        except ValueError as error:
            said = first_error(error) if isinstance(error, ValidationError) else error
            raise UsageError(
                f"{self._path}: this is no campaign ({said}); remove it to begin anew"
            ) from None
        if not text.endswith("\n"):
            write_whole(self._path, "\n".join([first, *lines[:-1]]) + "\n")
        return ""

    def add(self, batch: BatchDone) -> None:
        """Keep the results of a batch."""
        self._count_one(batch)
        with writing(self._path), self._path.open("a", encoding="utf-8") as file:
            file.write(batch.model_dump_json() + "\n")

    def counts(self) -> Counter[str]:
        """Count the scenarios that touched each feature, or showed each thing."""
        total: Counter[str] = Counter()
        for batch in self.done:
            total.update(batch.counts)
        return total

    def findings(self, before: int | None = None) -> list[Finding]:
        """Return the finding of the earliest batch with each symptom.

        With ``before``, only batches before that one count. The result doesn't depend on which
        batch ended first, or on how many machines.
        """
        by_batch = sorted(self._first.values(), key=lambda first: first[0])
        return [finding for number, finding in by_batch if before is None or number < before]

    def settle(self) -> None:
        """Put the batches in order, each once, with no finding that an earlier one has as well."""
        whole = {batch.number: batch for batch in sorted(self.done, key=lambda batch: batch.played)}
        found: set[str] = set()
        settled = []
        for number in sorted(whole):
            findings = tuple(each for each in whole[number].findings if each.slug not in found)
            found.update(each.slug for each in findings)
            settled.append(whole[number].model_copy(update={"findings": findings}))
        self._count(settled)
        lines = [self._header, *self.done]
        write_whole(self._path, "".join(f"{line.model_dump_json()}\n" for line in lines))

    def _count(self, batches: Iterable[BatchDone]) -> None:
        """Count these batches and no others."""
        self.done, self.played, self.seconds, self._first = [], 0, 0.0, {}
        for batch in batches:
            self._count_one(batch)

    def _count_one(self, batch: BatchDone) -> None:
        self.done.append(batch)
        self.played += batch.played
        self.seconds += batch.seconds
        for finding in batch.findings:
            known = self._first.get(finding.slug)
            if known is None or batch.number < known[0]:
                self._first[finding.slug] = batch.number, finding
