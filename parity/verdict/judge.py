"""The judge, which has both sides play a scenario and returns the verdict."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Literal

from parity.base.project import shown
from parity.players.cached import anew
from parity.players.needs import skip_if_lacking
from parity.players.outcome import (
    Failed,
    Maker,
    Outcome,
    Played,
    Player,
    Skipped,
    Summarized,
)
from parity.spec.injections import injections
from parity.spec.loading import ScenarioFile
from parity.spec.ordering import common_ordering
from parity.spec.scenario import Expect
from parity.spec.schedules import Schedule
from parity.spec.summary import CHANNEL_OF_KEY, summarize
from parity.spec.trace import Trace
from parity.verdict.compare import (
    COMPARED_CHANNELS,
    ComparedChannel,
    Comparison,
    Difference,
    compare,
)
from parity.verdict.expectations import Unmet, line_of, unmet, unmet_bounds, unmet_summary
from parity.verdict.known import KnownDifferences, difference_id, stale_entries
from parity.verdict.record import BrokenExpectation, Record, Side, Verdict
from parity.verdict.replay_line import replay_line

_REPEATS = 2
"""Number of times that each side plays again before a difference is reported."""


@dataclass(frozen=True)
class Judge:
    """Two players, their known differences, and the schedule to play.

    ``channels`` are the channels on which the peer is compared and must meet expectations.
    """

    reference: Player
    peer: Player
    known: KnownDifferences
    seed: int | None = None
    schedule: Schedule | None = None
    channels: tuple[ComparedChannel, ...] = COMPARED_CHANNELS

    def judge(self, file: ScenarioFile) -> Record:
        """Play one scenario on both sides and compare."""
        began = time.monotonic()
        findings = self._findings(file)
        return Record(
            scenario=file.name,
            file=shown(file.path),
            about=file.scenario.about,
            covers=file.scenario.covers,
            digest=file.scenario.digest(),
            reference=self.reference.name,
            peer=self.peer.name,
            verdict=findings.verdict,
            reasons=findings.reasons,
            differences=findings.comparison.differences,
            broken=findings.broken,
            ordering=findings.comparison.ordering,
            compared=findings.comparison.compared,
            agreements=findings.comparison.agreements,
            not_compared=findings.not_compared,
            log_tail=findings.log_tail,
            replay=self.replay_command(file),
            seconds=round(time.monotonic() - began, 3),
            yaml=file.text,
            cluster=file.scenario.cluster,
            injections=injections(file.scenario, findings.traces.reference),
            trace=findings.traces.reference,
            peer_trace=findings.traces.peer,
            reference_by=findings.traces.reference_by,
            peer_by=findings.traces.peer_by,
            cached=findings.traces.cached,
        )

    def replay_command(self, file: ScenarioFile) -> str:
        """Return the command that replays the scenario in the same way."""
        return replay_line(
            file.path,
            self.peer.name,
            reference=self.reference.name,
            seed=self.seed,
            schedule=self.schedule,
        )

    def _findings(self, file: ScenarioFile) -> _Findings:
        for player in (self.reference, self.peer):
            skipped = skip_if_lacking(player, file)
            if skipped is not None:
                return _skipped(player, skipped)
        reference = self.reference.play(file, self.seed, self.schedule)
        early = _findings_without_trace(self.reference, reference)
        if early is not None:
            return early
        assert isinstance(reference, Played), "a reference plays"
        peer = self.peer.play(file, self.seed, self.schedule)
        findings = self._compare(file, reference, peer)
        log_tail = findings.log_tail or self._logged(reference, peer)
        return replace(findings, traces=_Traces.by(reference, peer), log_tail=log_tail)

    def _logged(self, reference: Played, peer: Outcome) -> str:
        """Return what both sides logged; each under its name, if both did."""
        logs = {
            player.name: played.log
            for player, played in ((self.reference, reference), (self.peer, peer))
            if isinstance(played, Played) and played.log
        }
        if len(logs) < 2:
            return "".join(logs.values())
        return "\n\n".join(f"{name}:\n{log}" for name, log in logs.items())

    def _compare(self, file: ScenarioFile, reference: Played, peer: Outcome) -> _Findings:
        early = _findings_without_trace(self.peer, peer)
        if early is not None:
            return early
        if isinstance(peer, Summarized):
            return self._compare_summary(file, reference, peer.summary)
        assert isinstance(peer, Played)
        return self._compare_traces(file, reference, peer)

    def _compare_traces(self, file: ScenarioFile, reference: Played, peer: Played) -> _Findings:
        ordering = common_ordering((reference.ordering, peer.ordering))
        comparison = compare(reference.trace, peer.trace, ordering, self.channels)
        if comparison.differences:
            unsteady = self._unsteady_sides(file, reference, peer)
            if unsteady:
                return _Findings("nondeterministic", unsteady, comparison)
        broken = self._broken(file, reference, peer)
        made_by = None if peer.by is None else peer.by.implementation
        accepting = self.known.accepting(file.name, made_by, comparison.differences)
        known = {channel: accepting[channel] for channel in accepting if channel in self.channels}
        stale = tuple(stale_entries(known, comparison.differences))
        new = tuple(each for each in comparison.differences if each.channel not in known)
        not_compared = tuple(each for each in COMPARED_CHANNELS if each not in self.channels)
        reasons = (
            *(f"{each.channel}: {_sentence(each)}" for each in new),
            *stale,
            *(_breach(file, each) for each in broken),
            *(f"known: {channel}: {entry.known.why}" for channel, entry in known.items()),
        )
        verdict: Verdict = "known" if known else "partial" if not_compared else "agree"
        if new:
            verdict = "differs"
        elif stale:
            verdict = "stale"
        elif broken:
            verdict = "unexpected"
        return _Findings(verdict, reasons, comparison, broken=broken, not_compared=not_compared)

    def _broken(
        self, file: ScenarioFile, reference: Played, peer: Played
    ) -> tuple[BrokenExpectation, ...]:
        return tuple(
            _broken_by(player, file, each)
            for player, played, channels in (
                (self.reference, reference, COMPARED_CHANNELS),
                (self.peer, peer, self.channels),
            )
            for each in (
                *unmet(file.scenario, played.trace, played.ordering, channels),
                *unmet_bounds(played.late),
            )
        )

    def _compare_summary(self, file: ScenarioFile, played: Played, theirs: Expect) -> _Findings:
        ours = summarize(file.scenario, played.trace)
        keys = {
            key
            for key in ours.model_fields_set & theirs.model_fields_set
            if CHANNEL_OF_KEY[key] in self.channels
        }
        if not keys:
            has = ", ".join(sorted(theirs.model_fields_set))
            reason = f"its summary has only {has}, in channels that --channels excludes"
            return _skipped(self.peer, Skipped(reason))
        differing = unmet_summary(ours, theirs, channels=self.channels)
        broken = (
            *(_broken_by(self.reference, file, each)
              for each in unmet(file.scenario, played.trace, played.ordering)),
            *(_broken_by(self.peer, file, each)
              for each in unmet_summary(file.scenario.expect, theirs, channels=self.channels)),
        )  # fmt: skip
        reasons = (
            *(
                f"{each.path.removeprefix('expect.')}: reference has {each.expected}, "
                f"peer has {each.got}"
                for each in differing
            ),
            *(_breach(file, each) for each in broken),
        )
        verdict: Verdict = "differs" if differing else "unexpected" if broken else "partial"
        compared = {CHANNEL_OF_KEY[key] for key in keys}
        summed_up = set(CHANNEL_OF_KEY.values())
        missing = (
            *sorted(ours.model_fields_set - keys),
            *(channel for channel in COMPARED_CHANNELS if channel not in summed_up),
        )
        comparison = Comparison(
            compared=tuple(channel for channel in COMPARED_CHANNELS if channel in compared)
        )
        return _Findings(verdict, reasons, comparison, broken=broken, not_compared=missing)

    def _unsteady_sides(
        self, file: ScenarioFile, reference: Played, peer: Played
    ) -> tuple[str, ...]:
        return tuple(
            f"{_short_name(player)} doesn't repeat itself: played again it gave another trace"
            for player, first in ((self.reference, reference), (self.peer, peer))
            if any(self._repeats_differently(player, file, first) for _ in range(_REPEATS))
        )

    def _repeats_differently(self, player: Player, file: ScenarioFile, first: Played) -> bool:
        again = anew(player).play(file, self.seed, self.schedule)
        if not isinstance(again, Played):
            return True
        if first.ordering == "untimed":
            return bool(compare(first.trace, again.trace, "untimed").differences)
        return again != first


@dataclass(frozen=True)
class _Traces:
    """The traces of both sides and their makers, as in the record's fields."""

    reference: Trace | None = None
    peer: Trace | Literal["same"] | None = None
    reference_by: Maker | None = None
    peer_by: Maker | None = None
    cached: tuple[Side, ...] = ()

    @classmethod
    def by(cls, reference: Played, peer: Outcome) -> _Traces:
        """Return the traces of a reference that played and a peer that may have."""
        sides: tuple[tuple[Side, Outcome], ...] = (("reference", reference), ("peer", peer))
        cached = tuple(side for side, each in sides if isinstance(each, Played) and each.cached)
        if not isinstance(peer, Played):
            return cls(reference.trace, None, reference.by, cached=cached)
        theirs: Trace | Literal["same"] = "same" if peer == reference else peer.trace
        return cls(reference.trace, theirs, reference.by, peer.by, cached)


