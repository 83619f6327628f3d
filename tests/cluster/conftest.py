from __future__ import annotations

from collections.abc import Iterator

import pytest

from parity.players.cluster.processes import Zygote


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """One import of TensorFlow for all clusters of a test process."""
    zygote = Zygote()
    yield zygote
    zygote.close()
