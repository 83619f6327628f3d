"""A parameter server: TensorFlow's server, and memory that it is told to have."""

from __future__ import annotations

from parity.players.cluster.memory import Ballast
from parity.players.cluster.placement import join
from parity.players.cluster.wire import Answer, Line, setting_from


def main(setting_document: object) -> None:
    """Serve, and grow as told."""
    setting = setting_from(setting_document)
    server = join(setting)
    ballast, line = Ballast(), Line()
    line.answer(Answer())
    for command in line.commands():
        match command.do:
            case "grow":
                ballast.grow_to(command.number)
            case "allocate":
                ballast.allocate(command.number)
        line.answer(Answer())
    del server