@dataclass(frozen=True)
class _Findings:
    verdict: Verdict
    reasons: tuple[str, ...]
    comparison: Comparison
    broken: tuple[BrokenExpectation, ...] = ()
    not_compared: tuple[str, ...] = ()
    log_tail: str = ""
    traces: _Traces = field(default_factory=_Traces)


_NOTHING = Comparison()


def _findings_without_trace(player: Player, outcome: Outcome) -> _Findings | None:
    match outcome:
        case Failed(failure, message, log_tail):
            verdict: Verdict = "stale" if failure == "stale" else "failed"
            reason = f"{_short_name(player)}, {failure}: {message}"
            return _Findings(verdict, (reason,), _NOTHING, log_tail=log_tail)
        case Skipped():
            return _skipped(player, outcome)
        case _:
            return None


def _skipped(player: Player, skipped: Skipped) -> _Findings:
    return _Findings("skipped", (f"{_short_name(player)} skipped it: {skipped.reason}",), _NOTHING)


def _short_name(player: Player) -> str:
    """Return a name that is short enough for a sentence, unlike a command line."""
    return "the peer" if " " in player.name or "/" in player.name else player.name


def _broken_by(player: Player, file: ScenarioFile, unmet: Unmet) -> BrokenExpectation:
    line = line_of(file.text, unmet.path)
    return BrokenExpectation(player=_short_name(player), unmet=unmet, line=line)


def _breach(file: ScenarioFile, broken: BrokenExpectation) -> str:
    place = "" if broken.line is None else f", in {shown(file.path)}:{broken.line}"
    return f"{broken.player} broke {broken.unmet}{place}"


def _sentence(difference: Difference) -> str:
    return difference.sentence(mark=f" (id {difference_id(difference)})")
