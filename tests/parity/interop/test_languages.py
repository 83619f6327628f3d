"""The real thing: TensorFlow, both gRPC libraries, and the Rust port where it can be built."""

from __future__ import annotations

import pytest

from parity.interop.playing import play_cases
from parity.interop.report import InteropCell

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def python():
    from parity.app.interop import _python_peer

    peer = _python_peer()
    yield peer
    peer.close()


@pytest.fixture(scope="module")
def rust(rust_player):
    from parity.interop.peers.driver_peer import DriverPeer

    return DriverPeer(rust_player)


def wrong(cells: list[InteropCell]) -> list[InteropCell]:
    return [cell for cell in cells if cell.verdict not in {"agree", "skipped"}]


def test_python_agrees_with_itself_and_the_specification(python):
    cells = list(play_cases([python]))
    assert len(cells) > 250
    assert wrong(cells) == []


@pytest.mark.timeout(300)
def test_python_and_rust_agree_in_every_pair(python, rust):
    cells = list(play_cases([python, rust]))
    pairs = {(cell.client, cell.server) for cell in cells}
    assert pairs == {(a, b) for a in ("python", "rust") for b in ("python", "rust")}
    assert wrong(cells) == []
