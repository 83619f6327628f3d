"""A trial of one scenario on both sides, judged only by whether they show the same."""

from __future__ import annotations

import dataclasses
import re
import traceback
from dataclasses import dataclass
from typing import Final, Literal

from parity.base.model import Model
from parity.base.problems import OutputError, PortUnavailableError
from parity.players.outcome import Failed, Outcome, Played, Player, Refusal
from parity.search.fuzz.case import Case
from parity.spec.ordering import common_ordering
from parity.spec.trace import Trace
from parity.verdict.compare import Difference, compare

Kind = Literal["differs", "nondeterministic", "failed"]

_REPEATS: Final = 2
_BRANCH: Final = re.compile(r"^(concurrently|background)-\d+$")


class Symptom(Model):
    """A failure, in terms that stay the same while a scenario is shrunk.

    ``where`` is the channel of the first difference, or the side that failed; ``what``
    the kind of its event, or how the side failed; ``lane`` without the step's index.
    """

    kind: Kind
    where: str
    what: str
    lane: str = ""

    @property
    def hung(self) -> bool:
        """True if a side gave no answer."""
        return self.kind == "failed" and self.what.startswith("hung: ")

    def __str__(self) -> str:
        return " ".join(filter(None, (self.kind, self.where, self.what, self.lane)))


@dataclass(frozen=True)
class Agreed:
    """Both sides show the same; or neither can play it, for the same reason, ``stopped``.

    ``unplayable_step`` is the index of the step that can't be done, where that is the reason.
    """

    trace: Trace | None
    stopped: str = ""
    unplayable_step: int | None = None


@dataclass(frozen=True)
class Wrong:
    """The sides differ: the symptom, a sentence about it, and what the reference showed."""

    symptom: Symptom
    reason: str
    trace: Trace | None = None
    difference: Difference | None = None


@dataclass(frozen=True)
class Sides:
    """The two players, which stay open as long as there are scenarios."""

    reference: Player
    peer: Player

    def try_out(self, case: Case, *, repeat: bool = False) -> Agreed | Wrong:
        """Play on both sides; with ``repeat`` also check that they repeat themselves."""
        ours, theirs = self._play(self.reference, case), self._play(self.peer, case)
        match ours, theirs:
            case Played(), Played():
                ordering = common_ordering((ours.ordering, theirs.ordering))
                comparison = compare(ours.trace, theirs.trace, ordering)
                if comparison.differences or repeat:
                    unsteady = self._who_is_unsteady(case, ours, theirs)
                    if unsteady is not None:
                        return unsteady
                if not comparison.differences:
                    return Agreed(ours.trace)
                return _differs(comparison.differences[0], ours.trace)
            case Failed("refused"), Failed("refused") if _alike(ours, theirs):
                step = None if ours.refusal is None else ours.refusal.step
                return Agreed(None, ours.message, step)
        failed = [
            _failed(side, outcome)
            for side, outcome in (("reference", ours), ("peer", theirs))
            if not isinstance(outcome, Played)
        ]
        return failed[0]

    def try_out_playable(self, case: Case, *, repeat: bool = False) -> tuple[Case, Agreed | Wrong]:
        """Do the same, leaving out steps from the first that can't be played."""
        result = self.try_out(case, repeat=repeat)
        while isinstance(result, Agreed) and result.unplayable_step:
            kept = case.scenario.steps[: result.unplayable_step]
            scenario = case.scenario.model_copy(update={"steps": kept})
            case = dataclasses.replace(case, scenario=scenario)
            result = self.try_out(case, repeat=repeat)
        return case, result

    def _play(self, player: Player, case: Case) -> Outcome:
        try:
            return player.play(case.file, case.seed)
        except (OutputError, PortUnavailableError):
            raise  # The machine's error, or a lost player's: no scenario is to blame.
        except Exception as error:  # noqa: BLE001 - whatever it is, a player must not raise it
            trace = "".join(traceback.format_exception(error))
            return Failed("crashed", f"{type(error).__name__}: {error}", trace)

    def _who_is_unsteady(self, case: Case, ours: Played, theirs: Played) -> Wrong | None:
        for side, player, first in (
            ("reference", self.reference, ours),
            ("peer", self.peer, theirs),
        ):
            for _ in range(_REPEATS):
                again = self._play(player, case)
                if again != first:
                    return _unsteady(side, first, again)
        return None


def _alike(ours: Failed, theirs: Failed) -> bool:
    """Return whether two failures are alike; messages of deadlocks and bad steps may differ."""
    if ours.refusal != theirs.refusal:
        return False
    match ours.refusal:
        case Refusal("deadlock") | Refusal("unplayable", int()):
            return True
        case _:
            return ours.message == theirs.message


def _unsteady(side: str, first: Played, again: Outcome) -> Wrong:
    """Describe how a side's second play differed from its first, or how it failed."""
    if not isinstance(again, Played):
        failed = _failed(side, again)
        what, reason = failed.symptom.what, failed.reason
    else:
        differences = compare(first.trace, again.trace).differences
        differs = _differs(differences[0], first.trace) if differences else None
        what = f"{differs.symptom.where} {differs.symptom.what}" if differs else "faults"
        reason = differs.reason if differs else "which faults struck"
    symptom = Symptom(kind="nondeterministic", where=side, what=what)
    return Wrong(symptom, f"the {side} doesn't repeat itself: {reason}", first.trace)


def _differs(difference: Difference, trace: Trace) -> Wrong:
    shown = difference.reference or difference.peer
    assert shown is not None, "a difference has an event"
    lane = _BRANCH.sub(r"\1", difference.lane)
    symptom = Symptom(kind="differs", where=difference.channel, what=shown.kind, lane=lane)
    reason = f"{difference.channel}: {difference.sentence()}"
    return Wrong(symptom, reason, trace, difference)


def _failed(side: str, outcome: Outcome) -> Wrong:
    how, reason = "no trace", str(outcome)
    if isinstance(outcome, Failed):
        how, reason = str(outcome.failure), outcome.message
    gist = re.sub(r"\d+", "N", reason.partition("\n")[0])[:60]
    symptom = Symptom(kind="failed", where=side, what=f"{how}: {gist}")
    return Wrong(symptom, f"{side}, {how}: {reason}")
