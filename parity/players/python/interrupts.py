"""Ctrl-C while a scenario is played in this process."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interrupt_afterwards() -> Iterator[None]:
    """Put a Ctrl-C off until the block is over; a second one takes effect at once.

    In the middle of a play it would be taken for an exception of the scenario's own,
    be recorded as such, and the run would go on. A play is over in milliseconds.

    Raises:
      KeyboardInterrupt: at the end of the block, if there was one.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Signals come to the main thread alone.
        return
    pressed = False

    def note(signum: int, frame: object) -> None:  # noqa: ARG001 - as signal handlers are called
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt
