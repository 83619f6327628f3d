"""The protobuf message MachineHealthResult, read by hand."""

from dataclasses import dataclass

STATUSES = {0: "OK", 1: "OUT_OF_MEMORY"}
ESCAPED = {"\n": r"\n", "\r": r"\r", "\t": r"\t", '"': r"\"", "'": r"\'", "\\": r"\\"}


class DecodeError(Exception):
    """The bytes are no such message."""


@dataclass
class HealthResult:
    """What is known of a parameter server that isn't healthy; None is unset."""

    status: str | None = None
    message: str | None = None

    def __str__(self):
        """Protobuf's text format on a single line."""
        fields = []
        if self.status is not None:
            fields.append(f"status: {self.status}")
        if self.message is not None:
            fields.append(f'message: "{"".join(map(escaped, self.message))}"')
        return " ".join(fields)


def escaped(character):
    """Return a character as the text format has it."""
    if character < " " or character == "\x7f":
        return ESCAPED.get(character, f"\\{ord(character):03o}")
    return ESCAPED.get(character, character)


def parse(data):
    """Parse a message; other fields, and known ones of another type, are passed over."""
    result, at = HealthResult(), 0
    try:
        while at < len(data):
            key, at = varint(data, at)
            field, wire_type = key >> 3, key & 7
            if field == 0 or wire_type not in (0, 1, 2, 5):
                raise DecodeError("Error parsing message")
            if wire_type == 0:
                value, at = varint(data, at)
                if field == 1 and value in STATUSES:
                    result.status = STATUSES[value]
                continue
            size = {1: 8, 5: 4}.get(wire_type)
            if size is None:
                size, at = varint(data, at)
            taken, at = data[at : at + size], at + size
            if at > len(data):
                raise DecodeError("Error parsing message")
            if field == 2 and wire_type == 2:
                result.message = taken.decode("utf-8", "replace")
    except IndexError:
        raise DecodeError("Error parsing message") from None
    return result


def varint(data, at):
    """Return a number and the place behind it."""
    value = 0
    for shift in range(0, 64, 7):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise DecodeError("Error parsing message")
