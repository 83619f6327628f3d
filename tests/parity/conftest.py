"""Options of the determinism test, and one Rust driver for all tests that want it."""

from __future__ import annotations

import pytest


def pytest_addoption(parser):
    parser.addoption(
        "--with-seed", action="store_true", default=False, help="play them with a seed as well"
    )
    parser.addoption("--plays", type=int, default=2, help="how often each scenario is played")
    parser.addoption("--digests", default=None, help="folder to compare traces across runs in")


@pytest.fixture(scope="session")
def python_player():
    from parity.players.choose import PlayerSpec, open_player

    return open_player(PlayerSpec(kind="python"), 60)


@pytest.fixture(scope="session")
def rust_player():
    """The port, or a skip that says why it can't be built."""
    from parity.base.problems import PortDoesNotCompileError, PortUnavailableError
    from parity.players.choose import choose_player, open_player

    try:
        player = open_player(choose_player("rust").spec, 60)
    except PortDoesNotCompileError:
        raise
    except PortUnavailableError as error:
        pytest.skip(str(error))
    yield player
    player.close()
