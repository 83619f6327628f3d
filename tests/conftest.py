"""Nothing that the tests play comes from a cache, and nothing fails because a machine is busy.

Nor because of what ran before: a player quiets the loggers of its process.
"""

import logging
import os
import signal

import pytest
from hypothesis import settings

os.environ["PARITY_CACHE"] = ""
settings.register_profile("any_machine", deadline=None)
settings.load_profile("any_machine")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that starts the tests in the background ignores Ctrl-C for all of them.
    signal.signal(signal.SIGINT, signal.default_int_handler)

_QUIETED = ("absl", "tensorflow", "grpc")


@pytest.fixture(autouse=True)
def _heard_loggers() -> None:
    for name in _QUIETED:
        # To ask for absl's logger before absl does would give it one of another class.
        logger = logging.root.manager.loggerDict.get(name)
        if isinstance(logger, logging.Logger) and logger.level > logging.WARNING:
            logger.setLevel(logging.NOTSET)
