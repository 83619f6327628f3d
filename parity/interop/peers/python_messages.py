"""Messages as fields, bytes and text, as Python's protobuf reads and writes them."""

from __future__ import annotations

from typing import Any, Final

from google.protobuf import descriptor_pool, message_factory, text_format
from google.protobuf.message import DecodeError, Message

from monolith_hooks import controller_hooks_pb2, logging_ops_pb2
from monolith_hooks.server import service_pb2
from parity.interop.peers.peer import PeerError
from parity.spec.interop import Decoded, Encoded, Fields

_SHOWN_AS_TEXT: Final = (
    logging_ops_pb2.MachineHealthResult.DESCRIPTOR.full_name,
    controller_hooks_pb2.ControllerHooksProto.DESCRIPTOR.full_name,
)
assert service_pb2.DESCRIPTOR  # Imported so that its messages can be found by name.


def encode(message: str, fields: Fields) -> Encoded:
    """Write a message.

    Raises:
        PeerError: There is no such message, field or value.
    """
    try:
        written = _class_of(message)(**{k: v for k, v in fields.items() if v is not None})
    except (ValueError, TypeError) as error:
        raise PeerError(f"python: {message}: {error}") from None
    return Encoded(hex=written.SerializeToString().hex(), text=_text(written))


def decode(message: str, hex: str) -> Decoded:  # noqa: A002 - the protocol's own name
    """Read a message.

    Raises:
        PeerError: There is no such message.
    """
    read = _class_of(message)()
    try:
        read.ParseFromString(bytes.fromhex(hex))
    except DecodeError:
        return Decoded(error="DecodeError")
    fields = {field.name: _value(read, field) for field in read.DESCRIPTOR.fields}
    return Decoded(fields=fields, text=_text(read))


def _class_of(message: str) -> type[Message]:
    try:
        descriptor = descriptor_pool.Default().FindMessageTypeByName(message)
    except KeyError:
        raise PeerError(f"python: there is no message {message!r}") from None
    return message_factory.GetMessageClass(descriptor)


def _value(message: Message, field: Any) -> Any:
    if field.has_presence and not message.HasField(field.name):
        return None
    value = getattr(message, field.name)
    return value if isinstance(value, int | str) else tuple(value)


def _text(message: Message) -> str | None:
    if message.DESCRIPTOR.full_name not in _SHOWN_AS_TEXT:
        return None
    return text_format.MessageToString(message, as_one_line=True)
