"""Real PS processes and a chief that watches them; ``python -m tests.cluster.watching N SEED``.

Run so, it makes PS unhealthy N times, one after the other, and fails if that isn't reported.
"""

from __future__ import annotations

import contextlib
import os
import queue
import random
import signal
import sys
import threading
import time
from pathlib import Path

from tests.cluster.test_dead_ps import PS, Child

CHIEF = Path(__file__).with_name("watching_chief.py")
SECONDS_OF_EXIT = 1.0 + 2.0 + 1.0
"""The deadlines of a poll and of a report, and what a busy machine adds."""
SECONDS_OF_A_REPORT = 60.0
"""Within it a PS is reported: a few seconds, on a machine that is busy with other tests."""
GROWN = 1 << 30


class Ward:
    """Two or more PS, the chief, and what it has reported."""

    def __init__(self, num_ps: int) -> None:
        self._stack = contextlib.ExitStack()
        self._num_ps = num_ps
        self._said: queue.Queue[str] = queue.Queue()
        self.reports = 0

    def __enter__(self) -> Ward:
        self.ps = [self._stack.enter_context(Child([str(PS)])) for _ in range(self._num_ps)]
        addresses = [each.line() for each in self.ps]
        self._chief = self._stack.enter_context(Child([str(CHIEF), *addresses]))
        threading.Thread(target=self._listen, daemon=True).start()
        assert self._said.get(timeout=SECONDS_OF_A_REPORT) == "up"
        return self

    def __exit__(self, *_: object) -> None:
        for each in self.ps:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each.process.pid, signal.SIGCONT)
        self._stack.close()

    def _listen(self) -> None:
        while line := self._chief.process.stdout.readline():
            if line.startswith("report"):
                self.reports += 1
            else:
                self._said.put(line.strip())

    def ask(self, word: str) -> str:
        """What the chief answers."""
        self._chief.process.stdin.write(f"{word}\n")
        self._chief.process.stdin.flush()
        return self._said.get(timeout=SECONDS_OF_A_REPORT)

    def stop(self, ps: int) -> None:
        """Stop it, as SIGSTOP does."""
        os.kill(self.ps[ps].process.pid, signal.SIGSTOP)

    def go_on(self, ps: int) -> None:
        """Let it go on."""
        os.kill(self.ps[ps].process.pid, signal.SIGCONT)

    def kill(self, ps: int) -> None:
        """Kill it; it doesn't come back."""
        self.ps[ps].process.kill()
        self.ps[ps].process.wait()

    def grow(self, ps: int) -> None:
        """Let it have more memory than it may."""
        self._tell(ps, f"grow {GROWN}")

    def shrink(self, ps: int) -> None:
        """Let it have as little as at first."""
        self._tell(ps, "shrink")

    def _tell(self, ps: int, command: str) -> None:
        stdin = self.ps[ps].process.stdin
        stdin.write(f"{command}\n")
        stdin.flush()
        assert self.ps[ps].line() == command.partition(" ")[0]

    def let_the_next_report_hang(self) -> None:
        """For ever."""
        self.ask("hang")

    def unhealthy(self) -> list[int]:
        """Who was unhealthy at the last poll."""
        return [int(word) for word in self.ask("status").split()]

    def until_reported(self, *ps: int) -> None:
        """Wait until these are unhealthy, and a report was made since the last such wait."""
        self._until(lambda: self.unhealthy() == sorted(ps) and self.reports > 0, f"{ps} unhealthy")
        self.reports = 0

    def until_healthy(self) -> None:
        """Wait until nobody is unhealthy."""
        self._until(lambda: self.unhealthy() == [], "all healthy")

    def _until(self, seen, what: str) -> None:
        end = time.monotonic() + SECONDS_OF_A_REPORT
        while not seen():
            assert time.monotonic() < end, f"{what}: not within {SECONDS_OF_A_REPORT:g} s"
            time.sleep(0.1)

    def end(self) -> float:
        """Seconds that the watch took to end."""
        return float(self.ask("end"))

    def survive(self, chance: random.Random, faults: int) -> None:
        """Make a PS unhealthy in some way, wait for its report, and cure it, so many times."""
        for _ in range(faults):
            ps = chance.randrange(self._num_ps)
            make, cure = chance.choice([(self.stop, self.go_on), (self.grow, self.shrink)])
            make(ps)
            self.until_reported(ps)
            cure(ps)
            self.until_healthy()


def main() -> None:
    """Do many things to real PS."""
    faults, seed = int(sys.argv[1]), int(sys.argv[2])
    with Ward(num_ps=2) as ward:
        ward.survive(random.Random(seed), faults)
        took = ward.end()
    print(f"{faults} faults, each reported; watched at the end; the watch ended within {took} s")


if __name__ == "__main__":
    main()
