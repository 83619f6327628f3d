"""A driver that kills the process that asks it to play."""

import os
import signal

from speaker import speak

speak(lambda request: os.kill(os.getppid(), signal.SIGKILL))
