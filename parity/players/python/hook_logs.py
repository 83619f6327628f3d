"""Recording of the hooks' log messages, instead of printing them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from parity.players.python.implementation import OURS, Implementation, Role
from parity.players.python.recorder import Recorder
from parity.spec.trace import LogEvent

_WHOLE: Final[tuple[Role, ...]] = ("ps_check_hooks", "save_utils")
"""The roles whose messages are the same on both sides."""
_FIRST_WORD: Final[Role] = "controller_hooks"
"""The role of whose messages only the error's name, which is the first word, is common."""


class _ToRecorder(logging.Handler):
    def __init__(self, recorder: Recorder, implementation: Implementation) -> None:
        super().__init__(logging.WARNING)
        self._recorder = recorder
        self._implementation = implementation

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        role = self._implementation.role_of(record.pathname)
        if role == _FIRST_WORD:
            message = message.split(":")[0]
        elif role not in _WHOLE:
            return
        self._recorder.record(LogEvent, level=record.levelname, message=message)


@contextmanager
def hook_logs_go_to(recorder: Recorder, implementation: Implementation = OURS) -> Iterator[None]:
    """Record messages that hooks log through absl during the block; drop those of others."""
    logger, handler = logging.getLogger("absl"), _ToRecorder(recorder, implementation)
    before = logger.handlers, logger.propagate, logger.level
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.handlers, logger.propagate = before[:2]
        logger.setLevel(before[2])
