"""Waiting for programs that no clock of ours controls."""

from __future__ import annotations

import threading

import pytest

LOOKS = 600
BETWEEN_SECONDS = 0.1


@pytest.fixture
def real_wait():
    """Looks until what is looked for is there, or for a minute."""

    def wait(look):
        for _ in range(LOOKS):
            found = look()
            if found:
                return found
            threading.Event().wait(BETWEEN_SECONDS)
        return None

    return wait
