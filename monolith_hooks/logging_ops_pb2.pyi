from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MachineHealthResult(_message.Message):
    __slots__ = ("status", "message")
    class MachineHealthStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        OK: _ClassVar[MachineHealthResult.MachineHealthStatus]
        OUT_OF_MEMORY: _ClassVar[MachineHealthResult.MachineHealthStatus]
    OK: MachineHealthResult.MachineHealthStatus
    OUT_OF_MEMORY: MachineHealthResult.MachineHealthStatus
    STATUS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    status: MachineHealthResult.MachineHealthStatus
    message: str
    def __init__(self, status: _Optional[_Union[MachineHealthResult.MachineHealthStatus, str]] = ..., message: _Optional[str] = ...) -> None: ...
