"""Players, each of which plays a scenario and returns its trace or the reason of its failure.

``python`` is the reference under a virtual clock, ``cluster`` the reference in real
processes, ``driver`` a port in any language, ``recorded`` a recording of one.
"""

from parity.players.choose import PlayerSpec, choose_player, open_player
from parity.players.outcome import Failed, Outcome, Played, Player, Skipped

__all__ = [
    "Failed",
    "Outcome",
    "Played",
    "Player",
    "PlayerSpec",
    "Skipped",
    "choose_player",
    "open_player",
]
