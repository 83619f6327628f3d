"""Handling of Ctrl-C while a scenario is played in this process."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interrupt_afterwards() -> Iterator[None]:
    """Delay a Ctrl-C until the end of the block; a second one takes effect at once.

    During a run it would be recorded as an exception of the scenario, and the run would
    continue. A run takes milliseconds.

    Raises:
        KeyboardInterrupt: There was a Ctrl-C; it is raised at the end of the block.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Only the main thread gets signals.
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
