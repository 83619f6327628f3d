"""Recording of the hooks' log messages, instead of printing them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from fakes.errors import error_name
from parity.players.python.implementation import OURS, Implementation, Role
from parity.players.python.recorder import Recorder
from parity.spec.trace import LogEvent

_ROLES: Final[tuple[Role, ...]] = ("controller_hooks", "ps_check_hooks", "save_utils")
"""The roles whose messages are recorded."""
_SPECIFIED: Final = ("PS are not healthy:", "Failed to save, retrying ...")
"""What the messages begin with whose text is specified (B16, B31)."""


class _ToRecorder(logging.Handler):
    def __init__(self, recorder: Recorder, implementation: Implementation) -> None:
        super().__init__(logging.WARNING)
        self._recorder = recorder
        self._implementation = implementation

    def emit(self, record: logging.LogRecord) -> None:
        if self._implementation.role_of(record.pathname) not in _ROLES:
            return
        message = record.getMessage()
        error = record.exc_info[1] if record.exc_info else None
        if not message.startswith(_SPECIFIED):
            if error is None:
                return
            message = error_name(error)  # Each implementation has words of its own.
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
