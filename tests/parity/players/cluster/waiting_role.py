"""A role that answers each command with its number, ``settle`` once a FIFO has a byte for it."""

from __future__ import annotations

from parity.players.cluster.wire import RoleAnswer, RoleChannel


def run(fifo):
    channel = RoleChannel()
    channel.answer(RoleAnswer())
    with open(fifo, "rb", buffering=0) as gate:
        for command in channel.commands():
            if command.do == "settle":
                gate.read(1)
            channel.answer(RoleAnswer(polls=command.number))
