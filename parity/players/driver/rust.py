"""The player ``rust``: the port in monolith-rs/, built from the sources that are here."""

from __future__ import annotations

from pathlib import Path

from parity.base.problems import PortUnavailableError
from parity.base.project import rust_source_digest
from parity.players.driver.player import DriverPlayer


def rust_player(root: Path, driver: Path, limit: float, *, gives_up: bool = False) -> DriverPlayer:
    """Start the player, and check that it was built from the sources that are here.

    Raises:
        PortUnavailableError: It can't be started, or was built from other sources.
    """
    player = DriverPlayer("rust", [str(driver)], limit, gives_up=gives_up)
    hello = player.start()
    here = rust_source_digest(root)
    if hello.source_digest != here:
        player.close()
        raise PortUnavailableError(
            f"rust: {driver}: expected a build of the sources that are here ({here}), "
            f"got one of {hello.source_digest}; cargo build in monolith-rs/ makes it"
        )
    return player
