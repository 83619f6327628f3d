"""Has the run ended while it plays one scenario, once another one is in the report.

Args: the scenario that it plays, the other one, the report, and how: ``SIGINT`` goes to the whole
foreground group, as Ctrl-C does; ``SIGTERM`` to the run alone, as from a supervisor.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from speaker import speak_with_trouble


def has(report, scenario):
    return report.exists() and f'"scenario":"{scenario}"' in report.read_text()


def end_the_run(request):
    _, _, other, report, how = sys.argv
    while not has(Path(report), other):
        os.sched_yield()  # A driver plays ahead of the run.
    if how == "SIGTERM":
        os.kill(os.getppid(), signal.SIGTERM)
    else:
        os.killpg(os.getpgid(os.getppid()), signal.SIGINT)
    sys.stdin.read()


speak_with_trouble(sys.argv[1], end_the_run)
