"""Has the user press Ctrl-C while it plays one scenario: the whole foreground group gets SIGINT."""

from __future__ import annotations

import os
import signal
import sys

from speaker import speak_with_trouble


def press_ctrl_c(request):
    os.killpg(os.getpgid(os.getppid()), signal.SIGINT)
    sys.stdin.read()


speak_with_trouble(sys.argv[1], press_ctrl_c)
