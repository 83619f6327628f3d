"""Nothing that the tests play comes from a cache, and nothing fails because a machine is busy."""

import os
import signal

from hypothesis import settings

os.environ["PARITY_CACHE"] = ""
settings.register_profile("any_machine", deadline=None)
settings.load_profile("any_machine")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that starts the tests in the background ignores Ctrl-C for all of them.
    signal.signal(signal.SIGINT, signal.default_int_handler)
