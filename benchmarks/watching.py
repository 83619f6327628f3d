"""Random faults on both kinds of health watch, in virtual time: ``python -m benchmarks.watching``.

Each run shows whether anything is still watched at its end, and which of the PS that were
unhealthy for long were never reported since they became so.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import absl.logging
import tensorflow as tf

from fakes.faults import FaultLedger, HealthBytes, PollError, PsFault, Recovered, Rss, SlowPoll
from fakes.machines import FakeMachines
from fakes.ps import FakePs
from fakes.virtual_clock import VirtualClock
from monolith_hooks.barrier_ops import BarrierOp
from monolith_hooks.clock import NANOSECONDS
from monolith_hooks.ps_check_hooks import Config, PsHealthCheckerHook, Results
from monolith_hooks.resilient_watch import Resilience
from parity.players.python.stage import local_config

_NUM_PS: Final = 4
_LIMIT: Final = 2**31
_SICK: Final = 2**32
_HANGS_SECONDS: Final = 30
_FAULTY_SECONDS: Final = 900
_QUIET_SECONDS: Final = 600
"""How long nothing happens at the end, which is longer than the bound of a report."""
BOUND_SECONDS: Final = 420
"""Within it a PS that stays unhealthy is reported: three rounds of four PS that are given up
after 10 s each, the backoffs, two reports that hang for 30 s, and 30 s between two polls."""


@dataclass
class Run:
    """The outcome of one run."""

    alarms: int
    unreported: list[int] = field(default_factory=list)
    """The PS that were unhealthy from ``BOUND_SECONDS`` before the end on, and not reported
    since they became so."""
    unhealthy: int = 0
    """The number of PS that were unhealthy for as long."""
    watched: bool = False
    """Whether a PS that becomes unhealthy after all that is reported."""


def watched_run(seed: int, *, resilient: bool) -> Run:
    """Play one run of random faults, the same for both kinds of watch."""
    clock = VirtualClock()

    def main() -> Run:
        with tf.Graph().as_default():
            return _Watched(clock, random.Random(seed), resilient).run()  # noqa: S311 - no secret

    return clock.run(main)


class _Watched:
    """A chief whose health hook watches four PS, and what happens to them."""

    def __init__(self, clock: VirtualClock, chance: random.Random, resilient: bool) -> None:
        self._clock = clock
        self._chance = chance
        ledger = FaultLedger()
        self._machines = [FakePs(clock, ledger, 0) for _ in range(_NUM_PS)]
        self._mark = ledger.declare
        self._marked = 0
        self._sick_since: dict[int, float] = {}
        self._healed: dict[int, tuple[float, float]] = {}
        """When each PS recovered, and since when it had been unhealthy."""
        self._reported_at: dict[int, float] = {}
        self._alarms = 0
        self._next_reports: list[Callable[[], None]] = []
        self._next_callbacks: list[Callable[[], None]] = []
        for machine in self._machines:
            machine.create_machine_info(_LIMIT)
        self._barrier = BarrierOp(3, barrier_callbacks=[self._call_back], clock=clock)
        ops = FakeMachines(self._machines, self._deadline if resilient else lambda: None)
        self._hook = PsHealthCheckerHook(
            Config(self._barrier, _NUM_PS, lambda _: "", self._report),
            clock=clock,
            machine_info=ops.machine_info,
            check_machine_health=ops.check_machine_health,
            resilience=Resilience() if resilient else None,
        )

    def run(self) -> Run:
        tf.compat.v1.train.get_or_create_global_step()
        creator = tf.compat.v1.train.ChiefSessionCreator(config=local_config(waiting_ops=1))
        with tf.compat.v1.train.MonitoredSession(creator, [self._hook]) as session:
            raw = session._tf_sess()
            while self._clock.now() < _FAULTY_SECONDS:
                self._clock.sleep(self._chance.choice([1, 7, 20, 45, 90]))
                self._happen(raw)
            self._next_reports.clear()
            self._clock.sleep(_QUIET_SECONDS)
            run = self._outcome()
            run.watched = self._is_watched(raw)
            return run

    def _is_watched(self, session: Any) -> bool:
        """Heal all PS, then make one sick, and return whether that is reported."""
        for ps in range(_NUM_PS):
            self._recover(ps)
        self._clock.sleep(BOUND_SECONDS)
        self._barrier.remove_barrier(session)
        begun = self._clock.now()
        self._make_sick(0, Rss(_SICK))
        self._clock.sleep(BOUND_SECONDS)
        return self._reported_at.get(0, -1) >= begun

    def _outcome(self) -> Run:
        long = [
            ps
            for ps, since in self._sick_since.items()
            if self._clock.now() - since >= BOUND_SECONDS
        ]
        unreported = [ps for ps in long if self._reported_at.get(ps, -1) < self._sick_since[ps]]
        return Run(self._alarms, unreported, len(long))

    def _happen(self, session: Any) -> None:
        """Do one thing to a PS, to the next report, to the barrier, or as an operator."""
        ps = self._chance.randrange(_NUM_PS)
        match self._chance.randrange(13):
            case 0 | 1 | 2:
                self._make_sick(ps, Rss(_SICK))
            case 3:
                self._make_sick(ps, HealthBytes(b"\xff\xff"))
            case 4:
                self._make_sick(ps, PollError())
            case 5 if ps not in self._sick_since:  # Otherwise it would heal a PS that hangs.
                self._machines[ps].inject(SlowPoll(3), self._place())
            case 6 | 7:
                self._recover(ps)
            case 8:
                self._next_reports += [_raise] * self._chance.randrange(1, 4)
            case 9:
                takes = self._chance.choice([5, 50])
                self._next_reports.append(lambda: self._clock.sleep(takes))
            case 10:
                self._next_callbacks.append(_raise)
            case 11:
                self._barrier.remove_barrier(session)
            case 12:
                self._make_sick(ps, SlowPoll(_HANGS_SECONDS))

    def _recover(self, ps: int) -> None:
        self._machines[ps].inject(Recovered(), self._place())
        if ps in self._sick_since:
            self._healed[ps] = self._clock.now(), self._sick_since.pop(ps)

    def _make_sick(self, ps: int, fault: PsFault) -> None:
        self._machines[ps].inject(fault, self._place())
        now = self._clock.now()
        healed, since = self._healed.get(ps, (-BOUND_SECONDS, now))
        # A relapse that no poll can tell from the same sickness isn't reported again.
        self._sick_since.setdefault(ps, since if now - healed < BOUND_SECONDS else now)

    def _place(self) -> str:
        self._marked += 1
        place = f"fault {self._marked}"
        self._mark(place)
        return place

    def _deadline(self) -> int:
        return self._clock.now_ns() + round(Resilience().poll_deadline_seconds * NANOSECONDS)

    def _report(self, results: Results) -> None:
        begun = self._clock.now()
        if self._next_reports:
            self._next_reports.pop(0)()
        self._alarms += 1
        self._reported_at.update(dict.fromkeys(results, begun))

    def _call_back(self, action: str, session: Any) -> None:
        del action, session
        if self._next_callbacks:
            self._next_callbacks.pop(0)()


def _raise() -> None:
    raise RuntimeError("as drawn")


def losses(runs: int) -> dict[str, dict[str, int]]:
    """Play this many runs with each kind of watch, and add up what each of them lost."""
    table = {}
    for kind in ("default", "resilient"):
        played = [watched_run(seed, resilient=kind == "resilient") for seed in range(runs)]
        table[kind] = {
            "runs": runs,
            "watched": sum(run.watched for run in played),
            "alarms": sum(run.alarms for run in played),
            "unhealthy": sum(run.unhealthy for run in played),
            "unreported": sum(len(run.unreported) for run in played),
        }
    return table


def main() -> None:
    """Play so many runs with each kind of watch, 1,000 by default, and print what each lost."""
    absl.logging.set_verbosity(absl.logging.FATAL)  # Each fault would be a traceback.
    for kind, row in losses(int(sys.argv[1]) if len(sys.argv) > 1 else 1000).items():
        print(f"{kind}: {', '.join(f'{count} {name}' for name, count in row.items())}")


if __name__ == "__main__":
    main()
