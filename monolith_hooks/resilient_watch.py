"""A watch over the parameter servers that no error ends, which the original doesn't have."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import tensorflow as tf
from absl import logging
from google.protobuf.message import DecodeError

from monolith_hooks import logging_ops_pb2
from monolith_hooks.barrier_ops import BarrierAlreadyPlacedError, BarrierOp
from monolith_hooks.clock import Clock

_MILLISECONDS: Final = 1000
_LEAST_SECONDS: Final = 0.001
"""TensorFlow counts a deadline in milliseconds, and takes 0 for none."""
_MOST: Final = 10**6

Findings = dict[int, logging_ops_pb2.MachineHealthResult]


@dataclass(frozen=True)
class Resilience:
    """Options of a watch that goes on: docs/production.md.

    Args:
        poll_deadline_seconds: Real seconds after which a poll is given up.
        report_deadline_seconds: Seconds after which a report is no longer waited for.
        backoff_seconds: Seconds from a poll that went wrong to the next; they double each time,
            up to the interval between two polls.
        unreachable_after: Polls in a row without an answer after which a PS is reported.

    Raises:
        ValueError: One of them is too small or too great.
    """

    poll_deadline_seconds: float = 10
    report_deadline_seconds: float = 30
    backoff_seconds: float = 1
    unreachable_after: int = 3

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            least = 1 if name == "unreachable_after" else _LEAST_SECONDS
            if not least <= value <= _MOST:
                raise ValueError(f"{name}: expected {least:g} to {_MOST}, got {value}")


class WatchStatus(NamedTuple):
    """What a watch has come to.

    Attributes:
        polls: The polls that have ended.
        failed_polls: Those in which a PS gave no answer.
        last_good_poll_ns: The end of the last one in which all answered, by the watch's clock.
        alarms: The reports that were made in time.
        failed_reports: Those that raised, or weren't made in time.
        unhealthy: The PS that were unhealthy, or unreachable, at the last poll, ascending.
    """

    polls: int = 0
    failed_polls: int = 0
    last_good_poll_ns: int | None = None
    alarms: int = 0
    failed_reports: int = 0
    unhealthy: tuple[int, ...] = ()


@dataclass
class _Report:
    """A report under way on a thread of its own."""

    of: set[int]
    """The PS that it reports, without those that have recovered since it was begun."""
    done: Any = field(default_factory=tf.train.Coordinator)
    succeeded: bool = False
    is_late: bool = False


class ResilientWatch:
    """The watch of one session, on one thread, until the session's coordinator stops.

    Whatever goes wrong is logged and counted, and the watch goes on. It holds no lock but the
    barrier's while it places it; ``status`` is one reference, which any thread may read. A
    report that isn't done in time is left to its thread, and no other is begun until it is done.

    Args:
        session: What the checks are run in.
        coord: Ends the watch.
        clock: Provides the waits, and the threads of reports.
        statuses: The health check of each PS.
        alone: Another one of each, for when not all of them answer.
        report_fn: Called with the unhealthy PS.
        barrier_op: Placed when a PS becomes unhealthy, if there is one.
        poll_seconds: Seconds from the end of one poll to the next.
        resilience: The options.
    """

    def __init__(
        self,
        session: Any,
        coord: Any,
        clock: Clock,
        statuses: Sequence[tf.Tensor],
        alone: Sequence[tf.Tensor],
        report_fn: Callable[[Findings], None],
        barrier_op: BarrierOp | None,
        poll_seconds: float,
        resilience: Resilience,
    ) -> None:
        self._session = session
        self._coord = coord
        self._clock = clock
        self._statuses = statuses
        self._alone = alone
        self._report_fn = report_fn
        self._barrier_op = barrier_op
        self._poll_seconds = poll_seconds
        self._resilience = resilience
        self._run_options = tf.compat.v1.RunOptions(
            timeout_in_ms=round(resilience.poll_deadline_seconds * _MILLISECONDS)
        )
        self._missed: dict[int, int] = {}
        """The number of polls in a row that each PS hasn't answered."""
        self._reported: set[int] = set()
        self._held_for: set[int] = set()
        """The unhealthy PS for which the barrier has been placed."""
        self._report: _Report | None = None
        self.status = WatchStatus()

    def run(self) -> None:
        """Poll until the coordinator stops."""
        troubles = 0
        while not self._coord.should_stop():
            findings = self._poll()
            fine = self._react(findings) and not self._missed
            troubles = 0 if fine else troubles + 1
            self._clock.wait_for_stop(self._coord, self._wait_after(troubles))

    def _wait_after(self, troubles: int) -> float:
        if not troubles:
            return self._poll_seconds
        # The exponent is bounded, as a run of days may have any number of them.
        doubled = self._resilience.backoff_seconds * 2.0 ** min(troubles - 1, 32)
        return min(self._poll_seconds, doubled)

    def _poll(self) -> Findings:
        """Ask all PS at once, or each alone after one of them didn't answer.

        The first poll does both: TensorFlow knows no deadline for the first run of anything.
        """
        statuses = None if self._missed else self._ask(self._statuses, "the PS")
        answers: dict[int, bytes] = {}
        if statuses is not None:
            answers = dict(enumerate(statuses))
        if statuses is None or self.status.polls == 0:
            for index, status in enumerate(self._alone):
                if self._coord.should_stop():
                    break
                answer = self._ask(status, f"PS {index}")
                if answer is None:
                    answers.pop(index, None)
                    self._missed[index] = self._missed.get(index, 0) + 1
                else:
                    self._missed.pop(index, None)
                    answers[index] = answer
        findings = {index: _finding(status) for index, status in answers.items() if status}
        for index, missed in self._missed.items():
            if missed >= self._resilience.unreachable_after:
                findings[index] = _unreachable(missed)
        self._count_poll(findings, complete=len(answers) == len(self._alone))
        return dict(sorted(findings.items()))

    def _ask(self, fetches: Any, whom: str) -> Any:
        try:
            return self._session.run(fetches, options=self._run_options)
        except Exception:  # noqa: BLE001 - nothing ends the watch
            logging.exception("The health watch goes on: %s didn't answer a poll.", whom)
            return None

    def _count_poll(self, findings: Findings, *, complete: bool) -> None:
        status = self.status
        self.status = status._replace(
            polls=status.polls + 1,
            failed_polls=status.failed_polls + (not complete),
            last_good_poll_ns=self._clock.now_ns() if complete else status.last_good_poll_ns,
            unhealthy=tuple(sorted(findings)),
        )

    def _react(self, findings: Findings) -> bool:
        """Report what has become unhealthy, then hold the workers; return whether both went well.

        The barrier is placed even if the report goes wrong: that is tried again at the next poll.
        """
        # Who has given no answer hasn't been healthy in between.
        unsure = findings.keys() | self._missed.keys()
        self._look_at_late_report(unsure)
        self._reported &= unsure
        self._held_for &= unsure
        fine = True
        if self._new(findings, self._reported):
            fine = self._make_report(findings)
        if self._new(findings, self._held_for):
            fine = self._hold(findings.keys()) and fine
        return fine

    def _look_at_late_report(self, unsure: Collection[int]) -> None:
        late = self._report
        if late is not None:
            # Who recovered meanwhile has to be reported again if it relapses.
            late.of.intersection_update(unsure)
            if late.done.should_stop():
                self._note(late)

    def _new(self, findings: Findings, known: set[int]) -> bool:
        return not findings.keys() <= known

    def _make_report(self, findings: Findings) -> bool:
        if self._report is not None:
            logging.error("The health watch goes on: an earlier report isn't done.")
            return False
        report = _Report(set(findings))
        self._report = report
        try:
            self._clock.start_thread(lambda: self._call_report(report, findings), name="ps_report")
        except Exception:  # noqa: BLE001 - nothing ends the watch
            logging.exception("The health watch goes on: a report can't be begun.")
            self._note(report)
            return False
        if not self._clock.wait_for_stop(report.done, self._resilience.report_deadline_seconds):
            logging.error("The health watch goes on: a report isn't done in time.")
            report.is_late = True
            self._count(failed_reports=1)
            return False
        self._note(report)
        return report.succeeded

    def _call_report(self, report: _Report, findings: Findings) -> None:
        try:
            self._report_fn(findings)
            report.succeeded = True
        except Exception:  # noqa: BLE001 - nothing ends the watch
            logging.exception("The health watch goes on: a report raised.")
        finally:
            report.done.request_stop()

    def _note(self, report: _Report) -> None:
        self._report = None
        if report.succeeded:
            self._reported |= report.of
        if not report.is_late:
            self._count(alarms=report.succeeded, failed_reports=not report.succeeded)

    def _count(self, *, alarms: int = 0, failed_reports: int = 0) -> None:
        status = self.status
        self.status = status._replace(
            alarms=status.alarms + alarms, failed_reports=status.failed_reports + failed_reports
        )

    def _hold(self, unhealthy: Collection[int]) -> bool:
        try:
            if self._barrier_op is not None:
                self._barrier_op.place_barrier(self._session, "")
        except BarrierAlreadyPlacedError:
            logging.info("The workers are held already.")
        except Exception:  # noqa: BLE001 - nothing ends the watch
            logging.exception("The health watch goes on: the barrier can't be placed.")
            return False
        self._held_for |= set(unhealthy)
        return True


def _finding(status: bytes) -> logging_ops_pb2.MachineHealthResult:
    try:
        return logging_ops_pb2.MachineHealthResult.FromString(status)
    except DecodeError:
        return logging_ops_pb2.MachineHealthResult(
            message=f"{len(status)} bytes that are no MachineHealthResult."
        )


def _unreachable(polls: int) -> logging_ops_pb2.MachineHealthResult:
    return logging_ops_pb2.MachineHealthResult(message=f"No answer to {polls} polls in a row.")
