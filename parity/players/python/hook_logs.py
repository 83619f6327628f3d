"""What hooks log, taken down in place of being printed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from parity.players.python.recorder import Recorder
from parity.spec.trace import LogEvent

_WHOLE: Final = ("ps_check_hooks", "save_utils")
"""The modules of monolith_hooks whose messages are the same on both sides."""
_FIRST_WORD: Final = "controller_hooks"
"""The module whose messages start with the error's name, and go on in their own words."""


class _ToRecorder(logging.Handler):
    def __init__(self, recorder: Recorder) -> None:
        super().__init__(logging.WARNING)
        self._recorder = recorder

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if record.module == _FIRST_WORD:
            message = message.split(":")[0]
        elif record.module not in _WHOLE:
            return
        self._recorder.record(LogEvent, level=record.levelname, message=message)


@contextmanager
def hook_logs_go_to(recorder: Recorder) -> Iterator[None]:
    """Take down what hooks log through absl; what others log there is dropped."""
    logger, handler = logging.getLogger("absl"), _ToRecorder(recorder)
    before = logger.handlers, logger.propagate, logger.level
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.handlers, logger.propagate = before[:2]
        logger.setLevel(before[2])
