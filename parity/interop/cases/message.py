"""Every message of the three .proto files, as bytes and back."""

from __future__ import annotations

from typing import Final

from parity.interop.cases import wire
from parity.interop.cases.service import METHODS
from parity.interop.cases.steps import MessageCase

HEALTH: Final = "tensorflow.monolith_tf.MachineHealthResult"
ACTIONS: Final = "monolith.ControllerHooksProto"

_INDICES: Final = {
    "none": ((), ()),
    "some": ((0, 1, 3, 4), (2,)),
    "two bytes": ((0, 127, 128, 300), (16383, 16384)),
    "extremes": ((2**31 - 1, -1, -(2**31)), ()),
}
_STEPS: Final = (0, 1, 127, 128, 2**31, 2**63 - 1, -1, -(2**63))
_MESSAGES: Final = {
    "": "",
    "Memory limit exceeded. Current: 1073741824, Limit: 0": (
        "Memory limit exceeded. Current: 1073741824, Limit: 0"
    ),
    "x" * 200: "x" * 200,
    "a \"b\" 'c' \\d": "a \\\"b\\\" \\'c\\' \\\\d",
    "tab\tline\nreturn\r": "tab\\tline\\nreturn\\r",
    "nul\0one\x01esc\x1bdel\x7f": "nul\\000one\\001esc\\033del\\177",
    "größe 内存 💾": "größe 内存 💾",
    "what? trigraph ??/": "what? trigraph ??/",
}


def message_cases() -> list[MessageCase]:
    """Return the messages that one peer writes and another reads, and bytes that are only read."""
    return [*_empty(), *_statuses(), *_healths(), *_actions(), *_only_read()]


def _empty() -> list[MessageCase]:
    names = [f"{method}Request" for method in METHODS]
    names += ["StopTrainingResponse", "ResumeTrainingResponse", "SaveCheckpointResponse"]
    return [MessageCase(method=name, name="empty", hex="", fields={}) for name in names]


def _statuses() -> list[MessageCase]:
    indices = [
        MessageCase(
            method="GetBlockStatusResponse",
            name=name,
            hex=(wire.packed(1, blocked) + wire.packed(2, unblocked)).hex(),
            fields={"blocked_indices": blocked, "unblocked_indices": unblocked},
        )
        for name, (blocked, unblocked) in _INDICES.items()
    ]
    steps = [
        MessageCase(
            method="GetTrainingStatusResponse",
            name=f"global step {step}",
            hex=wire.number(1, step).hex() if step else "",
            fields={"global_step": step},
        )
        for step in _STEPS
    ]
    return indices + steps


def _healths() -> list[MessageCase]:
    messages = [(None, None), *_MESSAGES.items()]
    return [
        MessageCase(
            method=HEALTH,
            name=f"status {status}, message {message!r:.40}",
            covers=("B3b", "B16b"),
            hex=(
                (wire.number(1, status) if status is not None else b"")
                + (wire.text(2, message) if message is not None else b"")
            ).hex(),
            fields={"status": status, "message": message},
            text=" ".join(
                ([f"status: {name}"] if name else [])
                + ([f'message: "{escaped}"'] if escaped is not None else [])
            ),
        )
        for status, name in {None: "", 0: "OK", 1: "OUT_OF_MEMORY"}.items()
        for message, escaped in messages
    ]


def _actions() -> list[MessageCase]:
    return [
        MessageCase(
            method=ACTIONS,
            name=name or "unset",
            covers=("B47c",),
            hex=wire.number(1, action).hex() if action is not None else "",
            fields={"action": action},
            text=f"action: {name}" if name else "",
        )
        for action, name in {None: "", 0: "UNKNOWN", 1: "TRIGGER_SAVE", 2: "STOP"}.items()
    ]


def _only_read() -> list[MessageCase]:
    nothing: dict[str, object] = {"status": None, "message": None}
    readable = {
        "an unknown status": ("0807", nothing, ""),
        "an unknown status of ten bytes": ("08ffffffffffffffffff01", nothing, ""),
        "an unknown field": ("1a00", nothing, ""),
        "a status that is a string": ("0a0131", nothing, ""),
        "a message that is a number": ("1001", nothing, ""),
        "the last status wins": ("08010800", {**nothing, "status": 0}, "status: OK"),
        "the last message wins": (
            "120161120162",
            {**nothing, "message": "b"},
            'message: "b"',
        ),
        "fields in the other order": (
            "1201610801",
            {"status": 1, "message": "a"},
            'status: OUT_OF_MEMORY message: "a"',
        ),
        "a number longer than needed": (
            "088100",
            {**nothing, "status": 1},
            "status: OUT_OF_MEMORY",
        ),
    }
    cases = [
        MessageCase(
            method=HEALTH,
            name=f"read: {name}",
            covers=("B7b",),
            hex=hexadecimal,
            fields=fields,
            text=text,
            written=False,
        )
        for name, (hexadecimal, fields, text) in readable.items()
    ]
    broken = {
        "ff": "a cut number",
        "1205616263": "a cut string",
        "0001": "field 0",
        "0b": "a cut group",
    }
    cases += [
        MessageCase(
            method=method,
            name=f"read: {name}",
            covers=("B10a",) if method == HEALTH else (),
            hex=hexadecimal,
            error="DecodeError",
            written=False,
        )
        for method in (HEALTH, ACTIONS, "GetBlockStatusResponse", "GetTrainingStatusResponse")
        for hexadecimal, name in broken.items()
    ]
    unpacked = {
        "indices that aren't packed": ("0801080310021004", (1, 3), (2, 4)),
        "packed in two parts": ("0a01010a0103", (1, 3), ()),
        "empty and packed": ("0a001200", (), ()),
        "indices that are too long for 32 bits": ("0a06808080801001", (0, 1), ()),
    }
    cases += [
        MessageCase(
            method="GetBlockStatusResponse",
            name=f"read: {name}",
            hex=hexadecimal,
            fields={"blocked_indices": blocked, "unblocked_indices": unblocked},
            written=False,
        )
        for name, (hexadecimal, blocked, unblocked) in unpacked.items()
    ]
    return cases
